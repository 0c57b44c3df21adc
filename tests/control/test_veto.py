"""The veto: each rule alone, and in agreement with the ledger and the permits that it must not share code with."""

import ast
import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkbox.control.veto as veto_module
from linkbox.control.ledger import EntryState, Ledger, LedgerEntry, QuotaExceeded
from linkbox.control.veto import OutgoingHold, StoredFacts, StoredInterval, StoredWord, veto
from linkbox.customers import ConsentEvent, ConsentKind, CustomerEvent, CustomerFile, TenancyChange
from tests.control.permits import T0, mpan

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOLD = OutgoingHold(command="c1", intervention_id="i1", start=T0, duration_s=30 * 60)
OWN = StoredInterval(command="c1", start=T0, end=T0 + 30 * MINUTE)
GOOD = StoredFacts(
    domestic=True,
    priority_register=False,
    priority_opted_in=False,
    words=(StoredWord(at=T0 - DAY, kind="given", tenancy="t1"),),
    tenancies=(),
    objections=frozenset(),
    label_is_ev_charger=True,
    eligible=True,
    eligibility_rule="secmp0046 7.6",
    intervals=(OWN,),
)


def facts(**changes: object) -> StoredFacts:
    return dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]  # checked by the dataclass's own names


def hold(**changes: object) -> OutgoingHold:
    return dataclasses.replace(HOLD, **changes)  # type: ignore[arg-type]  # as above


def test_hold_that_breaks_no_rule_may_go() -> None:
    assert veto(HOLD, GOOD, at=T0) == ()


@pytest.mark.parametrize(
    ("stored", "word"),
    [
        (facts(domestic=False), "domestic"),
        (facts(priority_register=True), "priority register"),
        (facts(objections=frozenset({"i1"})), "rejected"),
        (facts(label_is_ev_charger=False), "labelled"),
        (facts(eligible=False, eligibility_rule="duis-5.4: 7.7 only"), "duis-5.4: 7.7 only"),
        (facts(words=()), "no consent"),
        (facts(words=(*GOOD.words, StoredWord(at=T0, kind="withdrawn", tenancy="t1"))), "no consent"),
        (facts(tenancies=((T0 - HOUR, "t2"),)), "no consent"),
        (facts(intervals=()), "not reserved"),
        (facts(intervals=(StoredInterval(command="c2", start=T0, end=T0 + 30 * MINUTE),)), "not reserved"),
        (facts(intervals=(StoredInterval(command="c1", start=T0, end=T0 + 29 * MINUTE),)), "not reserved"),
        (facts(intervals=(OWN, StoredInterval(command="c0", start=T0 - 2 * HOUR, end=T0))), "over 120 minutes in 24"),
    ],
)
def test_each_rule_stops_a_hold_by_itself(stored: StoredFacts, word: str) -> None:
    reasons = veto(HOLD, stored, at=T0)
    assert len(reasons) == 1
    assert word in reasons[0]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (hold(duration_s=14 * 60), "15 to 120"),
        (hold(duration_s=0), "15 to 120"),
        (hold(duration_s=-60), "15 to 120"),
        (hold(duration_s=121 * 60), "15 to 120"),
        (hold(duration_s=1000), "whole minutes"),
        (hold(weight=0.0), "weight"),
        (hold(weight=1.5), "weight"),
        (hold(start=T0 - MINUTE - timedelta(microseconds=1)), "does not start now"),
        (hold(start=T0 + MINUTE + timedelta(microseconds=1)), "does not start now"),
    ],
)
def test_senseless_commands_are_stopped(changed: OutgoingHold, word: str) -> None:
    assert any(word in reason for reason in veto(changed, GOOD, at=T0))


def test_objection_to_another_intervention_and_old_refusals_do_not_stop_it() -> None:
    words = (StoredWord(at=T0 - 2 * DAY, kind="refused", tenancy="t1"), *GOOD.words)
    words += (StoredWord(at=T0, kind="sought", tenancy="t1"), StoredWord(at=T0 + HOUR, kind="withdrawn", tenancy="t1"))
    assert veto(HOLD, facts(words=words, objections=frozenset({"i2"})), at=T0) == ()
    assert veto(hold(start=T0 - MINUTE), facts(intervals=(dataclasses.replace(OWN, start=T0 - MINUTE),)), at=T0) == ()
    assert veto(HOLD, facts(priority_register=True, priority_opted_in=True), at=T0) == ()


def word(hours: float, kind: str, tenancy: str = "t1") -> StoredWord:
    return StoredWord(at=T0 + hours * HOUR, kind=kind, tenancy=tenancy)


