"""Who lives on the street: supply points, devices, suppliers, consents. Drawn from the seed, all invented."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from linkbox.base.identifiers import Eui64, Mpan
from linkbox.base.phases import Phase
from linkbox.customers import ConsentEvent, ConsentKind, CustomerEvent, PriorityChoice, Scope, TenancyChange
from linkbox.customers.events import USUAL_SCOPE
from linkbox.dcc.inventory import Installation
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.entities import ChargerPoint
from linkbox.records.contact import Channel, Contact, Language, QuietHours
from linkbox.study.scenario import Scenario

SUPPLIERS = ("Alder Energy", "Birch Power", "Cedar Supply")
EV_LABEL = "EV charger"
CONSENT_TEXT = "consent-2025-3"
"""The version of the text that people were shown when they were asked for their consent."""
REDUCED_RATE = 0.3
"""Of a charger of 32 A that is 9.6 A: above the 6 A at which a car goes on charging."""
_REGIONS = ("North", "Central", "South")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home, in the order of the network's loads."""

    point: ConnectionPoint
    charger: ChargerPoint | None
    installation: Installation | None
    history: tuple[CustomerEvent, ...]
    name: str
    contact: Contact | None = None


def populate(scenario: Scenario, phases: list[Phase], has_charger: list[bool]) -> tuple[Home, ...]:
    """The homes of a street. A few are there to be left alone: a shop, customers on the priority register, one with
    a wrong label on the switch, one whose new tenant has not been asked yet, one who withdrew."""
    draw = random.Random(f"population/{scenario.seed}")
    first = draw.randrange(10**8)
    owners = [i for i, has in enumerate(has_charger) if has]
    special = dict(zip(draw.sample(owners, min(len(owners), 5)), _SPECIAL, strict=False))
    on_file = _phases_on_file(scenario, phases)
    return tuple(
        _home(scenario, draw, first + i, i, on_file[i], has_charger[i], special.get(i, "")) for i in range(len(phases))
    )


def _phases_on_file(scenario: Scenario, phases: Sequence[Phase]) -> list[Phase | None]:
    """What the register says: the phase, or nothing where nobody has written it down."""
    draw = random.Random(f"phases on file/{scenario.seed}")
    return [phase if draw.random() < scenario.phase_known_share else None for phase in phases]


_SPECIAL = ("shop", "priority", "priority opted in", "wrong label", "new tenant")


def _home(
    scenario: Scenario,
    draw: random.Random,
    number: int,
    index: int,
    phase: Phase | None,
    has_charger: bool,
    special: str,
) -> Home:
    mpan = Mpan.from_core(f"2000{number % 10**8:08d}")
    point = ConnectionPoint(
        mpan=mpan,
        phase=phase,
        domestic=special != "shop",
        priority_register=special.startswith("priority"),
        postcode=f"LB{1 + index // 20} {draw.randrange(1, 10)}{draw.choice('ABDEFGHJLNPQRSTUWXYZ')}"
        f"{draw.choice('ABDEFGHJLNPQRSTUWXYZ')}",
    )
    consents = draw.random() < scenario.consent_share or (special != "" and scenario.consent_share > 0.0)
    supplier, channel = draw.choice(SUPPLIERS), draw.choice(("e-mail", "SMS"))
    region, dual = draw.choice(_REGIONS), draw.random() < 0.3
    slot = draw.randrange(1, 6)
    name = f"home {index + 1}"
    if not has_charger:
        return Home(point=point, charger=None, installation=None, history=(), name=name)
    installation = Installation(
        mpan=mpan,
        chf=_device(0xA2, number),
        gpf=_device(0xA3, number),
        esme=_device(0xA0, number),
        hcalcs=_device(0xA5, number),
        slot=slot,
        label="Immersion heater" if special == "wrong label" else EV_LABEL,
        region=region,
        hub="dual-band" if dual else "single-band",
        **_controls(scenario.devices, number),
    )
    charger = ChargerPoint(
        mpan=mpan,
        phase=phase,
        rated_a=scenario.charger_kw * 1000 / 230.0,
        supplier=supplier,
        channel=channel,
        reduced_fraction=REDUCED_RATE if scenario.devices == "reduced" and number % 2 else 0.0,
    )
    scope = Scope(off=not (charger.reduced_fraction and number % 4 == 1))
    history = _history(mpan, scenario.start, consents, special, draw, scope)
    contact = _contact(scenario, index, channel)
    return Home(point=point, charger=charger, installation=installation, history=history, name=name, contact=contact)


def _contact(scenario: Scenario, index: int, channel: str) -> Contact:
    """Addresses of domains and numbers that are reserved for examples. A fifth read Welsh, a third like it quiet."""
    draw = random.Random(f"contacts/{scenario.seed}/{index}")
    address = f"home{index + 1}@customers.example" if channel == "e-mail" else f"+447700900{index:03d}"
    quiet = draw.random() < 0.3
    return Contact(
        channel=Channel(channel),
        address=address,
        language=Language.WELSH if draw.random() < 0.2 else Language.ENGLISH,
        quiet=QuietHours(start=time(22), end=time(6, 30)) if quiet else None,
        start_in_quiet=draw.random() < 0.5,
        ahead=draw.random() < 0.5,
    )


def _controls(devices: str, number: int) -> dict[str, Any]:
    """What is in front of the charger, and what its meter knows."""
    if devices in {"hcalcs", "reduced"}:
        return {}
    turn = number % 4 if devices == "mixed" else 2
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"meter": "4"},
        {"meter": "4", "proportional": True},
        {"meter": "4", "apc": _device(0xA6, number)},
    )
    return choices[turn]


def _device(kind: int, number: int) -> Eui64:
    return Eui64.from_octets(bytes([0x00, 0xDB, 0x12, kind]) + number.to_bytes(4, "big"))


def _history(
    mpan: Mpan, start: datetime, consents: bool, special: str, draw: random.Random, scope: Scope
) -> tuple[CustomerEvent, ...]:
    moved_in = start - timedelta(days=draw.randrange(400, 3000))
    asked = start - timedelta(days=draw.randrange(60, 300))
    answered = asked + timedelta(days=draw.randrange(1, 20))
    events: list[CustomerEvent] = [
        TenancyChange(mpan=mpan, at=moved_in, recorded_at=moved_in, tenancy="T1"),
        _consent(mpan, asked, ConsentKind.SOUGHT),
        _consent(mpan, answered, ConsentKind.GIVEN if consents else ConsentKind.REFUSED, scope),
    ]
    if special == "new tenant":
        moved = start - timedelta(days=20)
        events.append(TenancyChange(mpan=mpan, at=moved, recorded_at=moved, tenancy="T2"))
    if special == "priority opted in":
        said = answered + timedelta(days=1)
        choice = PriorityChoice(mpan=mpan, at=said, recorded_at=said, opted_in=True, evidence=f"call {said:%Y%m%d}")
        events.append(choice)
    return tuple(events)


def _consent(mpan: Mpan, at: datetime, kind: ConsentKind, scope: Scope = USUAL_SCOPE) -> ConsentEvent:
    return ConsentEvent(
        mpan=mpan,
        at=at,
        recorded_at=at,
        kind=kind,
        text_version=CONSENT_TEXT,
        channel="web",
        evidence=f"form {at:%Y%m%d}",
        tenancy="T1",
        scope=scope,
    )
