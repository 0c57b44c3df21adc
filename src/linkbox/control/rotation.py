"""Taking turns while a hold lasts: who has borne much hands over to somebody who has borne little.

At the end of a hold the next plan shares minutes out by itself. A hold that is long, or that was renewed, outlasts
that: then the one who takes over is held first, and the one who has borne more is freed when the feeder shows that
there is room, as in every release. So the feeder is never without the relief, and a successor that turns out not to
draw frees nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES
from linkbox.control.charger import Amps3, Charger

#: A successor is expected to shed at least this part of what the one before is believed to.
_AS_MUCH = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """One charger that is held ``[since, until)``: what its hold is believed to shed, and its burden by now."""

    mpan: Mpan
    relief_a: Amps3
    weight: float
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``successor`` is to be held so that ``bearer`` can be freed."""

    bearer: Bearer
    successor: Charger

    @property
    def reason(self) -> str:
        """Why, for the record."""
        return f"its burden is {self.bearer.weight:.0f}, that of who takes over {self.successor.weight:.0f}"


def next_turn(
    held: Iterable[Bearer], fresh: Sequence[Charger], *, at: datetime, min_hold_s: float, gain: float
) -> Turn | None:
    """The one change that helps most, if any is worth a switching.

    ``fresh`` may be held now. A bearer must have been held for ``min_hold_s`` and have as long before it, and must
    exceed its successor's burden by ``gain``; the successor is expected to shed as much wherever the bearer does.
    """
    least = timedelta(seconds=min_hold_s)
    ripe = [h for h in held if at - h.since >= least and h.until - at >= least and any(h.relief_a)]
    for bearer in sorted(ripe, key=lambda h: (-h.weight, h.mpan)):
        fit = [c for c in fresh if not c.held_now and c.weight + gain <= bearer.weight and _sheds_as_much(c, bearer)]
        if fit:
            return Turn(bearer=bearer, successor=min(fit, key=lambda c: (c.weight, -sum(c.expected_a), c.mpan)))
    return None


def _sheds_as_much(charger: Charger, bearer: Bearer) -> bool:
    return all(charger.expected_a[p] >= _AS_MUCH * bearer.relief_a[p] for p in PHASES)
