"""A checkpoint is a signature over the audit chain's head: without the key nobody can rewrite what is before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from linkbox.base.time import format_utc, parse_utc
from linkbox.records.canonical import canonical_json
from linkbox.records.chain import ChainHead, NotARecord

Sign: TypeAlias = Callable[[bytes], bytes]
"""Signs a message; the key stays behind it."""
Check: TypeAlias = Callable[[bytes, bytes], bool]
"""``(message, signature) -> is it good``; never raises for a bad signature."""

CHECKPOINT_START = b'{"checkpoint":'


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Says that record ``seq`` had ``digest`` at the time ``at``. ``key_id`` names the signing key."""

    seq: int
    digest: str
    at: datetime
    key_id: str
    signature: bytes

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return _signed_bytes(self.seq, self.digest, self.at, self.key_id)

    def line(self) -> bytes:
        """One line of JSON Lines, without the line end."""
        return canonical_json(
            {
                "checkpoint": {
                    "at": format_utc(self.at),
                    "digest": self.digest,
                    "key_id": self.key_id,
                    "seq": self.seq,
                    "signature": self.signature.hex(),
                }
            }
        )

    @classmethod
    def from_line(cls, line: bytes) -> Checkpoint:
        """Read a line that ``line()`` wrote; raise NotARecord for anything else."""
        try:
            inner = json.loads(line)["checkpoint"]
            checkpoint = cls(
                seq=inner["seq"],
                digest=inner["digest"],
                at=parse_utc(inner["at"]),
                key_id=inner["key_id"],
                signature=bytes.fromhex(inner["signature"]),
            )
            same = checkpoint.line() == line
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotARecord(line, f"checkpoint: {type(error).__name__}: {error}") from error
        if not same:
            raise NotARecord(line, "checkpoint: must be in canonical form, byte for byte")
        return checkpoint


def make_checkpoint(head: ChainHead, *, at: datetime, key_id: str, sign: Sign) -> Checkpoint:
    """Sign the head of a chain that holds at least one record (ValueError otherwise)."""
    if head.seq < 1:
        raise ValueError("an empty chain has nothing to sign")
    at = parse_utc(format_utc(at))
    signature = sign(_signed_bytes(head.seq, head.digest, at, key_id))
    return Checkpoint(seq=head.seq, digest=head.digest, at=at, key_id=key_id, signature=signature)


def _signed_bytes(seq: int, digest: str, at: datetime, key_id: str) -> bytes:
    return canonical_json(
        {"at": format_utc(at), "digest": digest, "key_id": key_id, "seq": seq, "type": "linkbox-checkpoint-1"}
    )
