"""The customers' file: a fold over the events, that answers for any moment, as known at any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import TypeVar

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers.events import (
    Annulment,
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    Objection,
    PriorityChoice,
    SupplierChange,
    TenancyChange,
)
from linkbox.customers.rows import fact_id

_Event = TypeVar("_Event", bound=CustomerEvent)
_SOUGHT, _GIVEN = ConsentKind.SOUGHT, ConsentKind.GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatus:
    """Whether consent was in force, and why, in words. ``event`` is the consent event that decided, if any did."""

    valid: bool
    reason: str
    tenancy: str | None
    event: ConsentEvent | None


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """Everything that was recorded about a set of connection points. The order of arrival does not matter."""

    _events: Mapping[str, tuple[CustomerEvent, ...]] = field(default_factory=lambda: MappingProxyType({}))
    _corrected: frozenset[str] = frozenset()  # points with an annulment

    @classmethod
    def of(cls, events: Iterable[CustomerEvent]) -> CustomerFile:
        """The file that these events give; an event that comes twice counts once."""
        found: dict[str, list[CustomerEvent]] = {}
        corrected = set[str]()
        for event in events:
            found.setdefault(event.mpan, []).append(event)
            if event.__class__ is Annulment:
                corrected.add(event.mpan)
        return cls(MappingProxyType({mpan: _in_order(mine) for mpan, mine in found.items()}), frozenset(corrected))

    def with_(self, *events: CustomerEvent) -> CustomerFile:
        """This file with more events."""
        new: dict[str, list[CustomerEvent]] = {}
        for event in events:
            new.setdefault(event.mpan, []).append(event)
        joined = {mpan: _in_order([*self._events.get(mpan, ()), *added]) for mpan, added in new.items()}
        corrected = {event.mpan for event in events if isinstance(event, Annulment)}
        return CustomerFile(MappingProxyType({**self._events, **joined}), self._corrected | corrected)

    def mpans(self) -> frozenset[str]:
        """The points that anything is recorded about."""
        return frozenset(self._events)

    def history(self, mpan: Mpan, *, known_at: datetime | None = None) -> tuple[CustomerEvent, ...]:
        """The events of one point that count, in order of ``at``: without those that were annulled, and without the
        annulments; only those recorded by ``known_at``, if that is given."""
        events = self.told(mpan, known_at=known_at)
        return _uncorrected(events) if mpan in self._corrected else events

    def told(self, mpan: Mpan, *, known_at: datetime | None = None) -> tuple[CustomerEvent, ...]:
        """Everything that was ever recorded of one point, annulled or not, in order of ``at``."""
        events = self._events.get(mpan, ())
        return events if known_at is None else tuple(e for e in events if e.recorded_at <= known_at)

    def annulled(self, mpan: Mpan, *, known_at: datetime | None = None) -> Mapping[str, Annulment]:
        """The annulments in force of one point, by the fact that each annuls."""
        return _annulments(self.told(mpan, known_at=known_at))

    def tenancy(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> TenancyChange | None:
        """The tenancy that held at ``at``, as far as one was recorded."""
        return _last_of(TenancyChange, self.history(mpan, known_at=known_at), at)

    def supplier(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> str | None:
        """Who supplied the point at ``at``, as far as that was recorded."""
        change = _last_of(SupplierChange, self.history(mpan, known_at=known_at), at)
        return None if change is None else change.supplier

    def consent(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> ConsentStatus:
        """Whether consent was in force at ``at``, as known at ``known_at`` (default: everything recorded so far).

        Only what the tenant of that moment said during that tenancy counts; the latest word decides; of two words at
        the same moment the one that permits less. Seeking a consent is no word of the customer's, and superseding a
        text touches only the consent that was given to it.
        """
        change: TenancyChange | None = None
        words: list[ConsentEvent] = []
        for event in self.history(mpan, known_at=known_at):
            if event.at > at:
                break
            if isinstance(event, ConsentEvent):
                if event.kind is not _SOUGHT:
                    words.append(event)
            elif isinstance(event, TenancyChange):
                change = event
        mine = words
        if change is not None:
            since, tenancy = change.at, change.tenancy
            mine = [e for e in words if e.at >= since and e.tenancy == tenancy]
        else:
            tenancy = None
        latest = mine[0] if len(mine) == 1 and mine[0].kind is _GIVEN else _standing(mine)
        if latest is None:
            return ConsentStatus(valid=False, reason=_why_none(words, change), tenancy=tenancy, event=None)
        given, expires_at = latest.kind is _GIVEN, latest.expires_at
        expired = given and expires_at is not None and expires_at <= at
        reason = "consent " + latest.kind + " at " + format_utc(latest.at)
        if expired and expires_at is not None:
            reason += f", expired at {format_utc(expires_at)}"
        return ConsentStatus(
            valid=given and not expired, reason=reason, tenancy=tenancy or latest.tenancy, event=latest
        )

    def objection(
        self, mpan: Mpan, intervention_id: str, at: datetime, *, known_at: datetime | None = None
    ) -> Objection | None:
        """The first objection of this customer against this intervention, up to ``at``."""
        for event in self.history(mpan, known_at=known_at):
            if isinstance(event, Objection) and event.intervention_id == intervention_id and event.at <= at:
                return event
        return None

    def priority_opt_in(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> PriorityChoice | None:
        """The choice by which a customer on the priority register takes part, if one is in force at ``at``.

        It ends with the tenancy, as consent does; of two choices at the same moment the one that permits less counts.
        """
        happened = [e for e in self.history(mpan, known_at=known_at) if e.at <= at]
        change = _last_of(TenancyChange, happened, at)
        choices = [e for e in happened if isinstance(e, PriorityChoice) and (change is None or e.at >= change.at)]
        latest = max(choices, key=lambda e: (e.at, not e.opted_in, e.recorded_at), default=None)
        return latest if latest is not None and latest.opted_in else None


def _in_order(events: list[CustomerEvent]) -> tuple[CustomerEvent, ...]:
    """By ``at``, then by ``recorded_at``, each once; where both are the same the order is arbitrary but fixed."""
    if len(events) == 1:
        return (events[0],)
    if len(events) == 2 and events[0].at != events[1].at:
        first, second = events
        return (first, second) if first.at < second.at else (second, first)
    events.sort(key=lambda e: (e.at, e.recorded_at))
    if any(a.at == b.at and a.recorded_at == b.recorded_at for a, b in pairwise(events)):
        events = sorted(set(events), key=lambda e: (e.at, e.recorded_at, repr(e)))
    return tuple(events)


def _annulments(events: Iterable[CustomerEvent]) -> dict[str, Annulment]:
    """By fact; the latest word counts first, for an annulment may be annulled itself."""
    found: dict[str, Annulment] = {}
    annulments = [event for event in events if isinstance(event, Annulment)]
    for annulment in sorted(annulments, key=lambda e: (e.recorded_at, fact_id(e)), reverse=True):
        if fact_id(annulment) not in found:
            found[annulment.fact] = annulment
    return found


def _uncorrected(events: tuple[CustomerEvent, ...]) -> tuple[CustomerEvent, ...]:
    gone = _annulments(events)
    return tuple(e for e in events if not isinstance(e, Annulment) and fact_id(e) not in gone)


def _last_of(kind: type[_Event], events: Iterable[CustomerEvent], at: datetime) -> _Event | None:
    last = None
    for event in events:
        if isinstance(event, kind) and event.at <= at:
            last = event
    return last


def _standing(words: list[ConsentEvent]) -> ConsentEvent | None:
    """The word that decides, of those of one tenant."""
    if len(words) > 1:
        words.sort(key=lambda e: (e.at, e.kind is not ConsentKind.GIVEN, e.recorded_at))
    standing: ConsentEvent | None = None
    for word in words:
        if word.kind is ConsentKind.SUPERSEDED and not _was_given_to(standing, word.text_version):
            continue
        standing = word
    return standing


def _was_given_to(standing: ConsentEvent | None, text_version: str) -> bool:
    return standing is not None and standing.kind is ConsentKind.GIVEN and standing.text_version == text_version


def _why_none(words: list[ConsentEvent], change: TenancyChange | None) -> str:
    if words and change is not None:
        return f"tenancy changed at {format_utc(change.at)}; what was said before does not bind the new tenant"
    return "no consent on file"
