"""The customers of the simulated decade and what is on file about them: permits, stored facts, and how they change."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.control.devices import OnOff, Proportional
from linkbox.control.ledger import Ledger
from linkbox.control.veto import StoredFacts, StoredInterval, StoredWord
from linkbox.customers import (
    Candidate,
    ConsentEvent,
    ConsentKind,
    CustomerFile,
    Objection,
    Permit,
    Refusal,
    TenancyChange,
    permit,
)
from linkbox.customers.events import Scope
from linkbox.study.decade_world import Customer, Device

_KINDS = [(False, 0.0), (False, 0.5), (True, 0.0)]
"""Proportional or not, and what a switch leaves; drawn with the weights 6, 2 and 2."""


class Town:
    """``count`` homes with their devices and customers, and the customers' file as the controller knows it."""

    def __init__(self, count: int, rng: random.Random) -> None:
        chosen = [rng.choices(_KINDS, (6, 2, 2))[0] for _ in range(count)]
        self.devices = [Device(rated_a=32.0, proportional=p, reduced_fraction=r) for p, r in chosen]
        self.people = [Customer(domestic=rng.random() > 0.03, register=rng.random() < 0.05) for _ in range(count)]
        self.mpans = [Mpan.from_core(f"14{n:010d}") for n in range(count)]
        self.file = CustomerFile()

    def ask(self, n: int, intervention: str, at: datetime) -> Permit | Refusal:
        """Whether the charger may be held, through the front door."""
        person, device = self.people[n], self.devices[n]
        off = not device.proportional and device.reduced_fraction == 0
        candidate = Candidate(
            mpan=self.mpans[n], domestic=person.domestic, priority_register=person.register, switched_off=off
        )
        return permit(candidate, self.file, intervention_id=intervention, at=at)

    def control(self, n: int) -> OnOff | Proportional:
        """What a hold can leave the charger."""
        device = self.devices[n]
        return Proportional() if device.proportional else OnOff(reduced_fraction=device.reduced_fraction)

    def deepest(self, n: int) -> float:
        """The least that a hold can leave it: of 32 A, 19 % is the first whole percent above the floor."""
        return 0.19 if self.devices[n].proportional else self.devices[n].reduced_fraction

    def facts(self, n: int, ledger: Ledger, at: datetime) -> StoredFacts:
        """What the veto reads of this charger, from the stored rows."""
        device, history = self.devices[n], self.file.history(self.mpans[n])
        oldest = at - timedelta(days=31)
        return StoredFacts(
            domestic=self.people[n].domestic,
            priority_register=self.people[n].register,
            priority_opted_in=False,
            words=tuple(
                StoredWord(at=e.at, kind=e.kind.value, tenancy=e.tenancy, off=e.scope.off)
                for e in history
                if isinstance(e, ConsentEvent)
            ),
            tenancies=tuple((e.at, e.tenancy) for e in history if isinstance(e, TenancyChange)),
            objections=frozenset(e.intervention_id for e in history if isinstance(e, Objection)),
            label_is_ev_charger=True,
            eligible=True,
            eligibility_rule="",
            intervals=tuple(
                StoredInterval(command=e.command, start=e.start, end=e.end, weight=e.weight_milli / 1000)
                for e in ledger.entries_of(self.mpans[n])
                if e.end > oldest
            ),
            proportional=device.proportional,
            rated_a=device.rated_a,
            deactivated_level=device.reduced_fraction,
        )

    def says(self, n: int, kind: ConsentKind, at: datetime, *, reduced_only: bool) -> None:
        """The customer's word, and what is kept of it."""
        person = self.people[n]
        person.agrees, person.reduced_only = kind is ConsentKind.GIVEN, reduced_only
        self.file = self.file.with_(
            ConsentEvent(
                mpan=self.mpans[n],
                at=at,
                recorded_at=at,
                kind=kind,
                text_version="1",
                channel="web",
                evidence="form",
                tenancy=person.tenancy,
                scope=Scope(off=not reduced_only),
            )
        )

    def moves(self, n: int, tenancy: str, at: datetime) -> None:
        """A new tenant, who has agreed to nothing."""
        person = self.people[n]
        person.tenancy, person.agrees = tenancy, False
        change = TenancyChange(mpan=self.mpans[n], at=at, recorded_at=at, tenancy=tenancy)
        self.file = self.file.with_(change)

    def objects(self, n: int, intervention: str, at: datetime) -> None:
        """The customer rejects one intervention."""
        self.people[n].objects_to = intervention
        self.file = self.file.with_(Objection(mpan=self.mpans[n], intervention_id=intervention, at=at, recorded_at=at))
