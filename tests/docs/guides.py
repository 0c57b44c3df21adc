"""Runs a page of the documentation as a reader would: its console blocks in a shell, its Python blocks in one session.

Console blocks hold commands (lines that begin with ``$``; a backslash at the end continues) and, below a command, what
it prints: ``...`` stands for anything, and where nothing is shown nothing is compared. A command must succeed. What
would take long is made short: a demo without ``--hours`` gets few of them, and ``--speed`` does not slow it down.
Set-up (``make``) is only asked what it would do. What needs the ENWL archive is left out where that is not there.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BRIEF = "--hours 0.2"
WITH_INTERVENTION = "--starts 00:00 --hours 1.5"
ENWL = Path(os.environ.get("LINKBOX_DATA", ROOT.parent / "shared" / "data")) / "enwl-lvns.tar.xz"
_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MATCH = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block, and what the page says that it prints ("": nothing is said)."""

    line: str
    output: str


def blocks(page: Path) -> list[tuple[str, str]]:
    """The (kind, text) of the console and Python blocks of a page, in order."""
    return _BLOCK.findall(page.read_text("utf-8"))


def commands(text: str) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], ""))
        else:
            found[-1] = Command(found[-1].line, f"{found[-1].output}{line}\n")
    return found


def shortened(line: str, evening: str = BRIEF) -> str:
    """The command as the test runs it: with the options ``evening`` where the page has a whole night. BRIEF makes
    every evening brief."""
    line = re.sub(r"--speed \S+", "--speed 0", line)
    line = re.sub(r"^make (?!-)", "make -n ", line)
    if evening == BRIEF:
        line = re.sub(r"--hours \S+", BRIEF, line)
    if re.match(r"linkbox demo\b", line) and "--hours" not in line and "--resume" not in line:
        line = line.replace("linkbox demo", f"linkbox demo {evening}", 1)
    return line


def run_page(page: Path, folder: Path, evening: str = BRIEF) -> None:
    """Run everything on a page in ``folder``, nights as short as ``evening``.

    Raise AssertionError with command and output where anything fails or prints something else.
    """
    for name in ("Makefile", "docs", "src", "scripts", ".venv"):
        (folder / name).symlink_to(ROOT / name)
    names: dict[str, Any] = {}
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, str(page), "exec"), names)  # noqa: S102 - the page's own example
        else:
            for command in commands(text):
                if "$ENWL" not in command.line or ENWL.exists():
                    check(command, shell(shortened(command.line, evening), folder))


def shell(line: str, folder: Path) -> str:
    """Run one command line; what it printed. Raise AssertionError where it fails."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100", "ENWL": str(ENWL)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}"
    return done.stdout


def check(command: Command, printed: str) -> None:
    """Compare with what the page shows, if it shows anything."""
    if command.output:
        same = doctest.OutputChecker().check_output(command.output, printed, _MATCH)
        assert same, f"$ {command.line}\nthe page shows:\n{command.output}\nbut it printed:\n{printed}"
