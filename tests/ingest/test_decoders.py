"""Every decoder gives readings or a list of issues, whatever the bytes; and every format says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.ingest.readings_csv import decode_csv, read_csv_file
from linkbox.adapters.ingest.readings_json import decode_columns, decode_reading
from linkbox.base.errors import Issue
from linkbox.base.identifiers import FeederId
from linkbox.grid.telemetry import UNKNOWN, FeederIndex, ReadingBatch
from linkbox.operation.ingest import Decoded, Format
from tests.ingest.samples import INDEX, START_MS, batch, columns, message

pa = pytest.importorskip("pyarrow", reason="needs the extra 'arrow'")
from linkbox.adapters.ingest.readings_arrow import (  # noqa: E402 (after the check that pyarrow is there)
    arrow_table,
    decode_arrow,
    encode_arrow,
    read_arrow_file,
    read_parquet_file,
)

NAN = float("nan")


def good(decoded: Decoded) -> ReadingBatch:
    assert isinstance(decoded, ReadingBatch), decoded
    return decoded


def wrong(decoded: Decoded) -> list[str]:
    """Where the issues are."""
    assert isinstance(decoded, tuple)
    assert decoded
    assert all(isinstance(issue, Issue) for issue in decoded)
    return [issue.where for issue in decoded]


def same(a: ReadingBatch, b: ReadingBatch) -> None:
    for name in ("feeder", "at_ms", "window_s", "current_a", "transformer_current_a", "voltage_v"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def from_columns(**changes: Any) -> Decoded:
    return decode_columns(json.dumps(columns(**changes)).encode(), INDEX, START_MS)


def test_a_single_reading_is_read_with_its_missing_phase_and_its_voltages() -> None:
    body = message("F2", 1.5, (10.0, None, 30), voltage_v=(230.1, 231, None), window_s=600)
    read = good(decode_reading(body, INDEX, 7))
    assert read.feeder.tolist() == [2]
    assert read.at_ms.tolist() == [START_MS + 90_000]
    assert read.window_s.tolist() == [600.0]
    np.testing.assert_array_equal(read.current_a, [[10.0, NAN, 30.0]])
    np.testing.assert_array_equal(read.voltage_v, [[230.1, 231.0, NAN]])
    assert np.isnan(read.transformer_current_a).all()
    assert read.received_ms.tolist() == [7]


def test_a_list_of_readings_is_read_in_its_order_and_unknown_feeders_have_no_row() -> None:
    read = good(decode_reading(b"[" + message("F4") + b"," + message("nobody") + b"]", INDEX, 0))
    assert read.feeder.tolist() == [4, UNKNOWN]
    assert len(good(decode_reading(b"[]", INDEX, 0))) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"12",
        b"[" * 100_000,
        b'{"feeder_id": "F1"}',
        message(current_a=(1.0, 2.0)),
        message(current_a=(1.0, 2.0, "3")),
        message(current_a=(1.0, 2.0, True)),
        message(window_s=-1),
        message(window_s=1e9),
        message(colour="red"),
        message().replace(b"Z", b""),
        message().replace(b"2026-01-13T17", b"2026-13-13T17"),
        message(feeder=""),
        message(feeder="F" * 65),
        b'{"feeder_id": "F1", "at": "2026-01-13T17:00:00Z", "current_a": [NaN, 1, 1]}',
        b'{"feeder_id": "F1", "at": "2026-01-13T17:00:00Z", "current_a": [1e999, 1, 1]}\x00',
    ],
)
def test_a_malformed_reading_is_an_issue_that_does_not_repeat_it(body: bytes) -> None:
    assert wrong(decode_reading(body, INDEX, 0))
    assert wrong(decode_columns(body, INDEX, 0))


def test_columns_are_read_with_times_in_either_form() -> None:
    read = good(from_columns(window_s=[60, 600]))
    assert read.feeder.tolist() == [1, 3]
    np.testing.assert_array_equal(read.current_a, [[1.0, 2.0, 3.0], [4.0, NAN, 6.0]])
    assert read.window_s.tolist() == [60.0, 600.0]
    same(good(from_columns(at_ms=..., at=["2026-01-13T17:00:00Z", "2026-01-13T18:01:00+01:00"])), good(from_columns()))


def test_everything_wrong_with_columns_is_told_at_once() -> None:
    found = wrong(from_columns(schema="mine", at=["2026-01-13T17:00:00Z"] * 2, l3_a=[1.0], l1_v=[230.0, 230.0]))
    assert found == ["schema", "at", "l3_a", "l1_v"]


def test_arrow_by_name_by_index_and_columns_as_json_say_the_same() -> None:
    sent = batch(7)
    named = good(decode_arrow(encode_arrow(sent, INDEX), INDEX, 5))
    numbered = good(decode_arrow(encode_arrow(sent, INDEX, by_name=False), INDEX, 5))
    text = columns(
        feeder_id=[INDEX.ids[row] for row in sent.feeder],
        at_ms=sent.at_ms.tolist(),
        **{f"l{p + 1}_a": sent.current_a[:, p].tolist() for p in range(3)},
    )
    same(named, sent)
    same(numbered, sent)
    same(good(decode_columns(json.dumps(text).encode(), INDEX, 5)), sent)
    assert named.received_ms.tolist() == [5] * 7


def test_an_index_of_another_fleet_is_refused() -> None:
    other = FeederIndex([FeederId("G1"), FeederId("G2")])
    assert wrong(decode_arrow(encode_arrow(batch(), INDEX, by_name=False), other, 0)) == ["metadata linkbox.fleet"]
    assert good(decode_arrow(encode_arrow(batch(), INDEX), other, 0)).feeder.tolist() == [UNKNOWN] * 2


def stream(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def table(drop: tuple[str, ...] = (), **replaced: Any) -> Any:
    """The schema's table, some columns dropped or replaced."""
    whole = arrow_table(batch(), INDEX)
    metadata = whole.schema.metadata
    kept = {name: whole.column(name) for name in whole.column_names if name not in drop}
    return pa.table(kept | replaced).replace_schema_metadata(metadata)


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (table().replace_schema_metadata({}), ["metadata linkbox.schema"]),
        (table(drop=("l2_a", "at")), ["at", "l2_a"]),
        (table(colour=pa.array(["red", "blue"])), ["colour"]),
        (table(l1_a=pa.array(["1", "2"])), ["l1_a"]),
        (table(at=pa.array([1.5, 2.5])), ["at"]),
        (table(at=pa.array([START_MS, None])), ["at"]),
        (table(at=pa.array([2**62, 0])), ["at"]),
        (table(at=pa.array([0, 1], type=pa.timestamp("ms"))), ["at"]),
        (table(feeder_id=pa.array([1, 2])), ["feeder_id"]),
        (table(feeder_id=pa.array(["F1", None])), ["feeder_id"]),
        (table(feeder_index=pa.array([1, 2], type=pa.int32())), ["feeder_index"]),
        (table(l1_v=pa.array([1.0, 2.0])), ["l1_v"]),
    ],
)
def test_an_arrow_batch_of_another_schema_is_refused_with_all_issues(sent: Any, where: list[str]) -> None:
    assert wrong(decode_arrow(stream(sent), INDEX, 0)) == where


