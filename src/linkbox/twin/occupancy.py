"""When people are at home and awake: one Markov chain per person in steps of 10 minutes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STEP_MINUTES = 10
STEPS_PER_DAY = 24 * 60 // STEP_MINUTES

PERSONS_SHARE = (0.30, 0.35, 0.16, 0.19)
"""Share of households with 1, 2, 3, 4 persons (GB, rounded from census statistics; 4 stands for 4 and more)."""

AWAY_BY_DAY_SHARE = 0.55
"""Share of persons with a working or school day away from home."""

TURNOVER = 0.12
"""Chance per step that a person changes state although the profile does not move: a stay lasts an hour or so."""

# Share of persons awake at home, at the full hours 0..24 of a winter weekday: those away by day, and those not.
_ACTIVE_AWAY = (
    *(0.10, 0.04, 0.02, 0.01, 0.02, 0.08, 0.30, 0.55, 0.35, 0.12, 0.10, 0.10),
    *(0.11, 0.11, 0.12, 0.20, 0.38, 0.58, 0.74, 0.80, 0.80, 0.77, 0.64, 0.34, 0.10),
)
_ACTIVE_HOME = (
    *(0.10, 0.04, 0.02, 0.01, 0.02, 0.06, 0.18, 0.40, 0.58, 0.62, 0.60, 0.58),
    *(0.62, 0.60, 0.57, 0.58, 0.62, 0.68, 0.74, 0.78, 0.79, 0.75, 0.60, 0.32, 0.10),
)


def active_persons(
    homes: int, *, start_minute: int, minutes: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Persons awake at home, (homes, minutes), and the size of each household, (homes,).

    ``start_minute`` is minutes after local midnight; the window may pass midnight. The marginal probability of the
    chain follows the profiles wherever the profile does not fall or rise faster than everyone moving at once.
    """
    size = rng.choice(np.arange(1, 5), size=homes, p=PERSONS_SHARE)
    home = np.repeat(np.arange(homes), size)
    away = rng.random(len(home)) < AWAY_BY_DAY_SHARE
    first = start_minute // STEP_MINUTES
    steps = (start_minute + minutes - 1) // STEP_MINUTES - first + 1
    clock = (first + np.arange(steps)) % STEPS_PER_DAY
    share = np.where(away[:, None], _profile(_ACTIVE_AWAY)[clock], _profile(_ACTIVE_HOME)[clock])
    draws = rng.random(share.shape)
    active = np.empty(share.shape, dtype=np.int64)
    active[:, 0] = draws[:, 0] < share[:, 0]
    for step in range(1, steps):
        before, now = share[:, step - 1], share[:, step]
        stay = 1.0 - TURNOVER * (1.0 - now)
        come = np.clip((now - before * stay) / (1.0 - before), 0.0, 1.0)
        stay = np.where(before * stay > now, now / before, stay)
        active[:, step] = draws[:, step] < np.where(active[:, step - 1] == 1, stay, come)
    together = np.zeros((homes, steps), dtype=np.int64)
    np.add.at(together, home, active)
    by_minute = np.repeat(together, STEP_MINUTES, axis=1)
    offset = start_minute % STEP_MINUTES
    return by_minute[:, offset : offset + minutes], size


def _profile(hourly: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """(STEPS_PER_DAY,) from the values at full hours."""
    return np.interp(np.arange(STEPS_PER_DAY) * STEP_MINUTES / 60.0, np.arange(25), hourly)
