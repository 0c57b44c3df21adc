"""The independent check of every outgoing hold, from the stored facts alone.

It shares no code with planning, ledger or permits, on purpose, and is plain rather than fast: a fault over there has to
meet another fault here before a customer is wronged. An empty answer lets the command go; anything else stops it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

_WINDOWS = ((timedelta(hours=24), timedelta(minutes=120)), (timedelta(days=30), timedelta(minutes=480)))
_SHORTEST_S, _LONGEST_S, _FLOOR_A, _ROUNDING = 15 * 60, 120 * 60, 6.0, 1e-6
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
    """A row of the consent history: what a tenant said, and when; ``kind`` as stored. ``off``: may be switched off.
    ``register``: takes part although on the priority register."""

    at: datetime
    kind: str
    tenancy: str
    text_version: str = ""
    expires_at: datetime | None = None
    off: bool = True
    register: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """All that is stored about the point; ``tenancies``: (from when, name). ``proportional``: the device takes levels,
    else ``deactivated_level`` is the one level of its switch."""

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
    word = _standing(facts, at)
    opted_in = facts.priority_opted_in or (word is not None and word.register)
    checks = (
        (not facts.domestic, "not a domestic connection point"),
        (facts.priority_register and not opted_in, "on the priority register without having opted in"),
        (hold.intervention_id in facts.objections, "the customer rejected this intervention"),
        (not facts.label_is_ev_charger, "the switch is not labelled as an EV charger's"),
        (not facts.eligible, f"not eligible: {facts.eligibility_rule}"),
        (word is None, "no consent of the present tenant is in force"),
        (word is not None and not word.off and hold.level == 0, "consent is for a reduced rate only"),
        (hold.duration_s % 60 != 0, "the duration is not in whole minutes"),
        (not _SHORTEST_S <= hold.duration_s <= _LONGEST_S, "the duration is not within 15 to 120 minutes"),
        (not 0 < hold.weight <= 1, "the weight is not within 0 to 1"),
        (not hold.level >= 1 - hold.weight - _ROUNDING, "fewer minutes are counted than the level takes"),
        (not _level_known(hold.level, facts), "the level is not one that the device has, or below 6 A"),
        (abs(hold.start - at) > _CLOCKS_MAY_DIFFER, "it does not start now"),
    )
    return tuple(reason for broken, reason in checks if broken) + _minutes(hold, facts.intervals)


def _level_known(level: float, facts: StoredFacts) -> bool:
    percents = range(1, 100) if facts.proportional else (facts.deactivated_level * 100,)
    off = level == 0 and not facts.proportional
    return any(abs(level * 100 - p) <= _ROUNDING for p in percents) and (off or level * facts.rated_a >= _FLOOR_A)


def _standing(facts: StoredFacts, at: datetime) -> StoredWord | None:
    """The consent in force, if there is one."""
    known = [tenancy for tenancy in facts.tenancies if tenancy[0] <= at]
    began, tenant = max(reversed(known), key=lambda tenancy: tenancy[0], default=(None, None))
    heard = [w for w in facts.words if w.kind != "sought" and w.at <= at]
    mine = [w for w in heard if began is None or (w.at >= began and w.tenancy == tenant)]
    latest: StoredWord | None = None
    for word in sorted(mine, key=lambda w: (w.at, w.kind != "given")):
        given_to = latest.text_version if latest is not None and latest.kind == "given" else None
        if word.kind != "superseded" or given_to == word.text_version:
            latest = word
    if latest is None or latest.kind != "given" or (latest.expires_at is not None and latest.expires_at <= at):
        return None
    return latest


def _minutes(hold: OutgoingHold, intervals: tuple[StoredInterval, ...]) -> tuple[str, ...]:
    end = hold.start + timedelta(seconds=hold.duration_s)
    own = [i for i in intervals if i.command == hold.command]
    reasons = []
    if not any(i.start <= hold.start and end <= i.end and i.weight >= hold.weight - _ROUNDING for i in own):
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
    marks = sorted({start, end} | {t for i in intervals for t in (i.start, i.end) if start < t < end})
    total = timedelta(0)
    for left, right in itertools.pairwise(marks):
        total += (right - left) * max((i.weight for i in intervals if i.start <= left and right <= i.end), default=0.0)
    return total