def test_arrow_nulls_are_missing_phases_and_whole_numbers_are_amperes() -> None:
    sent = table(l1_a=pa.array([7, None]), at=pa.array([START_MS, START_MS]))
    read = good(decode_arrow(stream(sent), INDEX, 0))
    np.testing.assert_array_equal(read.current_a[:, 0], [7.0, NAN])


@given(st.binary(max_size=400))
def test_no_bytes_make_a_decoder_raise(body: bytes) -> None:
    for decode in decoders().values():
        assert isinstance(decode(body, INDEX, 0), ReadingBatch | tuple)


_STREAM = encode_arrow(batch(4), INDEX)
_JSON = json.dumps(columns(window_s=60.0, l1_v=[230, 230], l2_v=[1, 2], l3_v=[1, 2])).encode()


@given(st.sampled_from(["arrow", "columns", "reading"]), st.data())
def test_damaged_messages_never_make_a_decoder_raise(form: str, data: st.DataObject) -> None:
    whole = {"arrow": _STREAM, "columns": _JSON, "reading": message(voltage_v=(1, 2, 3))}[form]
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))] if data.draw(st.booleans()) else body)
    decoded = decoders()[Format(form)](cut, INDEX, 0)
    assert isinstance(decoded, ReadingBatch | tuple)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(columns())), json_values)
