"""Who can be planned with this minute, and why the others can not."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.control.charger import Amps3, Charger, PlanningError
from linkbox.control.devices import Proportional

MIN_HOLD_S = 900
MAX_HOLD_S = 7200
#: A charger that is expected to shed less than this on every phase in need is not worth a command.
_LEAST_RELIEF_A = 0.05
#: A permit is for now: consent may end at any moment.
_PERMIT_LASTS_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What binds every hold of one decision. Raises PlanningError where the durations make no sense."""

    hold_s: int
    min_hold_s: int
    at: datetime

    def __post_init__(self) -> None:
        require_utc(self.at)
        if not 60 <= self.min_hold_s <= self.hold_s <= MAX_HOLD_S:
            rule = f"must be 60 <= min_hold_s <= hold_s <= {MAX_HOLD_S}"
            raise PlanningError("hold_s", (self.min_hold_s, self.hold_s), rule)

    def hold_of(self, charger: Charger) -> int:
        """How long this charger would be held: whole minutes, as asked or as its quota allows."""
        return min(self.hold_s, charger.remaining_s) // 60 * 60


def check_need(name: str, need_a: Sequence[float]) -> None:
    """Raise PlanningError unless ``need_a`` is three finite amperes, none below 0."""
    if len(need_a) != 3 or not all(0.0 <= a < math.inf for a in need_a):
        raise PlanningError(name, need_a, "must be three finite amperes, none below 0")


def check_once(chargers: Sequence[Charger]) -> None:
    """Raise PlanningError where a charger is named twice."""
    if len({c.mpan for c in chargers}) != len(chargers):
        raise PlanningError("chargers", len(chargers), "the same charger stands there twice")


def obstacle(charger: Charger, required_a: Amps3, terms: Terms) -> str | None:
    """Why a charger is no candidate, or None."""
    age_s = (terms.at - charger.permit.at).total_seconds()
    if not 0 <= age_s <= _PERMIT_LASTS_S:
        return f"its permit was decided {age_s:.0f} s ago and has to be asked for again"
    if terms.hold_of(charger) < terms.min_hold_s:
        left_min = max(0, charger.remaining_s) // 60
        return f"only {left_min} min left of its quota, {terms.min_hold_s // 60} needed; {use(charger)}"
    if charger.levels.empty:
        return _nothing_to_take(charger)
    if not any(r > 0 and e >= _LEAST_RELIEF_A for r, e in zip(required_a, charger.expected_a, strict=True)):
        return "not expected to shed anything where it is needed"
    return None


def _nothing_to_take(charger: Charger) -> str:
    if isinstance(charger.control, Proportional):
        return f"draws {charger.amps:.1f} A and may not be limited below its floor of {charger.control.floor_a:.0f} A"
    return f"draws {charger.amps:.1f} A, no more than its reduced rate leaves it"


def lots(at: datetime) -> Callable[[Mpan], int]:
    """Who comes first among equals, drawn anew every day so that it is not always the same household."""
    day = f"{at:%Y-%m-%d} "
    return lambda mpan: zlib.crc32((day + mpan).encode())


def use(charger: Charger) -> str:
    """What it has borne, in words."""
    return (
        f"held {charger.used_24h_s / 60:.0f} of 120 min in 24 h and {charger.used_30d_s / 60:.0f} of 480 min in 30 days"
    )
