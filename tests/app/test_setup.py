"""scripts/setup.sh, with which `make demo` and `make test` begin: it installs once, and again only when it must."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the same shape, whose virtual environment only writes down what it is asked to do."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts" / "setup.sh")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements").mkdir()
    for name in ("runtime", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$*" >> "$(dirname "$0")/asked"\nexit "${STUB_EXIT:-0}"\n')
    python.chmod(0o755)
    return tmp_path


def set_up(project: Path, want: str, **environment: str) -> tuple[int, str, str, int]:
    """Exit code, output, errors, and how often pip was asked for anything."""
    asked = project / ".venv" / "bin" / "asked"
    asked.unlink(missing_ok=True)
    done = subprocess.run(
        [project / "scripts" / "setup.sh", want],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    calls = asked.read_text().splitlines() if asked.exists() else []
    return done.returncode, done.stdout, done.stderr, len(calls)


def test_second_set_up_returns_at_once_and_in_silence(project: Path) -> None:
    code, out, _, calls = set_up(project, "runtime")
    assert (code, calls > 0) == (0, True)
    assert "installing locked dependencies" in out
    assert set_up(project, "runtime") == (0, "", "", 0)


def test_development_set_up_is_enough_for_running(project: Path) -> None:
    assert set_up(project, "dev")[0] == 0
    assert set_up(project, "runtime") == (0, "", "", 0)
    assert set_up(project, "dev") == (0, "", "", 0)


def test_changed_requirements_are_installed_anew(project: Path) -> None:
    set_up(project, "runtime")
    (project / "requirements" / "runtime.txt").write_text("# other\n")
    assert set_up(project, "runtime")[3] > 0
    assert set_up(project, "runtime") == (0, "", "", 0)


def test_failed_installation_is_told_in_one_line_and_tried_again(project: Path) -> None:
    code, _, error, _ = set_up(project, "runtime", STUB_EXIT="1")
    assert code == 1
    assert len(error.splitlines()) == 1
    assert error.startswith("setup: could not install requirements/runtime.txt")
    assert "offline, or a package is missing" in error
    assert set_up(project, "runtime")[3] > 0
