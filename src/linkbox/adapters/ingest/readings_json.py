"""Readings as JSON: single ones from simple monitors, columns from concentrators. Decoded with msgspec.

Fields and units are those of docs/reference/reading-formats.md. A missing phase is ``null``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from linkbox.base.errors import Issue
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, milliseconds, readings
from linkbox.grid.telemetry.batch import EARLIEST_MS, LATEST_MS, LONGEST_WINDOW_S
from linkbox.grid.thermal import Floats
from linkbox.operation.ingest import Decoded

SCHEMA = "linkbox.readings.1"
MAX_ROWS = 1_000_000
_NONE = (None, None, None)

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Window = Annotated[float, Meta(ge=0.0, le=LONGEST_WINDOW_S)]
Moment = Annotated[datetime, Meta(tz=True)]
Milliseconds = Annotated[int, Meta(ge=EARLIEST_MS, le=LATEST_MS)]
Value = float | None
Triple = tuple[Value, Value, Value]
Column = Annotated[list[Value], Meta(max_length=MAX_ROWS)]


class SingleReading(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One reading of one feeder."""

    feeder_id: Name
    at: Moment
    current_a: Triple
    transformer_current_a: Triple | None = None
    voltage_v: Triple | None = None
    window_s: Window = 60.0


class ReadingColumns(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Many readings, one list for each quantity. Lists that are given have the same length."""

    schema: str
    feeder_id: Annotated[list[Name], Meta(max_length=MAX_ROWS)]
    l1_a: Column
    l2_a: Column
    l3_a: Column
    at_ms: Annotated[list[Milliseconds], Meta(max_length=MAX_ROWS)] | None = None
    at: Annotated[list[Moment], Meta(max_length=MAX_ROWS)] | None = None
    window_s: Window | Annotated[list[Window], Meta(max_length=MAX_ROWS)] = 60.0
    transformer_l1_a: Column | None = None
    transformer_l2_a: Column | None = None
    transformer_l3_a: Column | None = None
    l1_v: Column | None = None
    l2_v: Column | None = None
    l3_v: Column | None = None


_Message = TypeVar("_Message")
_SINGLE = msgspec.json.Decoder(SingleReading)
_LISTED = msgspec.json.Decoder(Annotated[list[SingleReading], Meta(max_length=MAX_ROWS)])
_COLUMNS = msgspec.json.Decoder(ReadingColumns)


def decode_reading(body: bytes, index: FeederIndex, received_ms: int) -> Decoded:
    """One reading as an object, or several as a list."""
    if body.lstrip()[:1] == b"[":
        listed = _parsed(_LISTED, body)
    else:
        single = _parsed(_SINGLE, body)
        listed = (single,) if isinstance(single, Issue) else [single]
    if isinstance(listed, Issue):
        return (listed,)
    if isinstance(listed, tuple):
        return listed
    return _batch_of(listed, index, received_ms)


def decode_columns(body: bytes, index: FeederIndex, received_ms: int) -> Decoded:
    """Columns as lists."""
    given = _parsed(_COLUMNS, body)
    if isinstance(given, Issue):
        return (given,)
    issues = _issues(given)
    if issues:
        return issues
    n = len(given.feeder_id)
    return readings(
        feeder=index.rows(given.feeder_id),
        at_ms=_times(given),
        window_s=given.window_s if isinstance(given.window_s, float) else np.array(given.window_s, dtype=np.float64),
        current_a=_stacked(n, (given.l1_a, given.l2_a, given.l3_a)),
        transformer_current_a=_optional(n, (given.transformer_l1_a, given.transformer_l2_a, given.transformer_l3_a)),
        voltage_v=_optional(n, (given.l1_v, given.l2_v, given.l3_v)),
        received_ms=received_ms,
    )


def _parsed(decoder: msgspec.json.Decoder[_Message], body: bytes) -> _Message | Issue:
    """The message as it is declared, or the first thing that is wrong; nothing of what it said is repeated."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        return Issue(where="message", value=f"{len(body)} bytes", rule=str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Issue(where="message", value=f"{len(body)} bytes", rule=f"must be JSON in UTF-8: {type(error).__name__}")


def _batch_of(listed: Sequence[SingleReading], index: FeederIndex, received_ms: int) -> ReadingBatch:
    n = len(listed)
    measured = any(r.transformer_current_a is not None for r in listed)
    voltages = any(r.voltage_v is not None for r in listed)
    return readings(
        feeder=index.rows(r.feeder_id for r in listed),
        at_ms=np.array([milliseconds(r.at) for r in listed], dtype=np.int64),
        window_s=np.array([r.window_s for r in listed], dtype=np.float64),
        current_a=np.array([r.current_a for r in listed], dtype=np.float64).reshape(n, 3),
        transformer_current_a=_triples([r.transformer_current_a or _NONE for r in listed]) if measured else None,
        voltage_v=_triples([r.voltage_v or _NONE for r in listed]) if voltages else None,
        received_ms=received_ms,
    )


def _triples(values: list[Triple]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(len(values), 3)


def _issues(given: ReadingColumns) -> tuple[Issue, ...]:
    """What the declaration can not say."""
    issues = []
    if given.schema != SCHEMA:
        issues.append(Issue(where="schema", value=given.schema[:40], rule=f"must be {SCHEMA}"))
    if (given.at_ms is None) == (given.at is None):
        issues.append(Issue(where="at", value="at, at_ms", rule="exactly one of the two must be given"))
    n = len(given.feeder_id)
    for name in given.__struct_fields__:
        column = getattr(given, name)
        if isinstance(column, list) and len(column) != n:
            issues.append(Issue(where=name, value=f"{len(column)} values", rule=f"must have {n}, as feeder_id has"))
    for names in (("transformer_l1_a", "transformer_l2_a", "transformer_l3_a"), ("l1_v", "l2_v", "l3_v")):
        there = [name for name in names if getattr(given, name) is not None]
        if 0 < len(there) < len(names):
            rule = "all three phases must be given, or none"
            issues.append(Issue(where=names[0][:-4] or names[0], value=", ".join(there), rule=rule))
    return tuple(issues)


def _times(given: ReadingColumns) -> NDArray[np.int64]:
    if given.at_ms is not None:
        return np.array(given.at_ms, dtype=np.int64)
    return np.array([milliseconds(at) for at in given.at or ()], dtype=np.int64)


def _stacked(n: int, phases: Sequence[Sequence[Value]]) -> Floats:
    return np.array(phases, dtype=np.float64).reshape(3, n).T.copy()


def _optional(n: int, phases: Sequence[list[Value] | None]) -> Floats | None:
    given = [phase for phase in phases if phase is not None]
    return _stacked(n, given) if len(given) == len(phases) else None
