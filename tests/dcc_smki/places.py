"""Where the reference vectors lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("LINKBOX_VECTORS", PROJECT.parent / "shared" / "vectors"))


def vectors(folder: str) -> Path:
    """The folder of reference vectors; skip the test where it is absent."""
    if not (VECTORS / folder).is_dir():
        pytest.skip(f"reference vectors are absent: no folder {VECTORS / folder} (set LINKBOX_VECTORS)")
    return VECTORS / folder
