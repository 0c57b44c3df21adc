"""A fleet's state as bytes and back, exactly: every array bit for bit.

Layout: magic, length of the header, the header as JSON (who, when, which arrays), the arrays little-endian in the order
of the header, and the SHA-256 of all that. Nothing in it depends on the machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import parse_utc
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet, FleetState, frozen
from linkbox.grid.forecast import ForecastState
from linkbox.grid.profile import BINS, Profile

MAGIC = b"linkbox fleet 1\n"
_DIGEST = 32
_LENGTH = 8


def to_bytes(state: FleetState, fleet: Fleet) -> bytes:
    """The snapshot of ``state``. The same state gives the same bytes."""
    arrays: dict[str, NDArray[Any]] = {}
    _gather("", state, arrays)
    _gather("forecast.", state.forecast, arrays)
    _gather("profile.", state.forecast.profile, arrays)
    for slot, values in enumerate(state.forecast.profile.bins):
        if values is not None:
            arrays[f"bin.{slot}"] = values
    for place, values in enumerate(state.forecast.profile.spreads):
        if values is not None:
            arrays[f"spread.{place}"] = values
    header = {
        "at": state.at.isoformat(),
        "fleet": _fingerprint(fleet),
        "slot": state.forecast.profile.slot,
    }
    return packed(MAGIC, header, arrays)


def packed(magic: bytes, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Header and arrays as bytes that say what they are, closed with their digest."""
    listed = [[n, a.dtype.newbyteorder("<").str, list(a.shape)] for n, a in arrays.items()]
    text = json.dumps({**header, "arrays": listed}, sort_keys=True).encode()
    little = (np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")) for a in arrays.values())
    bodies = (a.reshape(-1).view(np.uint8).data for a in little)
    return closed(magic, len(text).to_bytes(_LENGTH, "big"), text, *bodies)


def closed(*parts: bytes | memoryview) -> bytes:
    """The parts one after the other, closed with their SHA-256: written once, for a fleet's are large."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return b"".join([*parts, digest.digest()])


def from_bytes(fleet: Fleet, data: bytes) -> FleetState:
    """The state that ``to_bytes`` stored. Raises SnapshotMismatch for altered bytes, or another fleet or model."""
    header, arrays = unpacked(MAGIC, data)
    if header["fleet"] != (expected := _fingerprint(fleet)):
        raise SnapshotMismatch(f"must be of the fleet {expected}", str(header["fleet"]))
    profile = Profile(
        feeders=len(fleet),
        bins=tuple(arrays.get(f"bin.{slot}") for slot in range(2 * BINS)),
        slot=int(header["slot"]),
        spreads=tuple(arrays.get(f"spread.{n}") for n in range(BINS)) if fleet.model.spread_power > 0.0 else (),
        **_taken("profile.", Profile, arrays),
    )
    forecast = ForecastState(profile=profile, **_taken("forecast.", ForecastState, arrays))
    return frozen(FleetState(at=parse_utc(header["at"]), forecast=forecast, **_taken("", FleetState, arrays)))


def unpacked(magic: bytes, data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What ``packed`` closed. Raises SnapshotMismatch for bytes that are not that."""
    header, body = _opened(magic, data)
    arrays: dict[str, NDArray[Any]] = {}
    start = 0
    for name, kind, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, dtype=kind, count=count, offset=start).reshape(shape).astype(kind[1:])
        start += arrays[name].nbytes
    return header, arrays


def _opened(magic: bytes, data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and body of a snapshot whose digest is right."""
    if not data.startswith(magic):
        raise SnapshotMismatch(f"must start with {magic!r}", repr(data[: len(magic)]))
    whole, digest = memoryview(data)[:-_DIGEST], data[-_DIGEST:]
    if hashlib.sha256(whole).digest() != digest:
        raise SnapshotMismatch("must end with its own SHA-256", digest.hex())
    first = len(magic) + _LENGTH
    length = int.from_bytes(whole[len(magic) : first], "big")
    header: dict[str, Any] = json.loads(bytes(whole[first : first + length]))
    return header, whole[first + length :]


def _gather(prefix: str, value: object, into: dict[str, NDArray[Any]]) -> None:
    if not is_dataclass(value):
        raise TypeError(f"not a dataclass: {value!r}")
    for field in fields(value):
        held = getattr(value, field.name)
        if isinstance(held, np.ndarray):
            into[prefix + field.name] = held


def _taken(prefix: str, kind: type, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {f.name: arrays[prefix + f.name] for f in fields(kind) if prefix + f.name in arrays}


def _fingerprint(fleet: Fleet) -> str:
    """Which feeders with which parameters, and which forecast model: 16 hex digits."""
    digest = hashlib.sha256("\n".join(fleet.ids).encode())
    for part in (fleet.fuse, fleet.cable, fleet.transformer, fleet.neutral):
        for field in fields(part):
            digest.update(np.ascontiguousarray(getattr(part, field.name)).tobytes())
    digest.update(fleet.model.identity)
    return digest.hexdigest()[:16]
