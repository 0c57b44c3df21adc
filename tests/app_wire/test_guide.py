"""docs/how-to/wire-command-line.md does what it says."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs.guides import DOCS, blocks, run_page

GUIDE = DOCS / "how-to" / "wire-command-line.md"
PORTS = ("8078", "8079", "8080", "8083")


def free_ports(count: int) -> list[str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide posts with curl, which is not installed")
def test_everything_in_the_guide_runs_and_prints_what_it_shows(tmp_path: Path) -> None:
    text = GUIDE.read_text("utf-8")
    for port, free in zip(PORTS, free_ports(len(PORTS)), strict=True):
        text = text.replace(port, free)
    page = tmp_path / "guide.md"
    page.write_text(text, "utf-8")
    folder = tmp_path / "run"
    folder.mkdir()
    assert blocks(page)
    try:
        run_page(page, folder)
    finally:
        for file in folder.glob("*.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGTERM)
