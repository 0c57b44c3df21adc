"""Random decisions as in the network reference, section 6.2: what a feeder needs, and the chargers that it has.

40 % of homes have a charger and 60 % of those draw; phases are drawn at random, one in five chargers is on all three;
what is needed on each phase is up to 70 % of the chargers' current. Currents are nominal (16 or 32 A) or all different.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES
from linkbox.control.planning import Charger
from linkbox.customers import Candidate, ConsentEvent, ConsentKind, CustomerFile, Permit, permit

Amps3: TypeAlias = tuple[float, float, float]
AT = datetime(2026, 1, 13, 18, tzinfo=UTC)


def permits(count: int, at: datetime = AT) -> list[Permit]:
    """Permits for ``count`` connection points, through the front door: consent given the day before."""
    return [_permit(Mpan.from_core(f"12{n:010d}"), at) for n in range(count)]


def _permit(mpan: Mpan, at: datetime) -> Permit:
    day_before = at - timedelta(days=1)
    given = ConsentEvent(
        mpan=mpan,
        at=day_before,
        recorded_at=day_before,
        kind=ConsentKind.GIVEN,
        text_version="1",
        channel="letter",
        evidence="scan",
        tenancy="t",
    )
    home = Candidate(mpan=mpan, domestic=True, priority_register=False)
    answer = permit(home, CustomerFile.of([given]), intervention_id="instance", at=at)
    if not isinstance(answer, Permit):
        raise TypeError(f"no permit for an instance: {answer.reasons}")
    return answer


def instance(
    homes: int, rng: random.Random, issued: Sequence[Permit], *, nominal: bool = True, share: float | None = None
) -> tuple[Amps3, list[Charger]]:
    """One decision: what is needed (A per phase), and the chargers that draw.

    ``share``: the most that is needed of a phase's charger current, 0..1; None draws it from 0.1 to 0.7.
    """
    chargers = [
        _charger(issued[n], rng, rng.choice((16.0, 32.0)) if nominal else rng.uniform(6.0, 32.0))
        for n in range(homes)
        if rng.random() < 0.4 * 0.6
    ]
    most = rng.uniform(0.1, 0.7) if share is None else share
    a, b, c = (most * rng.uniform(0.3, 1.0) * sum(x.expected_a[p] for x in chargers) for p in PHASES)
    return (a, b, c), chargers


def _charger(granted: Permit, rng: random.Random, amps: float) -> Charger:
    three_phase = rng.random() < 0.2
    return Charger(
        mpan=granted.mpan,
        permit=granted,
        phase=None if three_phase else rng.choice(PHASES),
        amps=amps,
        probability_drawing=1.0,
        remaining_s=7200,
        used_24h_s=rng.choice((0, 0, 0, 900, 1800)),
        used_30d_s=rng.randrange(0, 20000),
        three_phase=three_phase,
    )
