"""One charger as planning sees it: its permit, what it may draw, what its control can do, what it has borne."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import Mpan
from linkbox.base.phases import Phase
from linkbox.control.devices import FLOOR_A, Control, Levels, OnOff, levels
from linkbox.customers import Permit

Amps3: TypeAlias = tuple[float, float, float]
_DAY_MINUTES, _MONTH_MINUTES = 120.0, 480.0
_HELD_BONUS = 20.0
_OFF = OnOff()
#: A charger that goes on charging, slower, is burdened less by each minute of full off than one that is switched off,
#: and is sure to go on afterwards (C6); being touched at all is a burden of its own, so that few are.
_KEEPS_CHARGING, _TOUCHED = 0.8, 5.0


class PlanningError(LinkboxError, ValueError):
    """A plan was asked for with values that make no sense; ``what`` and ``value`` name them."""

    def __init__(self, what: str, value: object, rule: str) -> None:
        self.what, self.value, self.rule = what, value, rule
        super().__init__(f"{what} = {value!r}: {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One charger that may be held: it has a permit, and can not be described without one.

    ``amps`` is what it draws on each of its phases when it draws; ``rated_a`` the rating that levels are fractions of
    (None: the same). ``phase`` is None where it is unknown, with ``phase_probability`` (default: equal), or with
    ``three_phase`` where the charger draws ``amps`` on all three. ``held_now``: a hold is in force whose renewal is up
    for decision. ``remaining_s`` is how long it may be held at ``deepest_weight``.
    """

    mpan: Mpan
    permit: Permit
    phase: Phase | None
    amps: float
    probability_drawing: float
    remaining_s: int
    used_24h_s: float
    used_30d_s: float
    held_now: bool = False
    three_phase: bool = False
    phase_probability: Amps3 | None = None
    control: Control = _OFF
    rated_a: float | None = None
    #: Whole percents of the rating that a hold may leave.
    levels: Levels = field(init=False, repr=False, compare=False)
    #: The probability that it draws, by phase: what one ampere less is expected to shed on each.
    share: Amps3 = field(init=False, repr=False, compare=False)
    #: What its deepest hold is expected to shed on each phase.
    expected_a: Amps3 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.permit.mpan != self.mpan:
            raise PlanningError("permit", self.permit.intervention_id, "belongs to another connection point")
        if not 0.0 < self.amps < math.inf:
            raise PlanningError("amps", self.amps, "must be above 0")
        if not 0.0 <= self.probability_drawing <= 1.0:
            raise PlanningError("probability_drawing", self.probability_drawing, "must be within 0..1")
        if self.rated_a is not None and not self.amps <= self.rated_a < math.inf:
            raise PlanningError("rated_a", self.rated_a, f"must be finite and no less than the {self.amps} A drawn")
        if isinstance(self.control, OnOff) and 0.0 < self.control.reduced_fraction * self.full_a < FLOOR_A:
            left_a = self.control.reduced_fraction * self.full_a
            raise PlanningError("control", left_a, f"a reduced rate must be off or {FLOOR_A} A and more")
        object.__setattr__(self, "share", self._share())
        object.__setattr__(self, "levels", levels(self.control, rated_a=self.full_a, drawn_a=self.amps))
        nothing, deepest = (0.0, 0.0, 0.0), self.levels.deepest
        object.__setattr__(self, "expected_a", nothing if self.levels.empty else self.expected_at(deepest))

    @property
    def full_a(self) -> float:
        """The rating, A per phase."""
        return self.amps if self.rated_a is None else self.rated_a

    @property
    def deepest_weight(self) -> float:
        """The fraction of full off of its deepest hold: what the ledger is to be asked with for ``remaining_s``."""
        return 1.0 - min(self.levels.deepest, 99.0) / 100

    def expected_at(self, level_percent: float) -> Amps3:
        """What a hold that leaves ``level_percent`` of the rating is expected to shed on each phase."""
        shed = max(0.0, self.amps - self.full_a * level_percent / 100)
        a, b, c = self.share
        return (shed * a, shed * b, shed * c)

    def _share(self) -> Amps3:
        p = self.probability_drawing
        if self.phase is not None:
            return (p * (self.phase == 0), p * (self.phase == 1), p * (self.phase == 2))
        if self.three_phase:
            return (p, p, p)
        a, b, c = self.phase_probability or (1 / 3, 1 / 3, 1 / 3)
        return (p * a, p * b, p * c)

    @property
    def weight(self) -> float:
        """The burden of holding this charger off now."""
        weight = burden_weight(used_24h_s=self.used_24h_s, used_30d_s=self.used_30d_s)
        return weight - (_HELD_BONUS if self.held_now else 0.0)


def burden_weight(*, used_24h_s: float, used_30d_s: float) -> float:
    """How much it is to ask of a charger that has borne this: 100 of one that has borne nothing."""
    month, day = used_30d_s / 60 / _MONTH_MINUTES, used_24h_s / 60 / _DAY_MINUTES
    return 100.0 * (1.0 + 3.0 * month + 2.0 * day)


def burden(weight: float, level_percent: float) -> float:
    """What a hold costs that leaves ``level_percent`` of the rating, of a charger with this weight."""
    if level_percent <= 0.0:
        return weight
    return weight * _KEEPS_CHARGING * (1.0 - level_percent / 100) + _TOUCHED
