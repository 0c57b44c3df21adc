"""Key files of the market's participants: a seed in hexadecimal, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from linkbox.adapters.market_uftp import public_text, signing_key
from linkbox.adapters.market_uftp.keys import SEED_BYTES, SigningKey
from linkbox.base.errors import InvalidInput, Issue


def make_key(file: Path) -> str:
    """Write a new seed, readable by its owner only; the public key as text."""
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        rule = f"can not be written: {error.strerror}"
        raise InvalidInput("market key", [Issue(where=str(file), value=file.name, rule=rule)]) from error
    with os.fdopen(handle, "w") as out:
        out.write(seed.hex() + "\n")
    return public_text(signing_key(seed))


def read_key(file: Path) -> SigningKey:
    """The key that make_key wrote; raise InvalidInput for anything else."""
    try:
        return signing_key(bytes.fromhex(file.read_text("ascii").strip()))
    except (OSError, ValueError) as error:
        rule = "must be a key made by 'linkbox market key'"
        raise InvalidInput("key", [Issue(where=str(file), value=file.name, rule=rule)]) from error
