"""The independent check of every outgoing hold, from the stored facts alone.

It shares no code with planning, ledger or permits, on purpose, and is plain rather than fast: a fault over there has to
meet another fault here before a customer is wronged. An empty answer lets the command go; anything else stops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_WINDOWS = ((timedelta(hours=24), timedelta(minutes=120)), (timedelta(days=30), timedelta(minutes=480)))
_SHORTEST_S, _LONGEST_S = 15 * 60, 120 * 60
_FLOOR_A, _ROUNDING = 6.0, 1e-6
_CLOCKS_MAY_DIFFER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingHold:
    """What is about to be sent. ``weight`` is the fraction of full off, ``level`` what is left of the rating."""

    command: str
    intervention_id: str
    start: datetime
    duration_s: int
    weight: float = 1.0
    level: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInterval:
    """A row of the ledger: what one command of this charger uses or may use."""

    command: str
    start: datetime
    end: datetime
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWord:
    """A row of the consent history: what a tenant said, and when. ``kind`` as stored: given, refused, sought …"""

    at: datetime
    kind: str
    tenancy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """Everything that is stored about the connection point. ``tenancies``: (from when, name) of every change known.

    ``proportional``: the device takes levels. Else ``deactivated_level`` is the one level that its switch has.
    """

    domestic: bool
    priority_register: bool
    priority_opted_in: bool
    words: tuple[StoredWord, ...]
    tenancies: tuple[tuple[datetime, str], ...]
    objections: frozenset[str]
    label_is_ev_charger: bool
    eligible: bool
    eligibility_rule: str
    intervals: tuple[StoredInterval, ...]
    proportional: bool = False
    rated_a: float = 32.0
    deactivated_level: float = 0.0


def veto(hold: OutgoingHold, facts: StoredFacts, *, at: datetime) -> tuple[str, ...]:
    """All reasons why ``hold`` must not be sent at ``at``; empty where it may."""
    checks = (
        (not facts.domestic, "not a domestic connection point"),
        (facts.priority_register and not facts.priority_opted_in, "on the priority register without having opted in"),
        (hold.intervention_id in facts.objections, "the customer rejected this intervention"),
        (not facts.label_is_ev_charger, "the switch is not labelled as an EV charger's"),
        (not facts.eligible, f"not eligible: {facts.eligibility_rule}"),
        (not _consent(facts, at), "no consent of the present tenant is in force"),
        (hold.duration_s % 60 != 0, "the duration is not in whole minutes"),
        (not _SHORTEST_S <= hold.duration_s <= _LONGEST_S, "the duration is not within 15 to 120 minutes"),
        (not 0 < hold.weight <= 1, "the weight is not within 0 to 1"),
        (not 0 <= hold.level < 1, "the level is not within 0 to 1"),
        (hold.level < 1 - hold.weight - _ROUNDING, "fewer minutes are counted than the level takes"),
        (not _level_known(hold, facts), "the level is not one that the device has"),
        (not _above_floor(hold, facts), "the level is below the 6 A that a car needs"),
        (abs(hold.start - at) > _CLOCKS_MAY_DIFFER, "it does not start now"),
    )
    return tuple(reason for broken, reason in checks if broken) + _minutes(hold, facts.intervals)


def _level_known(hold: OutgoingHold, facts: StoredFacts) -> bool:
    if facts.proportional:
        return any(abs(hold.level * 100 - percent) <= _ROUNDING for percent in range(100))
    return abs(hold.level - facts.deactivated_level) <= _ROUNDING


def _above_floor(hold: OutgoingHold, facts: StoredFacts) -> bool:
    off = hold.level == 0 and not facts.proportional
    return off or hold.level * facts.rated_a >= _FLOOR_A - _ROUNDING


def _consent(facts: StoredFacts, at: datetime) -> bool:
    began, tenant = None, None
    for since, name in facts.tenancies:
        if since <= at and (began is None or since >= began):
            began, tenant = since, name
    latest, agreed = None, False
    for word in facts.words:
        if word.kind == "sought" or word.at > at:
            continue
        if began is not None and (word.at < began or word.tenancy != tenant):
            continue
        if latest is None or word.at > latest:
            latest, agreed = word.at, word.kind == "given"
        elif word.at == latest and word.kind != "given":
            agreed = False
    return agreed


def _minutes(hold: OutgoingHold, intervals: tuple[StoredInterval, ...]) -> tuple[str, ...]:
    end = hold.start + timedelta(seconds=hold.duration_s)
    own = [i for i in intervals if i.command == hold.command]
    reasons = []
    if not any(i.start <= hold.start and end <= i.end and i.weight >= hold.weight for i in own):
        reasons.append("its minutes are not reserved in the ledger")
    mine = StoredInterval(command=hold.command, start=hold.start, end=end, weight=hold.weight)
    every = [i for i in (*intervals, mine) if i.start < i.end]
    for length, allowed in _WINDOWS:
        ends = [i.end for i in every] + [i.start + length for i in every]
        if any(_use(every, e - length, e) > allowed for e in ends if hold.start <= e <= end + length):
            reasons.append(f"over {allowed // timedelta(minutes=1)} minutes in {length // timedelta(hours=1)} hours")
    return tuple(reasons)


def _use(intervals: list[StoredInterval], start: datetime, end: datetime) -> timedelta:
    """Use within ``[start, end)``: piece by piece between all edges, the highest weight of those in force counting."""
    edges = {start, end}
    for i in intervals:
        edges |= {t for t in (i.start, i.end) if start < t < end}
    marks = sorted(edges)
    total = timedelta(0)
    for k in range(len(marks) - 1):
        left, right = marks[k], marks[k + 1]
        in_force = [i.weight for i in intervals if i.start <= left and right <= i.end]
        total += (right - left) * max(in_force, default=0.0)
    return total