@pytest.mark.parametrize(
    ("words", "tenancies", "allowed"),
    [
        # rows may stand in any order
        ((word(-1, "given"), word(-5, "refused")), (), True),
        ((word(-1, "refused"), word(-5, "given")), (), False),
        # of two words at one moment the one that permits less
        ((word(-1, "withdrawn"), word(-1, "given")), (), False),
        ((word(-1, "given"), word(-1, "withdrawn")), (), False),
        # the tenancy that begins now is in force; a word at its very beginning is its tenant's
        ((word(-1, "given"),), ((T0, "t2"),), False),
        ((word(-1, "given", "t2"),), ((T0 - HOUR, "t2"),), True),
        ((word(-1, "given", "t2"),), ((T0 - HOUR, "t2"), (T0 - 3 * HOUR, "t3")), True),
        ((word(0, "given"),), (), True),
    ],
)
def test_consent_is_read_from_rows_as_they_come(
    words: tuple[StoredWord, ...], tenancies: tuple[tuple[datetime, str], ...], allowed: bool
) -> None:
    assert (veto(HOLD, facts(words=words, tenancies=tenancies), at=T0) == ()) is allowed


LATER = T0 + HOUR


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        # a consent ends by itself, at the very moment
        ((dataclasses.replace(word(-1, "given"), expires_at=LATER),), True),
        ((dataclasses.replace(word(-1, "given"), expires_at=T0),), False),
        # superseding a text ends the consent that was given to it, and no other
        ((dataclasses.replace(word(-2, "given"), text_version="1"), word(-1, "superseded")), True),
        (
            (
                dataclasses.replace(word(-2, "given"), text_version="1"),
                dataclasses.replace(word(-1, "superseded"), text_version="1"),
            ),
            False,
        ),
        (
            (
                dataclasses.replace(word(-3, "given"), text_version="1"),
                dataclasses.replace(word(-2, "refused"), text_version="1"),
                dataclasses.replace(word(-1, "superseded"), text_version="1"),
            ),
            False,
        ),
        # consent to a reduced rate is none to being switched off
        ((dataclasses.replace(word(-1, "given"), off=False),), False),
    ],
)
def test_consent_has_an_end_a_text_and_a_scope(words: tuple[StoredWord, ...], allowed: bool) -> None:
    assert (veto(HOLD, facts(words=words), at=T0) == ()) is allowed


def limited(percent: float, weight: float | None = None) -> OutgoingHold:
    return hold(level=percent / 100, weight=1 - percent / 100 if weight is None else weight)


@pytest.mark.parametrize(
    ("outgoing", "device", "word"),
    [
        (limited(50), {"proportional": True}, None),
        (limited(19), {"proportional": True}, None),  # 6.08 A of 32 A
        (limited(18), {"proportional": True}, "below 6 A"),  # 5.76 A
        (limited(50), {"proportional": True, "rated_a": 12.0}, None),  # 6 A
        (limited(0), {"proportional": True}, "below 6 A"),
        (limited(99), {"proportional": True}, None),
        (limited(1), {"proportional": True, "rated_a": 600.0}, None),
        (limited(18.5), {"deactivated_level": 0.185}, "below 6 A"),  # 5.92 A
        (limited(100, 0.5), {"proportional": True}, "not one that the device has"),
        (limited(50.5), {"proportional": True}, "not one that the device has"),
        (limited(50, 0.49), {"proportional": True}, "fewer minutes"),
        (limited(50, 0.6), {"proportional": True}, None),
        (limited(50), {"deactivated_level": 0.5}, None),
        (limited(33.3), {"deactivated_level": 0.333}, None),
        (limited(0), {"deactivated_level": 0.5}, "not one that the device has"),
        (limited(50), {}, "not one that the device has"),
        (limited(10), {"deactivated_level": 0.1}, "below 6 A"),
        (hold(level=float("nan")), {"proportional": True}, "not one that the device has"),
        (hold(level=-0.5), {"proportional": True}, "not one that the device has"),
        (limited(50), {"proportional": True, "rated_a": float("nan")}, "below 6 A"),
    ],
)
def test_levels_are_checked_against_the_device(
    outgoing: OutgoingHold, device: dict[str, object], word: str | None
) -> None:
    reasons = veto(outgoing, facts(**device), at=T0)
    assert reasons == () if word is None else any(word in reason for reason in reasons)


def test_two_hours_are_allowed_and_a_quarter_of_an_hour() -> None:
    for minutes in (15, 120):
        own = dataclasses.replace(OWN, end=T0 + minutes * MINUTE)
        assert veto(hold(duration_s=minutes * 60), facts(intervals=(own,)), at=T0) == ()


def test_consent_to_a_reduced_rate_allows_one() -> None:
    words = (dataclasses.replace(GOOD.words[0], off=False),)
    assert veto(limited(50), facts(words=words, deactivated_level=0.5), at=T0) == ()


