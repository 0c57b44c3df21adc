"""What is remembered of every feeder's readings, as columns; the memory of the checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.errors import SnapshotMismatch

NEVER_MS = np.iinfo(np.int64).min
_MAGIC = b"linkbox tracks 1\n"
_DIGEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Arrays over the fleet, read-only.

    ``at_ms`` (n,) int64: the last accepted reading, NEVER_MS before the first; ``current_a`` (n, 3) float32: its
    values; ``window_s`` (n,) float32: its averaging window; ``repeats`` (n,) int32: how often they came again;
    ``delay_s`` (n,) float32: the shortest time that a recent reading took to arrive, and ``delays`` (n,) uint8: of how
    many (up to 255); ``usual_a`` (n, 3) float32: the slow mean per phase, NaN before the first; ``swaps`` (n,) int32:
    consecutive readings whose phases fit it better in another order.
    """

    at_ms: NDArray[np.int64]
    current_a: NDArray[np.float32]
    window_s: NDArray[np.float32]
    repeats: NDArray[np.int32]
    delay_s: NDArray[np.float32]
    delays: NDArray[np.uint8]
    usual_a: NDArray[np.float32]
    swaps: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Close the arrays to writing."""
        for field in fields(self):
            getattr(self, field.name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.at_ms)


def no_tracks(feeders: int) -> Tracks:
    """Before the first reading of a fleet."""
    return Tracks(
        at_ms=np.full(feeders, NEVER_MS, dtype=np.int64),
        current_a=np.full((feeders, 3), np.nan, dtype=np.float32),
        window_s=np.zeros(feeders, dtype=np.float32),
        repeats=np.zeros(feeders, dtype=np.int32),
        delay_s=np.full(feeders, np.inf, dtype=np.float32),
        delays=np.zeros(feeders, dtype=np.uint8),
        usual_a=np.full((feeders, 3), np.nan, dtype=np.float32),
        swaps=np.zeros(feeders, dtype=np.int32),
    )


def tracks_to_bytes(tracks: Tracks) -> bytes:
    """Every array bit for bit, little-endian, with its own SHA-256; the same tracks give the same bytes."""
    body = b"".join(_little(getattr(tracks, field.name)) for field in fields(Tracks))
    whole = _MAGIC + len(tracks).to_bytes(8, "big") + body
    return whole + hashlib.sha256(whole).digest()


def tracks_from_bytes(data: bytes, feeders: int) -> Tracks:
    """The tracks that ``tracks_to_bytes`` wrote. Raises SnapshotMismatch for altered bytes, or another fleet."""
    whole, digest = data[:-_DIGEST], data[-_DIGEST:]
    if not data.startswith(_MAGIC) or hashlib.sha256(whole).digest() != digest:
        raise SnapshotMismatch("must start with its magic and end with its own SHA-256", digest.hex())
    start = len(_MAGIC) + 8
    count = int.from_bytes(whole[len(_MAGIC) : start], "big")
    if count != feeders:
        raise SnapshotMismatch(f"must be of {feeders} feeders", str(count))
    arrays = {}
    for field in fields(Tracks):
        like = getattr(no_tracks(0), field.name)
        shape = (count, *like.shape[1:])
        size = int(np.prod(shape, dtype=np.int64))
        kind = like.dtype.newbyteorder("<")
        arrays[field.name] = np.frombuffer(whole, kind, size, start).reshape(shape).astype(like.dtype)
        start += size * like.dtype.itemsize
    return Tracks(**arrays)


def _little(array: NDArray[np.generic]) -> bytes:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
