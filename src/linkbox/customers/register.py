"""The customers' file: a fold over the events, that answers for any moment, as known at any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers.events import (
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    Objection,
    PriorityChoice,
    TenancyChange,
)


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

    _events: Mapping[str, frozenset[CustomerEvent]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, events: Iterable[CustomerEvent]) -> CustomerFile:
        """The file that these events give; an event that comes twice counts once."""
        return cls().with_(*events)

    def with_(self, *events: CustomerEvent) -> CustomerFile:
        """This file with more events."""
        new: dict[str, set[CustomerEvent]] = {}
        for event in events:
            new.setdefault(event.mpan, set()).add(event)
        joined = {mpan: self._events.get(mpan, frozenset()) | added for mpan, added in new.items()}
        return CustomerFile(MappingProxyType({**self._events, **joined}))

    def history(self, mpan: Mpan, *, known_at: datetime | None = None) -> tuple[CustomerEvent, ...]:
        """All events of one point in order of ``at``; only those recorded by ``known_at``, if that is given."""
        known = (e for e in self._events.get(mpan, ()) if known_at is None or e.recorded_at <= known_at)
        return tuple(sorted(known, key=lambda e: (e.at, e.recorded_at, repr(e))))

    def consent(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> ConsentStatus:
        """Whether consent was in force at ``at``, as known at ``known_at`` (default: everything recorded so far).

        Only what the tenant of that moment said during that tenancy counts; the latest word decides; of two words at
        the same moment the one that permits less. Seeking a consent is no word of the customer's.
        """
        happened = [e for e in self.history(mpan, known_at=known_at) if e.at <= at]
        change = _last([e for e in happened if isinstance(e, TenancyChange)])
        words = [e for e in happened if isinstance(e, ConsentEvent) and e.kind is not ConsentKind.SOUGHT]
        mine = [e for e in words if change is None or (e.at >= change.at and e.tenancy == change.tenancy)]
        tenancy = change.tenancy if change else None
        if not mine:
            return ConsentStatus(valid=False, reason=_why_none(words, change), tenancy=tenancy, event=None)
        latest = max(mine, key=lambda e: (e.at, e.kind is not ConsentKind.GIVEN, e.recorded_at))
        return ConsentStatus(
            valid=latest.kind is ConsentKind.GIVEN,
            reason=f"consent {latest.kind} at {format_utc(latest.at)}",
            tenancy=tenancy or latest.tenancy,
            event=latest,
        )

    def objection(
        self, mpan: Mpan, intervention_id: str, at: datetime, *, known_at: datetime | None = None
    ) -> Objection | None:
        """The first objection of this customer against this intervention, up to ``at``."""
        history = self.history(mpan, known_at=known_at)
        mine = [e for e in history if isinstance(e, Objection) and e.intervention_id == intervention_id and e.at <= at]
        return mine[0] if mine else None

    def priority_opt_in(self, mpan: Mpan, at: datetime, *, known_at: datetime | None = None) -> PriorityChoice | None:
        """The choice by which a customer on the priority register takes part, if one is in force at ``at``.

        It ends with the tenancy, as consent does; of two choices at the same moment the one that permits less counts.
        """
        happened = [e for e in self.history(mpan, known_at=known_at) if e.at <= at]
        change = _last([e for e in happened if isinstance(e, TenancyChange)])
        choices = [e for e in happened if isinstance(e, PriorityChoice) and (change is None or e.at >= change.at)]
        latest = max(choices, key=lambda e: (e.at, not e.opted_in, e.recorded_at), default=None)
        return latest if latest is not None and latest.opted_in else None


def _last(changes: list[TenancyChange]) -> TenancyChange | None:
    return changes[-1] if changes else None


def _why_none(words: list[ConsentEvent], change: TenancyChange | None) -> str:
    if words and change is not None:
        return f"tenancy changed at {format_utc(change.at)}; what was said before does not bind the new tenant"
    return "no consent on file"
