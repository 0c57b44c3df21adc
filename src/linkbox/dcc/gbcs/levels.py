"""The level of an auxiliary controller: its direction, number and percentage in one number of 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.objects import SLOTS, require_slot

MAX_LEVEL = 100


class Direction(IntEnum):
    """Which way energy flows that the level limits: to the load, or back from it."""

    OUTPUT = 1
    INPUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Level ``level_percent`` (0..100) of controller ``number`` (1..5). For a switch, all but 100 means off.

    The wire counts in percent and DUIS too; a fraction is made of it where it leaves ``dcc``.
    """

    direction: Direction
    number: int
    level_percent: int

    def __post_init__(self) -> None:
        require_slot(self.number)
        if not 0 <= self.level_percent <= MAX_LEVEL:
            raise LocalProtocolError(f"level {self.level_percent} %", f"must be within 0..{MAX_LEVEL}")

    @property
    def controller_code(self) -> int:
        """Direction and number in one octet."""
        return self.direction << 4 | self.number


def read_level(controller_code: int, percent: int) -> Level:
    """The level that two octets mean; raise RemoteProtocolError for an impossible one."""
    direction, number = divmod(controller_code, 16)
    if direction not in (1, 2) or not 1 <= number <= SLOTS or not 0 <= percent <= MAX_LEVEL:
        rule = f"must be a direction 1..2, a number 1..{SLOTS} and 0..{MAX_LEVEL} %"
        raise RemoteProtocolError("controller level", f"{rule}: {controller_code:02X} {percent:02X}")
    return Level(direction=Direction(direction), number=number, level_percent=percent)
