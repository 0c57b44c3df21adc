"""What a distributor knows of a feeder: its fuse, head cable, transformer and the customers on it."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.grid.cables import CABLE_TAU_S, CABLES, CableSpec, cable_for
from linkbox.grid.fuses import FUSES, FuseSpec
from linkbox.grid.transformers import TRANSFORMERS, TransformerSpec

__all__ = [
    "CABLES",
    "CABLE_TAU_S",
    "FUSES",
    "TRANSFORMERS",
    "CableSpec",
    "ConnectionPoint",
    "FeederModel",
    "FuseSpec",
    "TransformerSpec",
    "cable_for",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPoint:
    """One customer's supply. ``phase`` is None where it is not known, or where the supply is three-phase."""

    mpan: Mpan
    phase: Phase | None
    domestic: bool = True
    priority_register: bool = False
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederModel:
    """One low-voltage feeder: what protects it, what carries it, what feeds it and whom it supplies.

    ``cable`` is the head section, which carries the whole current. ``nominal_voltage_v`` is phase to neutral.
    """

    feeder_id: FeederId
    substation: str
    fuse: FuseSpec
    cable: CableSpec
    transformer: TransformerSpec
    nominal_voltage_v: float = 230.0
    points: tuple[ConnectionPoint, ...] = ()
