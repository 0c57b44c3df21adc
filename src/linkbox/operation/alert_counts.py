"""The counts of device alerts as stored rows, so that a storm is told once although the controller restarts in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from linkbox.base.identifiers import Eui64
from linkbox.base.time import format_utc, parse_utc
from linkbox.dcc.exchange.storms import AlertBook, AlertCount
from linkbox.operation.ports import Row, Store

COUNT, SEQUENCE = "alert_count", "alert_sequence"


def rows_of(book: AlertBook, device: Eui64, code: int) -> Iterator[tuple[str, Row]]:
    """What is to be stored after one alert, by table."""
    count = book.counts[device, code]
    body = {"code": code, "total": count.total, "run": count.run, "last_at": format_utc(count.last_at)}
    yield COUNT, Row(key=f"{device}/{code:04X}", state="", owner=str(device), body=body)
    if device in book.newest_sequence:
        newest, missing = book.newest_sequence[device], book.missing_sequences[device]
        body = {"newest": newest, "missing": missing}
        yield SEQUENCE, Row(key=str(device), state="", owner=str(device), body=body)


def load_book(store: Store) -> AlertBook:
    """The counts that the store's rows describe."""
    sequences = store.rows(SEQUENCE)
    return AlertBook(
        counts=MappingProxyType(dict(_counts(store.rows(COUNT)))),
        newest_sequence=MappingProxyType({Eui64(row.key): row.body["newest"] for row in sequences}),
        missing_sequences=MappingProxyType({Eui64(row.key): row.body["missing"] for row in sequences}),
    )


def _counts(rows: Iterable[Row]) -> Iterator[tuple[tuple[Eui64, int], AlertCount]]:
    for row in rows:
        body = row.body
        count = AlertCount(total=body["total"], run=body["run"], last_at=parse_utc(body["last_at"]))
        yield (Eui64(row.owner), body["code"]), count
