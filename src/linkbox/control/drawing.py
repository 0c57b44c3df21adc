"""How likely it is that a charger is drawing, when nobody can ask it.

Three sources, in this order: a prior from the time of day and the tariff; the phase's own current above what its
households are expected to take; and what the current did when chargers were held. The last two are the same question:
a sum of unknown chargers was measured, with an error; which of them are in it? ``learn`` answers it by Bayes' rule,
exactly for chargers whose phase is known, phase by phase for the others, and so learns phases too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES, Phase

Amps3: TypeAlias = tuple[float, float, float]
_Array: TypeAlias = npt.NDArray[np.float64]

#: Share of chargers that draw, by hour of the local day, winter weekdays (November to March). From 34,893 home sessions
#: of 266 Norwegian users (Sorensen et al., Data in Brief 2024), each taken to draw 7.4 kW from plug-in until its energy
#: is delivered, over the days between each user's first and last session. tests/control/test_drawing.py recomputes it.
PRIOR_BY_HOUR: tuple[float, ...] = (
    *(0.045, 0.031, 0.019, 0.014, 0.014, 0.008, 0.004, 0.005, 0.008, 0.011, 0.014, 0.018),
    *(0.021, 0.024, 0.031, 0.048, 0.073, 0.085, 0.079, 0.077, 0.077, 0.077, 0.074, 0.063),
)
#: Sessions per charger and day, and the log-normal of their energy, from the same data (median 9.2, mean 12.8 kWh).
SESSIONS_PER_DAY = 0.46
_MEDIAN_KWH, _LOG_SPREAD = 9.2, math.sqrt(2 * math.log(12.8 / 9.2))
#: A drawing car stops, and an idle one starts, on the scale of a mean session: 12.8 kWh at 7.4 kW.
SESSION_S = 12.8 / 7.4 * 3600
#: No evidence makes certain: a certainty could not be unlearned.
_LEAST, _MOST = 0.005, 0.995
#: The part of measurements that say nothing of chargers: a kettle at the wrong moment.
_OUTLIER = 0.02
_KW_PER_A = 0.23


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is believed of one charger. ``phase_probability``: where its current would show; (1, 1, 1) on all three."""

    mpan: Mpan
    amps: float
    probability: float
    phase_probability: Amps3

    @classmethod
    def of(
        cls, mpan: Mpan, amps: float, probability: float, phase: Phase | None, *, three_phase: bool = False
    ) -> Belief:
        """A first belief; ``phase`` None is an unknown phase, unless the charger is on all three."""
        if three_phase:
            where = (1.0, 1.0, 1.0)
        elif phase is None:
            where = (1 / 3, 1 / 3, 1 / 3)
        else:
            where = (float(phase == 0), float(phase == 1), float(phase == 2))
        return cls(mpan=mpan, amps=amps, probability=probability, phase_probability=where)

    @property
    def three_phase(self) -> bool:
        """Whether it draws on all phases at once."""
        return self.phase_probability == (1.0, 1.0, 1.0)


def prior(
    local_time: time, *, amps: float = 32.0, tariff_start: time | None = None, tariff_share: float = 0.0
) -> float:
    """The probability that a home charger draws at a local time of day, knowing nothing else of it.

    ``tariff_share`` of the customers wait for a tariff that starts at ``tariff_start``, and then begin together: of
    those the share with a session today draws until its energy is delivered at ``amps``. Fractions are within 0..1.
    """
    hour = PRIOR_BY_HOUR[local_time.hour]
    if tariff_start is None:
        return hour
    waited_min = (_minute(local_time) - _minute(tariff_start)) % (24 * 60)
    kwh = waited_min / 60 * amps * _KW_PER_A
    herd = SESSIONS_PER_DAY * _still_charging(kwh)
    return (1.0 - tariff_share) * hour + tariff_share * herd


def _minute(local_time: time) -> int:
    return local_time.hour * 60 + local_time.minute


def _still_charging(kwh: float) -> float:
    """The share of sessions that need more than ``kwh``."""
    if kwh <= 0.0:
        return 1.0
    return 0.5 * math.erfc(math.log(kwh / _MEDIAN_KWH) / _LOG_SPREAD / math.sqrt(2))


