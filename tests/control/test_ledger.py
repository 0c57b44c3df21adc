"""The ledger against plain arithmetic: hand-worked cases, and a state machine beside a model that counts seconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkbox.base.identifiers import Mpan
from linkbox.control.ledger import (
    EntryState,
    Ledger,
    LedgerConflict,
    QuotaExceeded,
    entry_from_row,
    entry_to_row,
)
from linkbox.control.windows import DAY_QUOTA_S, DAY_S, MONTH_QUOTA_S, MONTH_S, addition_fits, longest_addition_s

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)
A = Mpan.from_core("120000000001")
B = Mpan.from_core("120000000002")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def reserved(ledger: Ledger, minutes: int, at: datetime, command: str, mpan: Mpan = A, weight: float = 1.0) -> Ledger:
    return ledger.reserve(mpan, at, minutes * 60, command=command, weight=weight)


def test_fresh_charger_may_be_held_for_two_hours_and_not_a_second_more() -> None:
    assert Ledger().remaining_s(A, T0) == 7200
    Ledger().reserve(A, T0, 7200, command="c1")
    with pytest.raises(QuotaExceeded) as refused:
        Ledger().reserve(A, T0, 7201, command="c1")
    assert refused.value.remaining_s == 7200


def test_day_window_rolls_by_the_second() -> None:
    # 120 min from 18:00 are used at 20:00. The window that ends at 18:00:01 + 24 h has lost one second of them.
    ledger = reserved(Ledger(), 120, T0, "c1")
    assert ledger.remaining_s(A, T0 + 2 * HOUR) == 0
    assert ledger.remaining_s(A, T0 + DAY - timedelta(seconds=1)) == 0
    # at exactly 24 h every further second that enters is matched by one that leaves
    assert ledger.remaining_s(A, T0 + DAY) == 7200
    # half an hour before: nothing may start; 90 min used of which the first leaves in time
    partly = reserved(Ledger(), 90, T0, "c2")
    assert partly.remaining_s(A, T0 + 90 * MINUTE) == 30 * 60
    assert partly.remaining_s(A, T0 + DAY - 20 * MINUTE) == 7200


def test_month_window_binds_after_eight_hours() -> None:
    ledger = Ledger()
    for day in range(4):
        ledger = reserved(ledger, 120, T0 + day * DAY, f"c{day}")
    assert ledger.used_s(A, T0 + 4 * DAY, timedelta(days=30)) == 480 * 60
    assert ledger.remaining_s(A, T0 + 10 * DAY) == 0
    assert ledger.remaining_s(A, T0 + 30 * DAY) == 7200


def test_half_rate_uses_half_the_minutes() -> None:
    ledger = reserved(Ledger(), 60, T0, "c1", weight=0.5)
    assert ledger.used_s(A, T0 + HOUR, timedelta(days=1)) == 30 * 60
    assert ledger.remaining_s(A, T0 + HOUR) == 90 * 60


def test_one_charger_does_not_use_anothers_minutes() -> None:
    ledger = reserved(Ledger(), 120, T0, "c1")
    assert ledger.remaining_s(B, T0) == 7200


def test_many_chargers_are_answered_as_each_alone() -> None:
    ledger = reserved(reserved(Ledger(), 100, T0, "c1"), 30, T0 - HOUR, "c2", B)
    street = [B, Mpan.from_core("120000000003"), A]
    assert ledger.remaining_many(street, T0) == [ledger.remaining_s(m, T0) for m in street] == [5400, 7200, 7200]
    assert ledger.remaining_many([A], T0, weight=0.5) == [ledger.remaining_s(A, T0, weight=0.5)]


def test_settling_gives_back_what_was_not_used() -> None:
    ledger = reserved(Ledger(), 60, T0, "c1").settle("c1", T0 + 20 * MINUTE)
    assert ledger.used_s(A, T0 + HOUR, timedelta(days=1)) == 20 * 60
    assert ledger.remaining_s(A, T0 + HOUR) == 100 * 60


def test_refused_command_gives_back_the_reserved_minutes() -> None:
    ledger = reserved(Ledger(), 120, T0, "c1").release("c1")
    assert ledger.remaining_s(A, T0) == 7200
    entry = ledger.entry("c1")
    assert entry is not None
    assert entry.state is EntryState.RELEASED


def test_unknown_outcome_counts_in_full_until_it_is_known() -> None:
    ledger = reserved(Ledger(), 120, T0, "c1").hold_unknown("c1")
    assert ledger.remaining_s(A, T0 + 3 * HOUR) == 0
    assert ledger.release("c1").remaining_s(A, T0 + 3 * HOUR) == 7200


def test_duplicate_messages_change_nothing() -> None:
    once = reserved(Ledger(), 60, T0, "c1")
    assert reserved(once, 60, T0, "c1") is once
    settled = once.settle("c1", T0 + 20 * MINUTE)
    assert settled.settle("c1", T0 + 20 * MINUTE) is settled


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        (lambda x: x.settle("none", T0), "not in the ledger"),
        (lambda x: x.settle("c1", T0 + 61 * MINUTE), "outside what was reserved"),
        (lambda x: x.settle("c1", T0 - MINUTE), "outside what was reserved"),
        (lambda x: x.release("c1").settle("c1", T0 + MINUTE), "already released"),
        (lambda x: x.settle("c1", T0).hold_unknown("c1"), "can not become unknown"),
        (lambda x: reserved(x, 30, T0, "c1"), "already in the ledger with other values"),
    ],
)
def test_contradiction_is_refused_and_named(operation, rule) -> None:  # type: ignore[no-untyped-def]  # lambdas
    with pytest.raises(LedgerConflict, match=rule):
        operation(reserved(Ledger(), 60, T0, "c1"))


def test_extension_of_a_running_hold_counts_the_common_part_once() -> None:
    ledger = reserved(Ledger(), 60, T0, "c1")
    # from 18:30 the hold runs to 19:00 anyway: 60 min counted, 60 left after that, so 90 from 18:30
    assert ledger.remaining_s(A, T0 + 30 * MINUTE) == 90 * 60
    longer = reserved(ledger, 90, T0 + 30 * MINUTE, "c2")
    assert longer.used_s(A, T0 + 2 * HOUR, timedelta(days=1)) == 7200


def test_where_holds_overlap_the_heavier_counts() -> None:
    ledger = reserved(reserved(Ledger(), 60, T0, "full"), 60, T0 + 30 * MINUTE, "half", weight=0.5)
    # 60 min full, then 30 min at half rate
    assert ledger.used_s(A, T0 + 2 * HOUR, DAY) == 75 * 60


def test_change_of_the_clocks_moves_nothing() -> None:
    # clocks go back at 01:00 UTC on 25 October 2026: the local day has 25 hours, the window keeps 24
    evening = datetime(2026, 10, 24, 22, tzinfo=UTC)
    ledger = reserved(Ledger(), 120, evening, "c1")
    assert ledger.remaining_s(A, evening + 24 * HOUR - timedelta(seconds=1)) == 0
    assert ledger.remaining_s(A, evening + 24 * HOUR) == 7200


@pytest.mark.parametrize(("duration_s", "weight"), [(0, 1.0), (-60, 1.0), (60, 0.0), (60, -0.5), (60, 1.001)])
def test_senseless_reservation_is_refused(duration_s: int, weight: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Ledger().reserve(A, T0, duration_s, command="c1", weight=weight)


def test_weight_is_rounded_up_to_a_thousandth() -> None:
    entry = Ledger().reserve(A, T0, 60, command="c1", weight=1 / 3).entry("c1")
    assert entry is not None
    assert entry.weight_milli == 334
    assert Ledger().reserve(A, T0, 60, command="c1", weight=0.07).entry("c1").weight_milli == 70  # type: ignore[union-attr]  # it is there


def test_start_within_a_second_is_counted_from_its_beginning() -> None:
    start = T0 + timedelta(milliseconds=500)
    left = Ledger().remaining_s(A, start)
    assert left == 7199
    Ledger().reserve(A, start, left, command="c1")


def test_rows_describe_the_ledger_completely() -> None:
    ledger = reserved(reserved(Ledger(), 60, T0, "c1"), 30, T0, "c2", B, 0.25).settle("c1", T0 + MINUTE)
    rows = [entry_to_row(e) for e in ledger.entries()]
    again = Ledger.from_entries(entry_from_row(r) for r in rows)
    assert again == ledger
    with pytest.raises(LedgerConflict, match="two rows"):
        Ledger.from_entries([*ledger.entries(), *ledger.entries()])


def test_rows_from_elsewhere_that_pass_a_limit_are_named() -> None:
    def rows(minutes: int, days: int) -> Ledger:
        singles = [reserved(Ledger(), minutes, T0 + n * DAY, f"c{n}") for n in range(days)]
        return Ledger.from_entries(entry for one in singles for entry in one.entries())

    assert rows(120, 4).breaches() == ()
    assert rows(100, 5).breaches() == (A,)  # 500 min in 30 days, no day over 120
    twice = [reserved(Ledger(), 61, T0 + n * 2 * HOUR, f"c{n}") for n in range(2)]
    assert Ledger.from_entries(e for one in twice for e in one.entries()).breaches() == (A,)


def test_what_can_no_longer_matter_can_be_dropped() -> None:
    ledger = reserved(Ledger(), 60, T0, "c1").settle("c1", T0 + 60 * MINUTE)
    assert len(list(ledger.since(T0 + 30 * DAY).entries())) == 1
    assert len(list(ledger.since(T0 + 31 * DAY).entries())) == 0


def seconds_used(spans: list[tuple[int, int]], start: int, end: int) -> int:
    """Seconds of ``[start, end)`` that at least one span covers, counted one by one over the spans' own seconds."""
    return len({s for a, b in spans for s in range(max(a, start), min(b, end))})


