"""One snapshot in a file: replaced as a whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def save_snapshot(path: Path, data: bytes) -> None:
    """Replace the file's content; a crash at any moment leaves the old or the new one."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load_snapshot(path: Path) -> bytes | None:
    """What was saved last; None where nothing was."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
