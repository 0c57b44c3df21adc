"""One emulated home: hub, meter and switch with their keys and their state, and how each takes a command."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from linkbox.base.identifiers import Eui64
from linkbox.base.values import changed
from linkbox.dcc.eligibility import Profile
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs import ccs, cs03, ecs35, ecs46, ecs47a, ecs47e, ecs61d, ecs61e
from linkbox.dcc.gbcs.controllers import ControllerType
from linkbox.dcc.gbcs.envelope import Message, decode
from linkbox.dcc.gbcs.objects import SLOT_NUMBERS
from linkbox.dcc.inventory import Installation
from linkbox.emulator.contactor import Contactor, Polling, instruct
from linkbox.emulator.device import (
    MALFORMED,
    CommandRefused,
    DeviceAlert,
    DeviceKeys,
    accepted,
    authenticate,
    authorise,
    protect,
    refusal_alert,
)
from linkbox.emulator.draws import Draws
from linkbox.emulator.esme import Esme, next_wake, poll, wake
from linkbox.emulator.faults import FaultKind, FaultPlan, Target
from linkbox.emulator.meteractions import ACTIONS, Surroundings
from linkbox.emulator.network import Hub, Switch, change_log, join_as_responder

HUB_CODES = frozenset({ccs.CCS01.message_code, ccs.CCS02.message_code})
SWITCH_CODES = frozenset({cs03.CS03A2.message_code})
APC_CODES = frozenset(
    case.message_code
    for case in (ecs35.ECS35G, ecs46.ECS46D, ecs47a.USE_CASE, ecs47e.USE_CASE, ecs61d.USE_CASE, ecs61e.USE_CASE)
)
APC_SLOT = 1
"""At which number a standalone APC knows itself (not published: a choice of this emulator)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The devices of one installation. ``hub``, ``esme``, ``switch``, ``contactor`` and ``apc`` change, the rest stays.

    ``apc`` is a standalone APC, which keeps the same state as a meter does for its slots. ``levels`` is the history of
    a proportional controller's output in percent: each level from its time on, 100 before the first.
    """

    installation: Installation
    hub: Hub
    esme: Esme
    switch: Switch
    keys: Mapping[Eui64, DeviceKeys] = field(repr=False)
    polling: Polling
    target: Target
    hub_offline: tuple[tuple[datetime, datetime], ...] = ()
    clock_drift: timedelta = timedelta(0)
    install_code: bytes | None = field(default=None, repr=False)
    contactor: Contactor = field(default_factory=Contactor)
    apc: Esme | None = None
    levels: tuple[tuple[datetime, int], ...] = ()

    def hub_reachable(self, at: datetime) -> bool:
        """Whether the communications hub is on line at ``at``."""
        return not any(start <= at < end for start, end in self.hub_offline)

    def bound_slot(self) -> int | None:
        """The slot whose HCALCS is this home's switch, if it is joined at both ends; else None."""
        esme, switch = self.esme, self.switch
        if switch.eui not in esme.joined or esme.eui not in switch.joined or switch.eui not in self.hub.on_network:
            return None
        for number in SLOT_NUMBERS:
            controller = esme.controllers[number - 1]
            if controller.kind is ControllerType.HCALCS and controller.eui == switch.eui:
                return number
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What a device makes of a command: the home's new state, and a response, or an alert instead."""

    home: Home
    response: bytes | None = None
    alerts: tuple[DeviceAlert, ...] = ()
    reason: str = ""


def receive(
    home: Home, device: Eui64, data: bytes, *, profile: Profile, meter_codes: Collection[int], at: datetime
) -> Reaction:
    """Let ``device`` check ``data`` (MAC, signature, authority, counter, content), act on it, and answer.

    ``meter_codes`` are the message codes that the meter supports. The device goes by its own clock.
    """
    at += home.clock_drift
    supported = {home.hub.eui: HUB_CODES, home.switch.eui: SWITCH_CODES, home.esme.eui: frozenset(meter_codes)}
    if home.apc is not None:
        supported[home.apc.eui] = APC_CODES
    try:
        keys = home.keys[device]
        message, role = authenticate(data, keys=keys, at=at)
        authorise(
            message,
            role,
            eui=device,
            counters=_counters(home, device),
            supported=supported.get(device, frozenset()),
            profile=profile,
            at=at,
        )
        after, response, alerts = _act(home, message, at)
    except CommandRefused as refused:
        return _refusal(home, device, data, refused.alert_code, refused.rule, at)
    except RemoteProtocolError as error:
        return _refusal(home, device, data, MALFORMED, str(error), at)
    return Reaction(home=_counted(after, message), response=protect(message, response, keys=keys, at=at), alerts=alerts)


def with_faults(home: Home, faults: FaultPlan, draws: Draws) -> Home:
    """The home with the off-line periods of other fault rules."""
    switch = tuple(faults.periods(FaultKind.HCALCS_OFFLINE, home.target, draws=draws))
    hub = tuple(faults.periods(FaultKind.HUB_OFFLINE, home.target, draws=draws))
    return changed(home, hub_offline=hub, polling=changed(home.polling, offline=switch))