def test_any_json_in_any_place_gives_readings_or_issues(name: str, value: Any) -> None:
    assert isinstance(from_columns(**{name: value}), ReadingBatch | tuple)
    one = json.loads(message()) | {("at" if name == "at_ms" else "current_a"): value}
    assert isinstance(decode_reading(json.dumps(one).encode(), INDEX, 0), ReadingBatch | tuple)


CSV = """feeder_id,at,l1_a,l2_a,l3_a,window_s
F1,2026-01-13T17:00:00Z,1,,3,60
F9,2026-01-13T18:00:30+01:00,4,5,6,600
"""


def test_csv_is_read_with_empty_cells_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(CSV, encoding="utf-8")
    read = good(read_csv_file(path, INDEX))
    assert read.feeder.tolist() == [1, UNKNOWN]
    assert read.at_ms.tolist() == [START_MS, START_MS + 30_000]
    np.testing.assert_array_equal(read.current_a, [[1.0, NAN, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(read.received_ms, read.at_ms)


def test_every_wrong_cell_of_a_csv_file_is_told_with_its_line() -> None:
    text = CSV.replace(",4,5,6,", ",four,5,6,").replace("18:00:30+01:00", "18:00:30") + "F1,today,1,2,3,-1\nF1,2\n"
    found = wrong(decode_csv(text, INDEX, "r.csv"))
    assert found == ["r.csv:3 at", "r.csv:3 l1_a", "r.csv:4 at", "r.csv:4 window_s", "r.csv:5"]


def test_a_csv_file_with_a_thousand_wrong_lines_is_told_in_a_hundred() -> None:
    found = decode_csv(CSV.splitlines()[0] + "\n" + "x\n" * 1000, INDEX, "r.csv")
    assert isinstance(found, tuple)
    assert len(found) == 101
    assert found[-1].value == "900 more"


@given(st.text(max_size=200))
def test_no_text_makes_the_csv_decoder_raise(text: str) -> None:
    for body in (text, CSV + text, CSV.splitlines()[0] + "\n" + text):
        assert isinstance(decode_csv(body, INDEX, "r.csv"), ReadingBatch | tuple)


def test_files_of_arrow_and_parquet_give_back_what_was_written_and_others_are_issues(tmp_path: Path) -> None:
    sent = batch(5)
    whole = arrow_table(sent, INDEX)
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)
    (tmp_path / "s.arrow").write_bytes(encode_arrow(sent, INDEX))
    pa.parquet.write_table(whole, tmp_path / "p.parquet")
    (tmp_path / "noise").write_bytes(b"PAR1" + bytes(range(256)) + b"PAR1")
    same(good(read_arrow_file(tmp_path / "a.arrow", INDEX)), sent)
    same(good(read_arrow_file(tmp_path / "s.arrow", INDEX)), sent)
    same(good(read_parquet_file(tmp_path / "p.parquet", INDEX)), sent)
    assert wrong(read_arrow_file(tmp_path / "noise", INDEX)) == ["message"]
    assert wrong(read_parquet_file(tmp_path / "noise", INDEX)) == ["message"]
