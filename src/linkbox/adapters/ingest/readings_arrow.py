"""Readings as Arrow: IPC streams over the wire, IPC files and Parquet for replay. Needs the extra ``arrow``.

The schema is told by the metadata ``linkbox.schema``. Feeders come by ``feeder_id`` (text, best dictionary-encoded), or
by ``feeder_index`` (int32), the rows of a fleet that sender and receiver share: then ``linkbox.fleet`` must be the
digest of its ids, so that no list of yesterday is taken for today's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet
from numpy.typing import NDArray

from linkbox.adapters.ingest.readings_json import MAX_ROWS, SCHEMA
from linkbox.adapters.ingest.readings_table import NUMBERS, batch_of, missing_and_foreign
from linkbox.base.errors import Issue
from linkbox.grid.telemetry import FeederIndex, ReadingBatch
from linkbox.operation.ingest import Decoded

_SCHEMA_KEY, _FLEET_KEY = b"linkbox.schema", b"linkbox.fleet"
_UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, ArithmeticError, MemoryError, NotImplementedError)
"""What pyarrow raises for bytes that are no Arrow, cut short, or damaged."""


def decode_arrow(body: bytes, index: FeederIndex, received_ms: int) -> Decoded:
    """An IPC stream of one or more record batches."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
            table = _limited(reader)
        return _decoded(table, index, received_ms)
    except _UNREADABLE as error:
        return (_unreadable(f"{len(body)} bytes", "an Arrow IPC stream", error),)


def read_arrow_file(path: Path, index: FeederIndex) -> Decoded:
    """An IPC file, or a stream that was written to one. Each reading counts as received at its own time."""
    try:
        with pa.memory_map(str(path)) as source:
            try:
                table = pa.ipc.open_file(source).read_all()
            except pa.ArrowInvalid:
                source.seek(0)
                table = pa.ipc.open_stream(source).read_all()
            return _decoded(table, index, None)
    except _UNREADABLE as error:
        return (_unreadable(path.name, "an Arrow IPC file", error),)


def read_parquet_file(path: Path, index: FeederIndex) -> Decoded:
    """A Parquet file. Each reading counts as received at its own time."""
    try:
        return _decoded(pa.parquet.read_table(path), index, None)
    except _UNREADABLE as error:
        return (_unreadable(path.name, "a Parquet file", error),)


def arrow_table(batch: ReadingBatch, index: FeederIndex, *, by_name: bool = True) -> Any:
    """The batch as a pyarrow Table of this schema: what a concentrator sends. Unknown feeders can not be written.

    Raises ValueError for one of those.
    """
    if len(batch) and int(batch.feeder.min()) < 0:
        raise ValueError("a reading of an unknown feeder has no name to be written by")
    columns: dict[str, Any] = {}
    if by_name:
        used, codes = np.unique(batch.feeder, return_inverse=True)
        names = pa.array([index.ids[row] for row in used.tolist()], type=pa.string())
        columns["feeder_id"] = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names)
    else:
        columns["feeder_index"] = pa.array(batch.feeder)
    columns["at"] = pa.array(batch.at_ms).cast(pa.timestamp("ms", tz="UTC"))
    columns["window_s"] = pa.array(batch.window_s)
    for prefix, unit, values in (
        ("", "a", batch.current_a),
        ("transformer_", "a", batch.transformer_current_a),
        ("", "v", batch.voltage_v),
    ):
        if (prefix or unit == "v") and np.isnan(values).all():
            continue
        for phase in range(3):
            columns[f"{prefix}l{phase + 1}_{unit}"] = pa.array(values[:, phase])
    metadata = {_SCHEMA_KEY: SCHEMA.encode(), _FLEET_KEY: index.digest.encode()}
    return pa.table(columns).replace_schema_metadata(metadata)


def encode_arrow(batch: ReadingBatch, index: FeederIndex, *, by_name: bool = True) -> bytes:
    """The batch as an IPC stream."""
    table = arrow_table(batch, index, by_name=by_name)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _limited(reader: Any) -> Any:
    """All record batches, or as many as show that there are too many."""
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > MAX_ROWS:
            break
    return pa.Table.from_batches(batches, reader.schema)


def _decoded(table: Any, index: FeederIndex, received_ms: int | None) -> Decoded:
    table.validate(full=True)
    issues = _schema_issues(table, index, limited=received_ms is not None)
    if issues:
        return tuple(issues)
    numbers = {name: _numbers(table.column(name)) for name in NUMBERS if name in table.column_names}
    return batch_of(_feeders(table, index), _times(table.column("at")), numbers, received_ms)


def _schema_issues(table: Any, index: FeederIndex, *, limited: bool) -> list[Issue]:
    told = table.schema.metadata or {}
    schema = told.get(_SCHEMA_KEY, b"").decode("utf-8", "replace")
    if schema != SCHEMA:
        return [Issue(where="metadata linkbox.schema", value=schema[:40], rule=f"must be {SCHEMA}")]
    names = table.column_names
    issues = missing_and_foreign(names)
    types = {field.name: field.type for field in table.schema}
    if "feeder_index" in types and told.get(_FLEET_KEY) != index.digest.encode():
        rule = f"must be {index.digest}, the fleet's digest, where feeders come by index"
        issues.append(Issue(where="metadata linkbox.fleet", value=repr(told.get(_FLEET_KEY))[:40], rule=rule))
    if limited and table.num_rows > MAX_ROWS:
        issues.append(Issue(where="message", value=f"{table.num_rows} rows", rule=f"must have at most {MAX_ROWS}"))
    for name, kind in types.items():
        wrong = _type_rule(name, kind)
        if wrong is not None:
            issues.append(Issue(where=name[:40], value=str(kind)[:40], rule=wrong))
        elif name in ("feeder_id", "feeder_index", "at") and table.column(name).null_count:
            issues.append(Issue(where=name, value="null", rule="must be there in every row"))
    return issues


def _type_rule(name: str, kind: Any) -> str | None:
    if name == "feeder_id":
        text = kind.value_type if pa.types.is_dictionary(kind) else kind
        known = pa.types.is_string(text) or pa.types.is_large_string(text)
        return None if known else "must be text, or text in a dictionary"
    if name == "feeder_index":
        return None if pa.types.is_int32(kind) else "must be int32"
    if name == "at":
        known = pa.types.is_timestamp(kind) and kind.tz in ("UTC", "+00:00", "Etc/UTC")
        return None if known or pa.types.is_int64(kind) else "must be a timestamp in UTC, or int64 ms since 1970"
    if name in NUMBERS:
        known = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        return None if known else "must be a number"
    return None


def _feeders(table: Any, index: FeederIndex) -> NDArray[np.int32]:
    if "feeder_index" in table.column_names:
        rows = table.column("feeder_index").to_numpy()
        return np.where((rows >= 0) & (rows < len(index)), rows, -1).astype(np.int32)
    chunks = [np.zeros(0, dtype=np.int32)]
    for chunk in pc.dictionary_encode(table.column("feeder_id")).chunks:
        names = index.rows(chunk.dictionary.to_pylist())
        chunks.append(names[chunk.indices.to_numpy()])
    return np.concatenate(chunks)


def _times(column: Any) -> NDArray[np.int64]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz="UTC"), safe=False).cast(pa.int64())
    return np.array(column.to_numpy(), dtype=np.int64)


def _numbers(column: Any) -> NDArray[np.float64]:
    """As float64; null is NaN: missing."""
    return np.array(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _unreadable(value: str, what: str, error: BaseException) -> Issue:
    return Issue(where="message", value=value, rule=f"must be {what}: {type(error).__name__}")
