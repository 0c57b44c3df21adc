"""Whom to hold down, how far and for how long: the least burden that sheds what is needed, each choice with its reason.

The burden of a charger grows with what it has borne: ``100 x (1 + 3 x used30d/480 + 2 x used24h/120)``, less 20 where
it is held already (lv-network reference 6.1), so that minutes are shared out fairly and switches are few. Currents are
expectations: the amperes that its level takes away times the probability that the charger draws. The answer is the
exact minimum for the expectations given where ``method`` is exact; where not, ``bound`` says what the minimum is not
below. Whether the expectation was right shows on the feeder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES
from linkbox.control.candidates import (
    MAX_HOLD_S,
    MIN_HOLD_S,
    Terms,
    check_need,
    check_once,
    lots,
    obstacle,
    use,
)
from linkbox.control.charger import Amps3, Charger, PlanningError, burden
from linkbox.control.choice import Choice, PlanMethod, choose
from linkbox.control.options import Option

__all__ = [
    "MAX_HOLD_S",
    "MIN_HOLD_S",
    "Charger",
    "CurtailmentPlan",
    "PassedOver",
    "PlanMethod",
    "PlannedHold",
    "PlanningError",
    "plan",
]

#: What the solver may spend on one plan, in its own deterministic seconds (about those of one core).
EFFORT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHold:
    """One charger to hold down for ``duration_s``, whole minutes, and why.

    ``level_fraction`` is what it keeps of its rating: 0 is off, and a proportional controller never gets 0.
    """

    mpan: Mpan
    duration_s: int
    expected_relief_a: Amps3
    reason: str
    level_fraction: float = 0.0

    @property
    def weight(self) -> float:
        """The fraction of full off, as the ledger counts it. Rounded: 1 - 0.42 in binary is a hair above 0.58."""
        return round(1.0 - self.level_fraction, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """One charger that was not chosen, and why."""

    mpan: Mpan
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtailmentPlan:
    """What to command now. ``shortfall_a`` is what the candidates can not shed, per phase; 0 where they suffice.

    ``cost`` is the burden of the commands; no plan with as little shortfall has one below ``bound``.
    """

    at: datetime
    required_a: Amps3
    commands: tuple[PlannedHold, ...]
    expected_relief_a: Amps3
    shortfall_a: Amps3
    method: PlanMethod
    cost: float
    passed_over: tuple[PassedOver, ...]
    bound: float = 0.0

    @property
    def sufficient(self) -> bool:
        """Whether the expected relief covers what is required on every phase."""
        return not any(self.shortfall_a)


def plan(
    required_a: Amps3,
    chargers: Sequence[Charger],
    *,
    hold_s: int,
    min_hold_s: int = MIN_HOLD_S,
    at: datetime,
    effort: float = EFFORT,
) -> CurtailmentPlan:
    """The cheapest holds that shed ``required_a`` (A per phase, finite, >= 0) from ``at`` on.

    A charger is a candidate if its permit is of this minute and it may be held for ``min_hold_s`` or longer. Each hold
    lasts ``hold_s``, or as long as its quota allows where that is less, in whole minutes. Where the candidates do not
    suffice, all that help are taken and the rest is reported in ``shortfall_a``. ``effort`` bounds the solver (0: do
    without it). Raises PlanningError for values out of range or a charger named twice.
    """
    terms = Terms(hold_s=hold_s, min_hold_s=min_hold_s, at=at)
    check_need("required_a", required_a)
    check_once(chargers)
    obstacles = {c.mpan: obstacle(c, required_a, terms) for c in chargers}
    candidates = [c for c in chargers if obstacles[c.mpan] is None]
    lot = lots(at)
    choice = choose(required_a, [option_of(c, c.share, lot(c.mpan)) for c in candidates], effort=effort)
    return assemble(required_a, candidates, choice, obstacles, terms)


def option_of(charger: Charger, share: tuple[float, ...], tie: int) -> Option:
    """A candidate as the choice sees it, on the rows that ``share`` has. ``tie``: its lot among equals."""
    return Option(
        share=share,
        drawn_a=charger.amps,
        rated_a=charger.full_a,
        levels=charger.levels,
        weight=charger.weight,
        tie=tie,
    )


def assemble(
    required_a: Amps3,
    candidates: Sequence[Charger],
    choice: Choice,
    obstacles: Mapping[Mpan, str | None],
    terms: Terms,
) -> CurtailmentPlan:
    """The plan that a choice among ``candidates`` means. ``obstacles``: every charger, and why it is no candidate."""
    chosen = [(c, level) for c, level in zip(candidates, choice.levels, strict=True) if level is not None]
    how = _how(choice, len(candidates))
    holds = tuple(_planned(c, level, required_a, terms, how) for c, level in chosen)
    a, b, c = (math.fsum(h.expected_relief_a[p] for h in holds) for p in PHASES)
    taken = {hold.mpan for hold in holds}
    by_mpan = {charger.mpan: charger for charger in candidates}
    return CurtailmentPlan(
        at=terms.at,
        required_a=required_a,
        commands=holds,
        expected_relief_a=(a, b, c),
        shortfall_a=(choice.shortfall_a[0], choice.shortfall_a[1], choice.shortfall_a[2]),
        method=choice.method,
        cost=choice.cost,
        bound=choice.bound,
        passed_over=tuple(
            PassedOver(mpan=mpan, reason=why or _not_needed(by_mpan[mpan], choice.method))
            for mpan, why in obstacles.items()
            if mpan not in taken
        ),
    )


def _how(choice: Choice, candidates: int) -> str:
    if choice.method.exact:
        return f"in the set of least burden among {candidates} candidates ({choice.method})"
    above = f"at most {100 * (choice.cost / choice.bound - 1):.0f} % above it" if choice.bound > 0 else "bound unknown"
    return f"in a set not proved to be of least burden among {candidates} candidates ({choice.method}, {above})"


def _planned(charger: Charger, level: float, required_a: Amps3, terms: Terms, how: str) -> PlannedHold:
    relief = charger.expected_at(level)
    where = " and ".join(
        f"{relief[p]:.1f} of {required_a[p]:.1f} A on {p.name}" for p in PHASES if required_a[p] > 0 and relief[p] > 0
    )
    left = f", left {level:.0f} % of {charger.full_a:.0f} A" if level > 0 else ""
    reason = (
        f"expected to shed {where or 'what the transformer needs'} ({charger.amps:.0f} A{left}, "
        f"drawing with probability {charger.probability_drawing:.2f}); "
        f"{use(charger)}; {'held already; ' if charger.held_now else ''}{how}"
    )
    duration_s = terms.hold_of(charger)
    if duration_s < terms.hold_s:
        reason += f"; {duration_s // 60} min, because no more is left of its quota"
    return PlannedHold(
        mpan=charger.mpan,
        duration_s=duration_s,
        expected_relief_a=relief,
        reason=reason,
        level_fraction=level / 100,
    )


def _not_needed(charger: Charger, method: PlanMethod) -> str:
    least = "at less burden" if method.exact else f"as {method} has it"
    return f"others suffice {least}; {use(charger)}, burden {burden(charger.weight, charger.levels.deepest):.0f}"
