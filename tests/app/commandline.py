"""The command line in this process: what it printed, what it complained about, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from linkbox.app.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of one call."""

    code: int
    out: str
    error: str


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Said:
    """``linkbox ARGUMENTS``; any exception that is not an exit is a traceback for the user, and fails the test."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    code = exit_.value.code
    assert isinstance(code, int)
    return Said(code=code, out=printed.out, error=printed.err)
