"""Request bodies of auxiliary load control: services 7.5 to 7.8 and the Signed Pre-Command."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateAuxiliaryLoad:
    """7.5: close switch ``index`` (1..5) for ``duration_min`` minutes (0..65535)."""

    index: int
    duration_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeactivateAuxiliaryLoad:
    """7.6: open switch ``index`` (1..5) for ``duration_min`` minutes (0..65535)."""

    index: int
    duration_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAlcsData:
    """7.7: read labels, types, schedule and states of the auxiliary load switches."""

    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAuxiliaryLoad:
    """7.8: give switch ``index`` (1..5) back to its calendar."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPreCommand:
    """Any critical service in command variants 5 to 7: the GBCS message with the user's signature."""

    payload: bytes = field(repr=False)
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostSlot:
    """Whether slot ``index`` (1..5) is meant. What a slot marked False does is not published: mark all five."""

    index: int
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAuxiliaryLoadToBoostButton:
    """7.9: let the boost button switch the marked slots; exactly five slots."""

    slots: tuple[BoostSlot, ...]
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAuxiliaryLoadFromBoostButton:
    """7.10: take the marked slots from the boost button; exactly five slots."""

    slots: tuple[BoostSlot, ...]
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAuxiliaryControllerState:
    """7.13: hold controller ``index`` (1..5) at ``level_percent`` (0..100) within ``[start, end)``.

    For a switch any level but 100 means off. ``input_from_load`` selects the direction from load to network.
    """

    index: int
    start: datetime
    end: datetime
    level_percent: int
    input_from_load: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitApcLevel:
    """7.16: cap proportional controller ``index`` (1..5) at ``level_percent`` (0..100) within ``[start, end)``."""

    index: int
    start: datetime
    end: datetime
    level_percent: int
    input_from_load: bool = False
