"""What the device did counts, also where nobody had allowed it: holds that the DCC let through late."""

from datetime import timedelta

import pytest

from linkbox.control.ledger import EntryState, Ledger, LedgerConflict, QuotaExceeded, entry_from_row, entry_to_row
from tests.control.permits import T0, mpan

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
A = mpan(1)


def reserved(minutes: int = 60) -> Ledger:
    return Ledger().reserve(A, T0, minutes * 60, command="c")


def test_hold_let_through_after_its_reservation_was_settled_is_booked_where_it_was() -> None:
    ledger = reserved().hold_unknown("c").settle("c", T0 + 60 * MINUTE)
    late = ledger.book("c", T0 + 5 * HOUR, T0 + 6 * HOUR)
    entry = late.entry("c")
    assert entry is not None
    assert (entry.start, entry.end) == (T0 + 5 * HOUR, T0 + 6 * HOUR)
    assert entry.state is EntryState.OVERRUN
    assert (entry.reserved_start, entry.reserved_end) == (T0, T0 + HOUR)
    assert late.used_s(A, T0 + 6 * HOUR, DAY) == 3600


def test_hold_that_was_given_back_and_then_done_counts_after_all_and_blocks_further_use() -> None:
    ledger = reserved(120).release("c").reserve(A, T0 + 10 * MINUTE, 7200, command="d")
    late = ledger.book("c", T0 + 3 * HOUR, T0 + 5 * HOUR)
    assert late.remaining_s(A, T0 + 5 * HOUR) == 0
    with pytest.raises(QuotaExceeded):
        late.reserve(A, T0 + 5 * HOUR, 60, command="e")
    # The first two hours leave the window from 24 h 10 min on: then only what the window had too much must go first.
    assert late.remaining_s(A, T0 + DAY + 2 * HOUR) == 0
    assert late.remaining_s(A, T0 + DAY + 5 * HOUR) == 7200


def test_breach_by_the_dcc_is_told_from_one_of_our_own() -> None:
    ledger = reserved(120).release("c").reserve(A, T0 + 10 * MINUTE, 7200, command="d")
    late = ledger.book("c", T0 + 3 * HOUR, T0 + 5 * HOUR)
    assert late.breaches() == (A,)
    (breach,) = late.explained_breaches()
    assert (breach.mpan, breach.overruns, breach.by_overrun) == (A, ("c",), True)
    rows = [entry_to_row(e) for e in late.entries()]
    own = [dict(r, state="settled") for r in rows]
    (breach,) = Ledger.from_entries(entry_from_row(r) for r in own).explained_breaches()
    assert (breach.overruns, breach.by_overrun) == ((), False)
    assert reserved(120).explained_breaches() == ()


def test_late_answer_within_the_reservation_is_settled_as_any_other() -> None:
    assert reserved().book("c", T0 + MINUTE, T0 + 40 * MINUTE) == reserved().settle(
        "c", T0 + 40 * MINUTE, used_from=T0 + MINUTE
    )
    assert reserved().book("c", T0, T0 + HOUR).entry("c").state is EntryState.SETTLED  # type: ignore[union-attr]  # there


def test_hold_that_begins_in_its_reservation_and_ends_after_it_is_an_overrun() -> None:
    entry = reserved().book("c", T0 + MINUTE, T0 + 61 * MINUTE).entry("c")
    assert entry is not None
    assert (entry.start, entry.end, entry.state) == (T0 + MINUTE, T0 + 61 * MINUTE, EntryState.OVERRUN)
    early = reserved().book("c", T0 - MINUTE, T0 + 30 * MINUTE).entry("c")
    assert early is not None
    assert (early.start, early.state) == (T0 - MINUTE, EntryState.OVERRUN)


def test_the_same_report_again_changes_nothing() -> None:
    once = reserved().release("c").book("c", T0 + HOUR, T0 + 2 * HOUR)
    assert once.book("c", T0 + HOUR, T0 + 2 * HOUR) == once
    assert once.book("c", T0 + 70 * MINUTE, T0 + 80 * MINUTE) == once
    settled = reserved().settle("c", T0 + 40 * MINUTE)
    assert settled.book("c", T0, T0 + 40 * MINUTE) == settled


def test_of_different_reports_the_outermost_times_count() -> None:
    settled = reserved().settle("c", T0 + 40 * MINUTE, used_from=T0 + 10 * MINUTE)
    entry = settled.book("c", T0 + 20 * MINUTE, T0 + 50 * MINUTE).entry("c")
    assert entry is not None
    assert (entry.start, entry.end) == (T0 + 10 * MINUTE, T0 + 50 * MINUTE)
    overrun = reserved().book("c", T0 + 2 * HOUR, T0 + 3 * HOUR)
    entry = overrun.book("c", T0 + 4 * HOUR, T0 + 5 * HOUR).entry("c")
    assert entry is not None
    assert (entry.start, entry.end) == (T0 + 2 * HOUR, T0 + 5 * HOUR)


def test_reports_that_only_touch_are_apart() -> None:
    settled = reserved().settle("c", T0 + 40 * MINUTE)
    for begin, end in ((40, 90), (-50, 0)):
        entry = settled.book("c", T0 + begin * MINUTE, T0 + end * MINUTE).entry("c")
        assert entry is not None
        assert (entry.start, entry.end) == (T0 + begin * MINUTE, T0 + end * MINUTE)


def test_late_answer_does_not_shorten_what_may_have_been_done_before() -> None:
    settled = reserved().settle("c", T0 + 40 * MINUTE)
    entry = settled.book("c", T0 + 100 * MINUTE, T0 + 102 * MINUTE).entry("c")
    assert entry is not None
    assert (entry.start, entry.end) == (T0 + 62 * MINUTE, T0 + 102 * MINUTE)
    again = settled.book("c", T0 + 100 * MINUTE, T0 + 102 * MINUTE).book("c", T0 + 100 * MINUTE, T0 + 102 * MINUTE)
    assert again.entry("c") == entry


def test_senseless_reports_are_refused() -> None:
    with pytest.raises(LedgerConflict, match="not in the ledger"):
        Ledger().book("c", T0, T0 + HOUR)
    with pytest.raises(ValueError, match="before it begins"):
        reserved().book("c", T0 + HOUR, T0)


def test_an_overrun_is_kept_as_long_as_it_can_matter() -> None:
    late = reserved().release("c").book("c", T0 + 2 * DAY, T0 + 2 * DAY + HOUR)
    assert late.since(T0 + 31 * DAY).entry("c") is not None
    assert late.since(T0 + 33 * DAY).entry("c") is None


def test_a_report_of_no_time_at_all_is_one() -> None:
    nothing = reserved().book("c", T0 + MINUTE, T0 + MINUTE)
    assert nothing.used_s(A, T0 + HOUR, DAY) == 0
    with pytest.raises(ValueError, match="before it begins"):
        reserved().book("c", T0 + MINUTE, T0)
