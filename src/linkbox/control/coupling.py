"""Several feeders under one transformer: each sheds what its own fuse needs, together what the transformer needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES
from linkbox.control.candidates import MIN_HOLD_S, Terms, check_need, check_once, lots, obstacle
from linkbox.control.charger import Amps3, Charger, PlanningError, burden
from linkbox.control.choice import Choice, PlanMethod, choose
from linkbox.control.cover import TOLERANCE_A
from linkbox.control.planning import EFFORT, CurtailmentPlan, assemble, option_of, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederNeed:
    """One feeder of a transformer: what it needs itself (A per phase; zeros where nothing), and whom it has."""

    feeder_id: FeederId
    required_a: Amps3
    chargers: tuple[Charger, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerPlan:
    """A plan for each feeder, in the order asked, and what the transformer gets and misses (A per phase).

    ``method``, ``cost`` and ``bound`` are those of all feeders together, as in CurtailmentPlan.
    """

    plans: tuple[tuple[FeederId, CurtailmentPlan], ...]
    transformer_required_a: Amps3
    transformer_relief_a: Amps3
    transformer_shortfall_a: Amps3
    method: PlanMethod
    cost: float
    bound: float


def plan_transformer(
    needs: Sequence[FeederNeed],
    *,
    transformer_required_a: Amps3,
    hold_s: int,
    min_hold_s: int = MIN_HOLD_S,
    at: datetime,
    effort: float = EFFORT,
) -> TransformerPlan:
    """The cheapest holds on all feeders of a transformer that shed what each needs, and together what it needs.

    Where the feeders' own plans suffice for the transformer they are the answer; the rows are coupled only where they
    do not. Phases are those of the transformer's terminals; a charger of a feeder with a phase rotated against it has
    to be described accordingly. Raises PlanningError as ``plan`` does, and for a feeder named twice.
    """
    terms = Terms(hold_s=hold_s, min_hold_s=min_hold_s, at=at)
    check_need("transformer_required_a", transformer_required_a)
    check_once([c for need in needs for c in need.chargers])
    if len({n.feeder_id for n in needs}) != len(needs):
        raise PlanningError("needs", len(needs), "the same feeder stands there twice")
    alone = [plan(n.required_a, n.chargers, hold_s=hold_s, min_hold_s=min_hold_s, at=at, effort=effort) for n in needs]
    relief = _total(alone)
    if all(r >= t - TOLERANCE_A for r, t in zip(relief, transformer_required_a, strict=True)):
        return _joined(needs, alone, transformer_required_a, _least_sure(alone), math.fsum(p.bound for p in alone))
    plans, choice = _coupled(needs, transformer_required_a, terms, effort)
    return _joined(needs, plans, transformer_required_a, choice.method, choice.bound)


def _coupled(
    needs: Sequence[FeederNeed], transformer_a: Amps3, terms: Terms, effort: float
) -> tuple[list[CurtailmentPlan], Choice]:
    """One choice over three rows for each feeder and three for the transformer."""
    wanted = [_either(n.required_a, transformer_a) for n in needs]
    obstacles = [{c.mpan: obstacle(c, w, terms) for c in n.chargers} for n, w in zip(needs, wanted, strict=True)]
    candidates = [[c for c in n.chargers if o[c.mpan] is None] for n, o in zip(needs, obstacles, strict=True)]
    lot = lots(terms.at)
    options = [
        option_of(c, _rows(c.share, place, len(needs)), lot(c.mpan)) for place, cs in enumerate(candidates) for c in cs
    ]
    rows = [*(a for n in needs for a in n.required_a), *transformer_a]
    choice = choose(rows, options, effort=effort)
    plans, begin = [], 0
    for place, need in enumerate(needs):
        end = begin + len(candidates[place])
        part = replace(
            choice, levels=choice.levels[begin:end], shortfall_a=choice.shortfall_a[3 * place : 3 * place + 3]
        )
        made = assemble(need.required_a, candidates[place], part, obstacles[place], terms)
        plans.append(replace(made, cost=_cost(made, need), bound=0.0))
        begin = end
    return plans, choice


def _cost(made: CurtailmentPlan, need: FeederNeed) -> float:
    weight = {c.mpan: c.weight for c in need.chargers}
    return math.fsum(burden(weight[h.mpan], 100 * h.level_fraction) for h in made.commands)


def _either(feeder_a: Amps3, transformer_a: Amps3) -> Amps3:
    a, b, c = (max(f, t) for f, t in zip(feeder_a, transformer_a, strict=True))
    return (a, b, c)


def _rows(share: Amps3, place: int, feeders: int) -> tuple[float, ...]:
    """What one ampere of a charger sheds: on its feeder's three rows, and on the transformer's three."""
    return (*(0.0,) * (3 * place), *share, *(0.0,) * (3 * (feeders - place - 1)), *share)


def _total(plans: Sequence[CurtailmentPlan]) -> Amps3:
    a, b, c = (math.fsum(p.expected_relief_a[phase] for p in plans) for phase in PHASES)
    return (a, b, c)


def _least_sure(plans: Sequence[CurtailmentPlan]) -> PlanMethod:
    """The method of which least can be said."""
    return max((p.method for p in plans), key=list(PlanMethod).index, default=PlanMethod.PREFIX_ENUMERATION)


def _joined(
    needs: Sequence[FeederNeed],
    plans: Sequence[CurtailmentPlan],
    transformer_a: Amps3,
    method: PlanMethod,
    bound: float,
) -> TransformerPlan:
    relief = _total(plans)
    a, b, c = (t - r if t - r > TOLERANCE_A else 0.0 for t, r in zip(transformer_a, relief, strict=True))
    return TransformerPlan(
        plans=tuple((n.feeder_id, p) for n, p in zip(needs, plans, strict=True)),
        transformer_required_a=transformer_a,
        transformer_relief_a=relief,
        transformer_shortfall_a=(a, b, c),
        method=method,
        cost=math.fsum(p.cost for p in plans),
        bound=bound,
    )
