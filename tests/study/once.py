"""Something costly that all test processes of one run share: made once, under a lock, kept in the run's own folder."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.study.evenings import SHORT_OPTIONS

COMMAND = str(Path(sys.executable).with_name("linkbox"))


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name``, filled by ``make`` in whichever test process comes first."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def linkbox(*arguments: str | Path, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    command = [COMMAND, *map(str, arguments)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "COLUMNS": "100", "TERM": "dumb"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


def run_short_evening(folder: Path) -> None:
    """The short evening by the command line: ``evening/``, ``result.json`` and what it printed, ``output.txt``."""
    done = linkbox("demo", *SHORT_OPTIONS, "--out", folder / "evening", "--json", folder / "result.json")
    assert done.returncode == 0, done.stderr
    (folder / "output.txt").write_text(done.stdout, "utf-8")
