"""The command line's tests use the evening that the study's tests use."""

from __future__ import annotations

from tests.study.conftest import uninterrupted

__all__ = ["uninterrupted"]
