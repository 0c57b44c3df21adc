"""Alerts that come in storms are counted in full and told once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.exchange.storms import LOUD, QUIET, AlertBook, News, take_alert

NOW = datetime(2026, 1, 13, 18, tzinfo=UTC)
METER, OTHER = Eui64("00-DB-12-34-56-78-90-A0"), Eui64("00-DB-12-34-56-78-90-A1")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_storm_is_told_when_it_begins_and_then_only_counted() -> None:
    book, told = AlertBook(), []
    for n in range(8):
        book, news = take_alert(book, METER, 0x8F60, at=after(n))
        told.append(news)
    assert told == [News.FIRST, *[News.REPEATED] * (LOUD - 2), News.STORM_BEGINS, *[News.IN_STORM] * (8 - LOUD)]
    assert book.counts[METER, 0x8F60].total == 8


def test_after_a_quiet_time_an_alert_is_news_again() -> None:
    book, _ = take_alert(AlertBook(), METER, 0x8F60, at=NOW, count=50)
    book, news = take_alert(book, METER, 0x8F60, at=NOW + QUIET + timedelta(seconds=1))
    assert news is News.FIRST
    assert (book.counts[METER, 0x8F60].total, book.counts[METER, 0x8F60].run) == (51, 1)


def test_a_consolidated_alert_counts_for_all_that_it_stands_for() -> None:
    book, news = take_alert(AlertBook(), METER, 0x8F60, at=NOW, sequence_id=1, count=40)
    assert news is News.STORM_BEGINS
    assert book.counts[METER, 0x8F60].total == 40


def test_other_devices_and_codes_are_counted_apart() -> None:
    book = AlertBook()
    for device, code in ((METER, 1), (METER, 2), (OTHER, 1)):
        book, news = take_alert(book, device, code, at=NOW, count=3)
        assert news is News.FIRST
    assert {key: count.total for key, count in book.counts.items()} == {(METER, 1): 3, (METER, 2): 3, (OTHER, 1): 3}


def test_a_gap_in_the_sequence_is_noticed_until_the_missing_one_comes() -> None:
    book = AlertBook()
    for sequence_id in (4, 5, 8):
        book, _ = take_alert(book, METER, 1, at=NOW, sequence_id=sequence_id, count=2)
    assert book.missing_sequences[METER] == 2
    book, _ = take_alert(book, METER, 1, at=NOW, sequence_id=6, count=2)
    assert book.missing_sequences[METER] == 1
    assert book.newest_sequence[METER] == 8


@given(st.permutations(range(1, 12)))
def test_a_sequence_that_is_complete_has_no_gap_in_any_order(order: list[int]) -> None:
    book, _ = take_alert(AlertBook(), METER, 1, at=NOW, sequence_id=0)
    for sequence_id in order:
        book, _ = take_alert(book, METER, 1, at=NOW, sequence_id=sequence_id)
    assert book.missing_sequences[METER] == 0


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 100)), max_size=30))
def test_the_total_is_the_sum_of_all_counts(alerts: list[tuple[int, int]]) -> None:
    book, at = AlertBook(), NOW
    for wait_s, count in alerts:
        at += timedelta(seconds=wait_s)
        book, _ = take_alert(book, METER, 1, at=at, count=count)
    assert sum(count.total for count in book.counts.values()) == sum(count for _, count in alerts)
