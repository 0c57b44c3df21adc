"""What stands in front of a charger decides how it is commanded: which service, to which device, to which level.

| device | hold | end early | labels |
| --- | --- | --- | --- |
| HCALCS on a meter before GBCS 4 | 7.6 | 7.8 | 7.7 |
| HCALCS on a meter of GBCS 4 | 7.13, level 0 | 7.13, level 100 until the hold's end | 7.14 |
| APC, in a slot of the meter or standing alone | 7.16, a level | 7.16, level 100 until the hold's end | 7.14 |

Source: reference dcc.md 2.1, 7.1, 7.4. Both 7.13 and 7.16 carry their end, so the device restores by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linkbox.base.identifiers import Eui64
from linkbox.control.devices import Control, OnOff, Proportional
from linkbox.dcc.inventory import Installation
from linkbox.operation.entities import ChargerPoint, CommandKind

STANDALONE_SLOT = 1
"""The number at which a standalone APC knows itself (not published: to be set as the maker says)."""


class Way(StrEnum):
    """How a charger is commanded."""

    SWITCH = "switch"
    SWITCH_BY_PERIOD = "switch by period"
    LEVEL = "level"


_SRVS: dict[Way, dict[CommandKind, str]] = {
    Way.SWITCH: {CommandKind.HOLD: "7.6", CommandKind.RESET: "7.8", CommandKind.READ: "7.7"},
    Way.SWITCH_BY_PERIOD: {CommandKind.HOLD: "7.13", CommandKind.RESET: "7.13", CommandKind.READ: "7.14"},
    Way.LEVEL: {CommandKind.HOLD: "7.16", CommandKind.RESET: "7.16", CommandKind.READ: "7.14"},
}
_BOOST = {CommandKind.BOOST_READ: "7.11", CommandKind.BOOST_OFF: "7.10", CommandKind.BOOST_ON: "7.9"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a command goes: the device, and the number of its switch or controller there."""

    device: Eui64
    slot: int


def way_of(at: Installation) -> Way:
    """How the charger of this installation is commanded."""
    if at.proportional or at.apc is not None:
        return Way.LEVEL
    return Way.SWITCH if at.meter == "3" else Way.SWITCH_BY_PERIOD


def srv_of(kind: CommandKind, at: Installation) -> str:
    """The service reference variant that carries a command of this kind."""
    return _BOOST.get(kind) or _SRVS[way_of(at)][kind]


def reach_of(kind: CommandKind, at: Installation) -> Reach:
    """The device that a command of this kind goes to; the boost button is the meter's."""
    if at.apc is not None and kind not in _BOOST:
        return Reach(device=at.apc, slot=STANDALONE_SLOT)
    return Reach(device=at.esme, slot=at.slot)


def control_of(charger: ChargerPoint, at: Installation) -> Control:
    """What a hold can leave the charger with: nothing, its reduced rate, or any level from the floor up."""
    if way_of(at) is Way.LEVEL:
        return Proportional(floor_a=charger.floor_a)
    return OnOff(reduced_fraction=charger.reduced_fraction)