def switch_polls(home: Home, at: datetime) -> Home:
    """The home after its switch has polled the meter at ``at``; a switch that serves no slot stays closed."""
    number = home.bound_slot()
    if number is None:
        return home
    esme, told = poll(home.esme, number, at=at)
    return changed(home, esme=esme, contactor=instruct(home.contactor, told, at=at))


def leveled(home: Home, at: datetime) -> Home:
    """The home with the level that its proportional controller gives the charger from ``at`` on, if it has one."""
    device, number = (home.esme, home.installation.slot) if home.apc is None else (home.apc, APC_SLOT)
    if device.controllers[number - 1].kind is not ControllerType.APC:
        return home
    percent = device.output_percent(number, at + home.clock_drift)
    known = home.levels[-1][1] if home.levels else 100
    return home if percent == known else replace(home, levels=(*home.levels, (at, percent)))


def level_spans(home: Home, start: datetime, end: datetime) -> tuple[tuple[datetime, datetime, float], ...]:
    """Every span of ``[start, end)`` with the fraction of the rating that a proportional controller allowed in it."""
    edges = [start, *(at for at, _ in home.levels if start < at < end), end]
    spans = []
    for since, until in itertools.pairwise(edges):
        percent = next((level for at, level in reversed(home.levels) if at <= since), 100)
        spans.append((since, until, percent / 100))
    return tuple(spans)


def next_poll(home: Home, at: datetime) -> datetime | None:
    """When the switch will learn of what was told to its slot before ``at``; None if it serves no slot."""
    return None if home.bound_slot() is None else home.polling.next_poll(at)


def next_poll_after_change(home: Home, at: datetime) -> datetime | None:
    """When the switch will learn of the next change that comes by itself after ``at``."""
    number = home.bound_slot()
    change = None if number is None else home.esme.next_change(number, at)
    return None if change is None else home.polling.next_poll(change)


def meter_wakes(home: Home, at: datetime) -> tuple[Home, tuple[DeviceAlert, ...]]:
    """The home after its meter and its standalone APC have done what is due at ``at``."""
    esme, alerts = wake(home.esme, at)
    after = changed(home, esme=esme)
    if home.apc is None:
        return after, alerts
    apc, more = wake(home.apc, at)
    return changed(after, apc=apc), (*alerts, *_from(apc, more))


def next_meter_wake(home: Home) -> datetime | None:
    """When the meter or the standalone APC next has to do something by itself."""
    times = [next_wake(device) for device in (home.esme, home.apc) if device is not None]
    return min((at for at in times if at is not None), default=None)


def _act(home: Home, message: Message, at: datetime) -> tuple[Home, Message, tuple[DeviceAlert, ...]]:
    on_network = home.hub.on_network | {home.esme.eui}
    if message.recipient == home.hub.eui:
        hub, response = change_log(home.hub, message, at)
        return changed(home, hub=hub), response, ()
    if message.recipient == home.switch.eui:
        switch, response = join_as_responder(home.switch, message, on_network)
        return changed(home, switch=switch), response, ()
    if home.apc is not None and message.recipient == home.apc.eui:
        done = ACTIONS[message.message_code](home.apc, message, Surroundings(at=at, on_network=on_network))
        return changed(home, apc=done.esme), done.response, _from(done.esme, done.alerts)
    ready = frozenset({home.switch.eui}) if home.esme.eui in home.switch.joined else frozenset()
    around = Surroundings(at=at, on_network=on_network, ready_to_join=ready)
    done = ACTIONS[message.message_code](home.esme, message, around)
    return changed(home, esme=done.esme), done.response, done.alerts


def _from(device: Esme, alerts: Iterable[DeviceAlert]) -> tuple[DeviceAlert, ...]:
    return tuple(changed(alert, device=device.eui) for alert in alerts)


def _counters(home: Home, device: Eui64) -> Mapping[Eui64, int]:
    if home.apc is not None and device == home.apc.eui:
        return home.apc.counters
    if device == home.esme.eui:
        return home.esme.counters
    return home.hub.counters if device == home.hub.eui else {}


def _counted(home: Home, message: Message) -> Home:
    if message.recipient == home.esme.eui:
        esme = changed(home.esme, counters=accepted(home.esme.counters, message))
        return changed(home, esme=esme)
    if home.apc is not None and message.recipient == home.apc.eui:
        return changed(home, apc=changed(home.apc, counters=accepted(home.apc.counters, message)))
    if message.recipient == home.hub.eui:
        hub = changed(home.hub, counters=accepted(home.hub.counters, message))
        return changed(home, hub=hub)
    return home


def _refusal(home: Home, device: Eui64, data: bytes, alert_code: int, reason: str, at: datetime) -> Reaction:
    try:
        refused = decode(data)
    except RemoteProtocolError:
        return Reaction(home=home, reason=reason)  # nobody to send an alert to
    alert = refusal_alert(alert_code, refused, at)
    if home.apc is not None and device == home.apc.eui:
        alert = changed(alert, device=device)
    return Reaction(home=home, alerts=(alert,), reason=reason)