coarse = st.integers(0, 50).map(lambda n: n * 900)
spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 8), st.sampled_from([1000, 500, 250])).map(
        lambda t: (t[0] * 900, (t[0] + t[1]) * 900, t[2])
    ),
    max_size=6,
)


@given(spans, st.integers(0, 130).map(lambda n: n * 900), st.sampled_from([1000, 500, 300, 50]))
def test_longest_hold_is_the_last_that_fits(old: list[tuple[int, int, int]], start: int, weight: int) -> None:
    longest = longest_addition_s(old, start, weight)
    if longest:
        assert addition_fits(old, (start, start + longest, weight))
    if longest < DAY_S:
        assert not addition_fits(old, (start, start + longest + 1, weight))


class LedgerAgainstSeconds(RuleBasedStateMachine):
    """Any sequence of operations, in any order of time, beside a model that is a set of minutes per charger.

    Starts and lengths are whole minutes, so a set of minutes is an exact model of weight 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.model: dict[str, tuple[Mpan, int, int]] = {}
        self.open: set[str] = set()
        self.count = 0

    def minutes(self, mpan: Mpan) -> list[int]:
        return sorted({m for who, a, b in self.model.values() if who == mpan for m in range(a, b)})

    @rule(
        mpan=st.sampled_from([A, B]),
        start=st.one_of(st.integers(0, 3000), st.integers(0, 31 * 1440)),
        length=st.integers(1, 125),
    )
    def reserve(self, mpan: Mpan, start: int, length: int) -> None:
        self.count += 1
        command = f"c{self.count}"
        at = T0 + start * MINUTE
        left_s = self.ledger.remaining_s(mpan, at)
        if length * 60 > left_s:
            with pytest.raises(QuotaExceeded) as refused:
                self.ledger.reserve(mpan, at, length * 60, command=command)
            assert refused.value.remaining_s == left_s
            return
        self.ledger = self.ledger.reserve(mpan, at, length * 60, command=command)
        self.model[command] = (mpan, start, start + length)
        self.open.add(command)

    @rule(mpan=st.sampled_from([A, B]), start=st.integers(0, 3000))
    def reserve_all_that_is_left(self, mpan: Mpan, start: int) -> None:
        left = self.ledger.remaining_s(mpan, T0 + start * MINUTE) // 60
        if left:
            self.reserve(mpan, start, left)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        command = data.draw(st.sampled_from(sorted(self.open)))
        mpan, a, b = self.model[command]
        until = data.draw(st.integers(a, b))
        self.ledger = self.ledger.settle(command, T0 + until * MINUTE)
        self.model[command] = (mpan, a, until)
        self.open.discard(command)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        command = data.draw(st.sampled_from(sorted(self.open)))
        self.ledger = self.ledger.release(command)
        mpan, a, _ = self.model[command]
        self.model[command] = (mpan, a, a)
        self.open.discard(command)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def lose_track(self, data: st.DataObject) -> None:
        self.ledger = self.ledger.hold_unknown(data.draw(st.sampled_from(sorted(self.open))))

    @rule()
    def store_and_load(self) -> None:
        rows = [entry_to_row(e) for e in self.ledger.entries()]
        loaded = Ledger.from_entries(entry_from_row(r) for r in rows)
        assert loaded == self.ledger
        self.ledger = loaded

    @invariant()
    def no_window_passes_its_quota(self) -> None:
        for mpan in (A, B):
            used = self.minutes(mpan)
            for window, quota in ((1440, 120), (43200, 480)):
                for first, minute in enumerate(used):
                    inside = sum(1 for m in used[first:] if m < minute + window)
                    assert inside <= quota, (mpan, minute, window)
        assert self.ledger.breaches() == ()

    @invariant()
    def use_agrees_with_the_model(self) -> None:
        for mpan in (A, B):
            used = self.minutes(mpan)
            for day in (1, 2, 31):
                at = T0 + day * DAY
                expected = sum(60 for m in used if (day - 1) * 1440 <= m < day * 1440)
                assert self.ledger.used_s(mpan, at, DAY) == expected


TestLedgerAgainstSeconds = LedgerAgainstSeconds.TestCase
TestLedgerAgainstSeconds.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 7200)), max_size=8), st.integers(0, 400_000))
@settings(deadline=None, max_examples=40)
def test_remaining_agrees_with_counting_seconds(old: list[tuple[int, int]], at: int) -> None:
    spans_ok: list[tuple[int, int]] = []
    ledger = Ledger()
    for n, (start, length) in enumerate(old):
        try:
            ledger = ledger.reserve(A, T0 + timedelta(seconds=start), length, command=str(n))
        except QuotaExceeded:
            continue
        spans_ok.append((start, start + length))
    left = ledger.remaining_s(A, T0 + timedelta(seconds=at))

    def passes(length: int) -> bool:
        every = [*spans_ok, (at, at + length)]
        ends = {b for _, b in every} | {a + w for a, _ in every for w in (DAY_S, MONTH_S)} | {at, at + length}
        return all(
            seconds_used(every, end - window, end) <= quota
            for end in ends
            for window, quota in ((DAY_S, DAY_QUOTA_S), (MONTH_S, MONTH_QUOTA_S))
        )

    assert passes(left)
    if left < DAY_S:
        assert not passes(left + 1)


def test_a_part_of_a_second_counts_as_the_whole_of_it_at_both_ends() -> None:
    begin = T0 + timedelta(seconds=0.4)
    ledger = Ledger().reserve(A, begin, 60, command="c").settle("c", begin + timedelta(seconds=10))
    entry = ledger.entry("c")
    assert entry is not None
    second = int(T0.timestamp())
    assert entry.interval == (second, second + 11, 1000)
