"""Secrets of a service by name: ``env:VARIABLE`` or ``file:PATH``. They are read once, and shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue

LEAST_OCTETS = 32


def secret(name: str, folder: Path, *, where: str, least: int = 1) -> bytes:
    """The secret; raise InvalidInput, naming where it is asked for, where it is not there or shorter than ``least``."""
    kind, _, place = name.partition(":")
    if kind == "env":
        octets = os.environ.get(place, "").encode()
    else:
        try:
            octets = (folder / place).read_bytes().strip()
        except OSError as error:
            rule = f"can not be read: {error.strerror}"
            raise InvalidInput("secret", [Issue(where=where, value=name, rule=rule)]) from error
    if not octets:
        raise InvalidInput("secret", [Issue(where=where, value=name, rule="must be set, and not be empty")])
    if len(octets) < least:
        raise InvalidInput("secret", [Issue(where=where, value=name, rule=f"must have {least} octets at least")])
    return octets
