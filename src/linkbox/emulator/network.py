"""The home network: the communications hub's device log, and the joining of an HCALCS. Source: reference 5.8, 7.6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from linkbox.base.identifiers import Eui64
from linkbox.dcc.gbcs import ccs, cs03
from linkbox.dcc.gbcs.dlms import DlmsResult
from linkbox.dcc.gbcs.envelope import Message
from linkbox.dcc.gbcs.outcome import Results

LOG_LENGTH, HISTORIC_LENGTH = 16, 15
"""How many devices the hub's log holds (not published: a setting of this emulator), and its historic log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A communications hub: whom its log lists, with the install code to join with and until when joining is open."""

    eui: Eui64
    log: Mapping[Eui64, bytes] = field(default_factory=lambda: MappingProxyType({}))
    joining_until: Mapping[Eui64, datetime] = field(default_factory=lambda: MappingProxyType({}))
    historic: tuple[Eui64, ...] = ()
    on_network: frozenset[Eui64] = frozenset()
    counters: Mapping[Eui64, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """An HCALCS as a device that is commanded to join: with whom it has, or is ready to."""

    eui: Eui64
    joined: frozenset[Eui64] = frozenset()


def change_log(hub: Hub, message: Message, at: datetime) -> tuple[Hub, Message]:
    """The hub after CCS01 (add) or CCS02 (remove), and its response."""
    if message.message_code == ccs.CCS01.message_code:
        return _add(hub, message, at)
    device = ccs.CCS02.decode_command(message).eui
    if device not in hub.log:
        return hub, ccs.CCS02.response(message, Results(results=(DlmsResult.HARDWARE_FAULT,)))
    log = {eui: code for eui, code in hub.log.items() if eui != device}
    historic = (*hub.historic, device)[-HISTORIC_LENGTH:]
    after = replace(hub, log=log, historic=historic, on_network=hub.on_network - {device})
    return after, ccs.CCS02.response(message, Results.all_well(1))


def _add(hub: Hub, message: Message, at: datetime) -> tuple[Hub, Message]:
    """An entry that is there already is a success, and its key is ignored."""
    wish = ccs.CCS01.decode_command(message)
    if wish.eui not in hub.log and len(hub.log) >= LOG_LENGTH:
        failed = (DlmsResult.HARDWARE_FAULT, DlmsResult.OTHER_REASON, DlmsResult.OTHER_REASON)
        return hub, ccs.CCS01.response(message, Results(results=failed))
    until = at + timedelta(seconds=wish.join_time_s)
    after = replace(
        hub,
        log={wish.eui: wish.install_code, **hub.log},
        joining_until={**hub.joining_until, wish.eui: until},
    )
    return after, ccs.CCS01.response(message, Results.all_well(3))


def try_to_join(hub: Hub, device: Eui64, install_code: bytes | None, at: datetime) -> Hub:
    """The hub after a device has tried to join the home network at ``at`` with the code printed on it."""
    open_until = hub.joining_until.get(device)
    if open_until is None or at > open_until or hub.log.get(device) != install_code:
        return hub
    return replace(hub, on_network=hub.on_network | {device})


def join_as_responder(switch: Switch, message: Message, on_network: frozenset[Eui64]) -> tuple[Switch, Message]:
    """The switch after CS03A2: it is ready for the meter, or says why not."""
    wish = cs03.CS03A2.decode_command(message)
    result = cs03.JoinResult.SUCCESS
    if wish.method is not cs03.JoinMethod.A_RESPONDER:
        result = cs03.JoinResult.INVALID_MESSAGE_CODE_FOR_METHOD_AND_ROLE
    elif switch.eui not in on_network or wish.eui not in on_network:
        result = cs03.JoinResult.NO_PARTNER_LINK_KEY_RECEIVED
    joined = switch.joined | {wish.eui} if result is cs03.JoinResult.SUCCESS else switch.joined
    return replace(switch, joined=joined), cs03.CS03A2.response(message, result)
