"""The columns of a fleet's state as bytes and back, exactly: in the form of ``snapshot``, with the same digest."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import parse_utc
from linkbox.grid.columns import FleetColumns
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.hot import HotState
from linkbox.grid.profile import BINS
from linkbox.grid.snapshot import packed, unpacked

MAGIC = b"linkbox columns 1\n"


def to_bytes(state: HotState, columns: FleetColumns) -> bytes:
    """The snapshot of ``state``. The same state gives the same bytes."""
    arrays = {f.name: a for f in fields(state) if isinstance(a := getattr(state, f.name), np.ndarray)}
    arrays |= {f"bin.{slot}": values for slot, values in enumerate(state.bins) if values is not None}
    header = {
        "at": state.at.isoformat(),
        "fleet": fingerprint(columns),
        "slot": state.slot,
        "ambient_degc": state.ambient_degc,
    }
    return packed(MAGIC, header, arrays)


def from_bytes(columns: FleetColumns, data: bytes) -> HotState:
    """The state that ``to_bytes`` stored. Raises SnapshotMismatch for altered bytes, or another fleet or model."""
    header, arrays = unpacked(MAGIC, data)
    if header["fleet"] != (expected := fingerprint(columns)):
        raise SnapshotMismatch(f"must be of the fleet {expected}", str(header["fleet"]))
    bins: list[NDArray[np.float32] | None] = [arrays.pop(f"bin.{slot}", None) for slot in range(2 * BINS)]
    known: dict[str, Any] = dict(arrays)
    return HotState(
        at=parse_utc(header["at"]), slot=header["slot"], ambient_degc=header["ambient_degc"], bins=bins, **known
    )


def fingerprint(columns: FleetColumns) -> str:
    """Which feeders of which types on which transformers, and which forecast model: 16 hex digits."""
    digest = hashlib.sha256("\n".join(columns.ids).encode())
    for column in (columns.fuse_type, columns.cable_type, columns.bank, columns.bank_type):
        digest.update(np.ascontiguousarray(column).tobytes())
    digest.update(repr((columns.fuses, columns.cables, columns.transformers, tuple(columns.substations))).encode())
    digest.update(columns.model.identity)
    return digest.hexdigest()[:16]
