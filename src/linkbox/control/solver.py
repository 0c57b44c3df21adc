"""The choice as an integer programme, solved by OR-Tools' CP-SAT: one worker, a fixed seed, a bound on its work.

The bound is in the solver's own deterministic seconds, not in those of a clock, so the same question has the same
answer on every machine. Amperes are rounded against the customer's comfort to whole micro-amperes (what is shed down,
what is needed up to what all can shed), costs to 1e-8; the least of that separates equals by lot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linkbox.control.charger import burden
from linkbox.control.options import Option

_MICRO = 1_000_000
_COST = 100_000_000
_LOTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """``levels`` as in a choice, or None where nothing was found in time; ``bound`` in units of burden."""

    levels: tuple[float | None, ...] | None
    proved: bool
    bound: float


def solve(
    target_a: Sequence[float], options: Sequence[Option], *, hint: Sequence[float | None], effort: float
) -> Solved:
    """The least burden that sheds ``target_a`` on every row. ``hint`` is a choice that does."""
    from ortools.sat.python import cp_model  # half a second to load, and most plans do without

    model = cp_model.CpModel()
    picks = [_Pick.of(model, n, option) for n, option in enumerate(options)]
    for row, target in enumerate(target_a):
        terms = [term for pick in picks for term in pick.relief(row)]
        most = sum(pick.most(row) for pick in picks)
        if target > 0 and terms:
            model.add(sum(c * v for c, v in terms) >= min(math.ceil(target * _MICRO - 0.5), most))
    model.minimize(sum(c * v for pick in picks for c, v in pick.cost()))
    for pick, level in zip(picks, hint, strict=True):
        pick.hint(model, level)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = effort
    status = solver.solve(model)
    bound = max(0.0, solver.best_objective_bound / _COST)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return Solved(levels=None, proved=False, bound=bound)
    levels = tuple(pick.level(solver) for pick in picks)
    return Solved(levels=levels, proved=status == cp_model.OPTIMAL, bound=bound)


@dataclass(frozen=True, slots=True)
class _Pick:
    """The variables of one option: whether it is chosen, and (where there is a choice) its level, 0 where it is not."""

    option: Option
    chosen: Any
    percent: Any | None

    @classmethod
    def of(cls, model: Any, n: int, option: Option) -> _Pick:
        chosen = model.new_bool_var(f"x{n}")
        if option.levels.single:
            return cls(option, chosen, None)
        low, high = int(option.levels.deepest), int(option.levels.highest)
        percent = model.new_int_var(0, high, f"l{n}")
        model.add(percent >= low * chosen)
        model.add(percent <= high * chosen)
        return cls(option, chosen, percent)

    def relief(self, row: int) -> list[tuple[int, Any]]:
        """Terms of what it sheds on a row, micro-amperes."""
        share = self.option.share[row]
        if share <= 0.0:
            return []
        if self.percent is None:
            return [(self.most(row), self.chosen)]
        drawn = math.floor(self.option.drawn_a * share * _MICRO)
        return [(drawn, self.chosen), (-math.ceil(self.option.rated_a * share * _MICRO / 100), self.percent)]

    def most(self, row: int) -> int:
        """The most that it sheds on a row, micro-amperes."""
        if self.percent is None:
            return math.floor(self.option.relief_a(self.option.levels.deepest)[row] * _MICRO + 1e-3)
        (drawn, _), (per, _) = self.relief(row) or ((0, None), (0, None))
        return drawn + per * int(self.option.levels.deepest)

    def cost(self) -> list[tuple[int, Any]]:
        """Terms of what it costs."""
        weight, lot = self.option.weight, self.option.tie % _LOTS
        if self.percent is None:
            return [(round(burden(weight, self.option.levels.deepest) * _COST) + lot, self.chosen)]
        one, two = burden(weight, 1.0), burden(weight, 2.0)
        return [(round((one + (one - two)) * _COST) + lot, self.chosen), (-round((one - two) * _COST), self.percent)]

    def hint(self, model: Any, level: float | None) -> None:
        """Begin the search at a known choice."""
        model.add_hint(self.chosen, level is not None)
        if self.percent is not None:
            model.add_hint(self.percent, int(level or 0))

    def level(self, solver: Any) -> float | None:
        """What the solver chose."""
        if not solver.value(self.chosen):
            return None
        return self.option.levels.deepest if self.percent is None else float(solver.value(self.percent))
