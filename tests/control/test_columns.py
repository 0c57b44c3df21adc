"""The columns answer as the ledger does, charger by charger, to the second."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.control.columns import LedgerColumns
from linkbox.control.ledger import EntryState, Ledger, LedgerEntry
from tests.control.permits import T0, mpan

DAY, MONTH = timedelta(days=1), timedelta(days=30)
STREET = [mpan(n) for n in range(4)]


def entry(number: int, who: Mpan, begin_s: int, length_s: int, weight: int) -> LedgerEntry:
    start = T0 + timedelta(seconds=begin_s)
    end = start + timedelta(seconds=length_s)
    return LedgerEntry(
        mpan=who,
        command=f"c{number}",
        reserved_start=start,
        reserved_end=end,
        start=start,
        end=end,
        weight_milli=weight,
        state=EntryState.RESERVED,
    )


days = st.one_of(st.integers(-4, 1).map(lambda d: d * 86_400), st.integers(-32, 1).map(lambda d: d * 86_400))
rows = st.lists(
    st.tuples(
        st.sampled_from(STREET),
        st.tuples(days, st.integers(-7200, 7200)).map(sum),
        st.one_of(st.integers(1, 7200), st.sampled_from([900, 1800, 7200])),
        st.sampled_from([1, 250, 500, 999, 1000]),
    ),
    max_size=25,
)


def ledger_of(found: list[tuple[Mpan, int, int, int]]) -> Ledger:
    """Straight from rows, so that it may also stand over its quotas."""
    return Ledger.from_entries(entry(n, *row) for n, row in enumerate(found))


def agree(columns: LedgerColumns, ledger: Ledger, at: datetime, weight: float) -> None:
    found = columns.balances(at, weight=weight)
    assert found.remaining_s.tolist() == ledger.remaining_many(STREET, at, weight=weight)
    assert found.left_24h_s.tolist() == [7200 - ledger.used_s(m, at, DAY) for m in STREET]
    assert found.left_30d_s.tolist() == [28_800 - ledger.used_s(m, at, MONTH) for m in STREET]


@given(rows, st.sampled_from([0.001, 0.3, 0.81, 1.0]), st.sampled_from([0, 1, 500_000]))
@settings(deadline=None, max_examples=150)
def test_columns_answer_as_the_ledger_does(found: list[tuple[Mpan, int, int, int]], weight: float, micros: int) -> None:
    ledger = ledger_of(found)
    agree(LedgerColumns.of(ledger, STREET), ledger, T0 + timedelta(microseconds=micros), weight)


@given(rows, rows, st.sets(st.sampled_from(STREET)))
@settings(deadline=None, max_examples=80)
def test_columns_follow_a_ledger_that_changes(
    before: list[tuple[Mpan, int, int, int]], more: list[tuple[Mpan, int, int, int]], who: set[Mpan]
) -> None:
    after = ledger_of([*before, *(row for row in more if row[0] in who)])
    columns = LedgerColumns.of(ledger_of(before), STREET).updated(after, who)
    agree(columns, after, T0, 1.0)


def test_untouched_charger_has_everything_left() -> None:
    found = LedgerColumns.of(Ledger(), STREET).balances(T0)
    assert found.remaining_s.tolist() == [7200] * 4
    assert found.left_30d_s.tolist() == [28_800.0] * 4


def test_an_overrun_shows_as_less_than_nothing() -> None:
    ledger = Ledger().reserve(STREET[0], T0 - timedelta(hours=5), 7200, command="c")
    late = ledger.book("c", T0 - timedelta(hours=5), T0 - timedelta(hours=2))
    found = LedgerColumns.of(late, STREET).balances(T0)
    assert found.left_24h_s[0] == -3600.0
    assert found.remaining_s[0] == 0


def test_weight_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="weight"):
        LedgerColumns.of(Ledger(), STREET).balances(T0, weight=0.0)