def relax(belief: Belief, prior_probability: float, age_s: float) -> Belief:
    """The belief ``age_s`` later: cars come and go, so it drifts to the prior within a session's length."""
    kept = math.exp(-max(0.0, age_s) / SESSION_S)
    probability = prior_probability + (belief.probability - prior_probability) * kept
    return replace(belief, probability=probability)


def learn(beliefs: Sequence[Belief], measured_a: Amps3, *, sigma_a: float) -> tuple[Belief, ...]:
    """What to believe once the sum of these chargers' currents was measured as ``measured_a`` (A per phase).

    For the feeder as a whole ``measured_a`` is the phase's current above its expected household load and ``beliefs``
    are all chargers that are not held; after a command it is the drop that was seen and ``beliefs`` are those held by
    it. ``sigma_a`` > 0 is the error of the measured sum, in practice the households' own movement. A phase that was
    not measured (NaN) teaches nothing.

    Each call counts as independent news. Where errors persist (the same households a minute later), widen ``sigma_a``
    by the square root of the number of readings that share an error, or belief grows surer than it has reason to be.
    """
    if not sigma_a > 0:
        raise ValueError(f"sigma_a must be above 0, not {sigma_a}")
    ratios = np.ones((len(beliefs), 3))
    for phase in PHASES:
        if math.isfinite(measured_a[phase]):
            ratios[:, phase] = _likelihood_ratios(beliefs, phase, measured_a[phase], sigma_a)
    return tuple(_updated(belief, ratios[i]) for i, belief in enumerate(beliefs))


def expected_current_a(beliefs: Sequence[Belief]) -> Amps3:
    """The mean of what these chargers draw together, A per phase."""
    a, b, c = (math.fsum(x.amps * x.probability * x.phase_probability[p] for x in beliefs) for p in PHASES)
    return (a, b, c)


def _likelihood_ratios(beliefs: Sequence[Belief], phase: Phase, measured_a: float, sigma_a: float) -> _Array:
    """For each charger: how much likelier the measurement is if it draws on this phase than if it does not.

    Forward over the distribution of the sum of the chargers before it, backward over the likelihood given those after
    it, on a grid of whole amperes.
    """
    share = [min(_MOST, b.probability * b.phase_probability[phase]) for b in beliefs]
    step = [round(b.amps) for b in beliefs]
    size = sum(step) + 1
    forward: list[_Array] = [np.eye(1, size)[0]]
    for q, a in zip(share, step, strict=True):
        before = forward[-1]
        forward.append(before * (1 - q) + _shifted(before, a) * q)
    grid = np.arange(size, dtype=np.float64)
    backward = (1 - _OUTLIER) * np.exp(-0.5 * ((measured_a - grid) / sigma_a) ** 2) + _OUTLIER
    ratios = np.ones(len(beliefs))
    for i in reversed(range(len(beliefs))):
        ahead = _shifted(backward, -step[i])
        drawing, idle = float(forward[i] @ ahead), float(forward[i] @ backward)
        ratios[i] = drawing / idle
        backward = backward * (1 - share[i]) + ahead * share[i]
    return ratios


def _shifted(values: _Array, by: int) -> _Array:
    """``values`` moved up the grid by ``by`` amperes (down where negative); what leaves the grid is lost."""
    out = np.zeros_like(values)
    if by >= 0:
        out[by:] = values[: len(values) - by]
    else:
        out[:by] = values[-by:]
    return out


def _updated(belief: Belief, ratios: _Array) -> Belief:
    idle = 1.0 - belief.probability
    if belief.three_phase:
        drawing = belief.probability * float(np.prod(ratios))
        return replace(belief, probability=_clamped(drawing / (drawing + idle)))
    on_phase = [
        belief.probability * share * float(r) for share, r in zip(belief.phase_probability, ratios, strict=True)
    ]
    drawing = math.fsum(on_phase)
    if drawing <= 0.0:
        return replace(belief, probability=_LEAST)
    a, b, c = (x / drawing for x in on_phase)
    return replace(belief, probability=_clamped(drawing / (drawing + idle)), phase_probability=(a, b, c))


def _clamped(probability: float) -> float:
    return min(_MOST, max(_LEAST, probability))