def test_worst_window_may_end_with_the_hold_alone() -> None:
    # At half rate 180 min still lie in the window at T0, 90 full ones, and 20 more. While the hold lasts, half of what
    # enters leaves: after 20 min 110 + 20 - 10 = 120, after 21 min 120.5.
    half = StoredInterval(command="h", start=T0 - 25 * HOUR, end=T0 - 21 * HOUR, weight=0.5)
    day = StoredInterval(command="d", start=T0 - 9 * HOUR, end=T0 - 9 * HOUR + 20 * MINUTE)
    assert veto(hold(duration_s=20 * 60), facts(intervals=(OWN, half, day)), at=T0) != ()
    own = StoredInterval(command="c1", start=T0, end=T0 + 20 * MINUTE)
    assert veto(hold(duration_s=20 * 60), facts(intervals=(own, half, day)), at=T0) == ()
    longer = StoredInterval(command="c1", start=T0, end=T0 + 21 * MINUTE)
    assert veto(hold(duration_s=21 * 60), facts(intervals=(longer, half, day)), at=T0) != ()


def test_worst_window_may_begin_with_an_old_hold() -> None:
    # A hold at half rate: until 10 min after T0 the old hold lies in the window whole, with 5 min of the new one.
    own = StoredInterval(command="c1", start=T0, end=T0 + 30 * MINUTE, weight=0.5)
    for minutes, allowed in ((115, True), (116, False)):
        start = T0 - DAY + 10 * MINUTE
        old = StoredInterval(command="o", start=start, end=start + minutes * MINUTE)
        assert (
            veto(hold(weight=0.5, level=0.5), facts(intervals=(own, old), deactivated_level=0.5), at=T0) == ()
        ) is allowed


def test_month_binds_where_no_day_does() -> None:
    days = tuple(
        StoredInterval(command=f"d{n}", start=T0 - n * DAY, end=T0 - n * DAY + 90 * MINUTE) for n in (2, 4, 6, 8, 10)
    )
    assert veto(HOLD, facts(intervals=(OWN, *days)), at=T0) == ()
    more = StoredInterval(command="d9", start=T0 - 12 * DAY, end=T0 - 12 * DAY + MINUTE)
    assert veto(HOLD, facts(intervals=(OWN, *days, more)), at=T0) == ("over 480 minutes in 720 hours",)


def test_it_shares_no_code_with_what_it_checks() -> None:
    source = Path(veto_module.__file__ or "").read_text()
    imported = {n.module for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)}
    assert imported == {"__future__", "dataclasses", "datetime"}
    assert len(source.splitlines()) < 170


starts = st.integers(-40 * 24 * 60, 0).map(lambda m: T0 + m * MINUTE)


@given(
    st.lists(st.tuples(starts, st.integers(1, 120), st.sampled_from([1.0, 0.5])), max_size=12),
    st.integers(15, 120),
)
@settings(deadline=None)
def test_veto_and_ledger_agree_on_the_minutes(old: list[tuple[object, int, float]], length: int) -> None:
    ledger = Ledger()
    for n, (start, minutes, weight) in enumerate(old):
        try:
            ledger = ledger.reserve(mpan(1), start, minutes * 60, command=f"o{n}", weight=weight)  # type: ignore[arg-type]  # a datetime from the strategy
        except QuotaExceeded:
            continue
    allowed = ledger.remaining_s(mpan(1), T0) >= length * 60
    rows = [
        StoredInterval(command=e.command, start=e.start, end=e.end, weight=e.weight_milli / 1000)
        for e in ledger.entries()
    ]
    own = StoredInterval(command="c1", start=T0, end=T0 + length * MINUTE)
    reasons = veto(hold(duration_s=length * 60), facts(intervals=(*rows, own)), at=T0)
    assert (reasons == ()) is allowed


hours = st.integers(-12, 2).map(lambda h: T0 + h * HOUR)
words = st.lists(
    st.builds(StoredWord, at=hours, kind=st.sampled_from([str(k) for k in ConsentKind]), tenancy=st.sampled_from("ab")),
    max_size=8,
)
changes = st.lists(st.tuples(hours, st.sampled_from("ab")), max_size=3, unique_by=lambda c: c[0])


@given(words, changes)
def test_veto_and_permits_agree_on_consent(said: list[StoredWord], moved: list[tuple[object, str]]) -> None:
    events: list[CustomerEvent] = [
        ConsentEvent(
            mpan=mpan(1),
            at=w.at,
            recorded_at=w.at,
            kind=ConsentKind(w.kind),
            text_version="",
            channel="",
            evidence="",
            tenancy=w.tenancy,
        )
        for w in said
    ]
    events += [TenancyChange(mpan=mpan(1), at=a, recorded_at=a, tenancy=t) for a, t in moved]  # type: ignore[arg-type]  # datetimes from the strategy
    reasons = veto(HOLD, facts(words=tuple(said), tenancies=tuple(moved)), at=T0)
    assert (reasons == ()) is CustomerFile.of(events).consent(mpan(1), T0).valid


def test_rows_of_the_ledger_can_be_shown_to_the_veto() -> None:
    ledger = Ledger().reserve(mpan(1), T0, 1800, command="c1")
    entry = ledger.entry("c1")
    assert isinstance(entry, LedgerEntry)
    assert entry.state is EntryState.RESERVED
    row = StoredInterval(command=entry.command, start=entry.start, end=entry.end, weight=entry.weight_milli / 1000)
    assert veto(HOLD, facts(intervals=(row,)), at=T0) == ()
