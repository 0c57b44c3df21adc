"""The judgement on every feeder: its state with hysteresis, the reduction that it needs, and why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES, Phase
from linkbox.base.time import require_utc
from linkbox.grid import reasons, thermal
from linkbox.grid.fleet import Fleet, FleetState
from linkbox.grid.network import FeederModel
from linkbox.grid.neutral import neutral_current_a
from linkbox.grid.outlook import ASSETS, NEUTRAL, SHARED, TRANSFORMER, Outlook, look_ahead
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.thermal import Floats

__all__ = ["Ahead", "RiskAssessment", "RiskPolicy", "RiskState", "assess"]

Triple = tuple[float, float, float]


class RiskState(StrEnum):
    """How bad it is. Blind is beside the scale: no fresh reading, so nothing is known, least of all health."""

    NORMAL = "normal"
    WATCH = "watch"
    AT_RISK = "at-risk"
    IMMINENT = "imminent"
    EXCEEDED = "exceeded"
    BLIND = "blind"

    @property
    def needs_action(self) -> bool:
        """Whether load must go."""
        return self in (RiskState.AT_RISK, RiskState.IMMINENT, RiskState.EXCEEDED)


_SCALE: tuple[RiskState, ...] = (
    RiskState.NORMAL,
    RiskState.WATCH,
    RiskState.AT_RISK,
    RiskState.IMMINENT,
    RiskState.EXCEEDED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The forecast of one interval, which ends ``until_s`` from now: mean currents per phase, A; NaN where blind."""

    until_s: float
    expected_a: Triple
    upper_a: Triple


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAssessment:
    """One feeder at one moment. Currents in A per phase, NaN where the phase is blind.

    ``time_to_limit_s`` is the soonest over assets and phases under the upper forecast (infinite: never);
    ``required_reduction_a`` what must go so that no asset passes its hold level; ``allowable_current_a`` what may flow
    (infinite where nothing limits); ``expected_current_a`` and ``upper_current_a`` the forecast for the horizon as
    constant currents of the same heating; ``fuse_state`` 1 = melts, on the pessimistic curve; ``probability`` that an
    asset reaches its limit within the horizon. ``neutral_a`` and ``neutral_degc`` are the neutral's as of the last
    reading, NaN where one phase is not read or nobody follows it. ``ahead`` is the forecast of every interval that the
    model has, in order of time, those beyond the horizon too. ``transformer_reduction_a`` is what must go from the
    transformer's phases, by whichever of its feeders, as far as this one tells; ``own_reduction_a`` what must go from
    here for this feeder's own assets; ``required_reduction_a`` is the larger of the two.
    """

    feeder_id: FeederId
    at: datetime
    state: RiskState
    time_to_limit_s: float
    limiting_asset: str
    limiting_phase: Phase | None
    probability: float
    required_reduction_a: Triple
    allowable_current_a: Triple
    expected_current_a: Triple
    upper_current_a: Triple
    fuse_state: Triple
    cable_degc: Triple
    hot_spot_degc: float
    horizon_s: float
    reason: str
    neutral_a: float = nan
    neutral_degc: float = nan
    ahead: tuple[Ahead, ...] = ()
    own_reduction_a: Triple = (0.0, 0.0, 0.0)
    transformer_reduction_a: Triple = (0.0, 0.0, 0.0)


def assess(
    state: FleetState,
    fleet: Fleet,
    *,
    policy: RiskPolicy,
    returning_a: Floats,
    at: datetime,
    intervening: NDArray[np.bool_] | None = None,
    previous: Sequence[RiskAssessment] | None = None,
    returning_sd_a: Floats | None = None,
) -> tuple[RiskAssessment, ...]:
    """Judge every feeder at ``at``, in fleet order.

    ``returning_a`` (feeders, 3) is held load that comes back within the horizon unless it is held again, so it counts
    as forecast; ``returning_sd_a`` how uncertain it is, where nobody knows on which phase, or whether at all.

    ``intervening`` (feeders,) marks the feeders with an intervention under way: these get their required reduction
    whatever their state. ``previous`` are the last assessments of the same fleet: with them a state is left only when
    the cause has gone by a margin. Raises ValueError for a ``previous`` of other feeders.
    """
    if previous is not None and tuple(p.feeder_id for p in previous) != fleet.ids:
        raise ValueError("previous assessments are not of this fleet, in its order")
    before = np.zeros(len(fleet), dtype=np.int8) if previous is None else _grades(previous)
    return judge(
        state,
        fleet,
        policy=policy,
        returning_a=returning_a,
        returning_sd_a=returning_sd_a,
        at=at,
        intervening=intervening,
        before=before,
    )[0]


def judge(
    state: FleetState,
    fleet: Fleet,
    *,
    policy: RiskPolicy,
    returning_a: Floats,
    at: datetime,
    intervening: NDArray[np.bool_] | None,
    before: NDArray[np.int8],
    returning_sd_a: Floats | None = None,
) -> tuple[tuple[RiskAssessment, ...], NDArray[np.int8]]:
    """As ``assess``, with the grades (feeders,) of the last time, and giving those of this time.

    A grade is the place in the scale from normal to exceeded. A blind feeder has one too: 0, unless a phase of it
    that is still read needs action.
    """
    if not len(fleet):
        return (), before
    back = np.asarray(returning_a, dtype=np.float64)
    outlook = look_ahead(state, fleet, policy, back, require_utc(at), returning_sd_a=returning_sd_a)
    grades = _grade(outlook, policy, before)
    acting = (grades >= _SCALE.index(RiskState.AT_RISK)) | (False if intervening is None else intervening)
    shared = _excess(outlook.upper_a - outlook.allowable_a[TRANSFORMER], policy, acting)
    own = _excess(outlook.upper_a - np.delete(outlook.allowable_a, TRANSFORMER, axis=0).min(axis=0), policy, acting)
    required = (np.maximum(own, shared), own, shared)
    columns = _columns(state, fleet, policy, outlook, required, at)
    paths = _paths(fleet, outlook)
    found = tuple(
        _assessment(fleet.feeders[i], policy, _SCALE[grade], at, values, paths[i])
        for i, (grade, *values) in enumerate(zip(grades.tolist(), *columns, strict=True))
    )
    return found, np.where([a.state is RiskState.BLIND for a in found], np.int8(0), grades).astype(np.int8)


def _grades(previous: Sequence[RiskAssessment]) -> NDArray[np.int8]:
    return np.array([_SCALE.index(p.state) if p.state in _SCALE else 0 for p in previous], dtype=np.int8)


def _excess(excess: Floats, policy: RiskPolicy, acting: NDArray[np.bool_]) -> Floats:
    """(feeders, 3) A, zero where nobody acts, the phase is blind, or the excess is under the smallest reduction."""
    wanted = np.isfinite(excess) & (excess >= policy.min_reduction_a) & np.asarray(acting)[:, None]
    return np.asarray(np.where(wanted, excess, 0.0))


def _grade(outlook: Outlook, policy: RiskPolicy, before: NDArray[np.int8]) -> NDArray[np.int8]:
    """Index into the scale, (feeders,): the worst grade that is entered now, or was held and is not yet left."""
    present = _worst(outlook.present)
    projected = _worst(outlook.projected)
    allowed = outlook.allowable_a.min(axis=0)
    soonest = outlook.time_to_limit_s.min(axis=0)
    excess = outlook.upper_a - allowed >= policy.min_reduction_a
    close = (present >= policy.action_level) | (projected >= policy.hold_level)
    near = outlook.upper_a >= policy.release_ratio * allowed
    warm = (present >= policy.release_level) | (projected >= policy.action_level)
    entered = (
        np.maximum(present, projected) >= policy.action_level,
        excess & close,
        soonest <= policy.imminent_s,
        present >= 1.0,
    )
    stayed = (
        np.maximum(present, projected) >= policy.release_level,
        near & warm,
        soonest <= 1.5 * policy.imminent_s,
        present >= 0.97,
    )
    grade = np.zeros(before.shape, dtype=np.int8)
    for level, (enter, stay) in enumerate(zip(entered, stayed, strict=True), start=1):
        reached = enter.any(axis=-1) | ((before >= level) & stay.any(axis=-1))
        grade = np.where(reached, np.int8(level), grade)
    return grade


def _worst(fractions: Floats) -> Floats:
    """(feeders, 3): the largest over the assets whose state is known, 0 where none is."""
    return np.asarray(np.max(np.where(np.isnan(fractions), 0.0, fractions), axis=0))


def _columns(
    state: FleetState,
    fleet: Fleet,
    policy: RiskPolicy,
    outlook: Outlook,
    required_a: tuple[Floats, Floats, Floats],
    at: datetime,
) -> tuple[list[Any], ...]:
    """What goes into the assessments, column by column, as Python values; in the order that _assessment unpacks."""
    limiting = _limiting(outlook)
    assets, phases = np.divmod(limiting, len(PHASES))
    rows = np.arange(len(fleet))
    blind = outlook.blind
    chance = np.where(blind, -1.0, outlook.probability).max(axis=-1)
    cable = np.where(blind, np.nan, thermal.cable_degc(state.cable, fleet.cable))
    bank_known = np.isfinite(outlook.present[TRANSFORMER]).any(axis=-1)
    neutral_known = np.isfinite(outlook.present[NEUTRAL]).any(axis=-1)
    neutral_degc = thermal.cable_degc(state.neutral, fleet.neutral)[:, 0]
    arrays: tuple[NDArray[Any], ...] = (
        assets,
        phases,
        state.age_s(at),
        outlook.time_to_limit_s.min(axis=(0, 2)),
        outlook.time_to_limit_s[assets, rows, phases],
        outlook.present[assets, rows, phases],
        outlook.projected[assets, rows, phases],
        np.where(blind.all(axis=-1), np.nan, chance),
        required_a[0],
        outlook.allowable_a.min(axis=0),
        outlook.expected_a,
        outlook.upper_a,
        np.where(blind, np.nan, state.fuse.sum(axis=0)),
        cable,
        np.where(bank_known, thermal.hot_spot_degc(state.transformer), np.nan),
        np.where(neutral_known, neutral_current_a(state.current_a), np.nan),
        np.where(neutral_known, neutral_degc, np.nan),
        outlook.neutral_a,
        *required_a[1:],
    )
    return tuple(a.tolist() for a in arrays)


def _paths(fleet: Fleet, outlook: Outlook) -> list[tuple[Ahead, ...]]:
    """The forecast of each feeder, interval by interval."""
    expected, upper = (np.moveaxis(p, 0, 1).tolist() for p in (outlook.expected_path_a, outlook.upper_path_a))
    return [
        tuple(
            Ahead(until_s=until_s, expected_a=tuple(low), upper_a=tuple(high))
            for until_s, low, high in zip(fleet.model.horizons_s, *pair, strict=True)
        )
        for pair in zip(expected, upper, strict=True)
    ]


def _assessment(
    feeder: FeederModel,
    policy: RiskPolicy,
    grade: RiskState,
    at: datetime,
    values: Sequence[Any],
    ahead: tuple[Ahead, ...],
) -> RiskAssessment:
    asset, phase, ages, soonest, own_time, present, projected, chance = values[:8]
    required, allowed, expected, upper, fuse, cable, hot_spot, neutral, neutral_degc, neutral_upper = values[8:18]
    own, shared = values[18:]
    name = ASSETS[asset]
    unseen = [age > policy.blind_after_s for age in ages]
    clauses = []
    if not all(unseen):
        what = reasons.asset_in_words(feeder, name, PHASES[phase])
        amps = neutral_upper if asset == NEUTRAL else upper[phase]
        clauses.append(reasons.loading(what, present, projected, amps, policy))
        clauses.append(reasons.limit(own_time))
        clauses.append(reasons.relief(required, allowed, policy))
    clauses.append(reasons.blindness(ages, policy))
    return RiskAssessment(
        feeder_id=feeder.feeder_id,
        at=at,
        state=RiskState.BLIND if any(unseen) and not grade.needs_action else grade,
        time_to_limit_s=soonest,
        limiting_asset=name,
        limiting_phase=None if asset in SHARED else PHASES[phase],
        probability=chance,
        required_reduction_a=tuple(required),
        allowable_current_a=tuple(allowed),
        expected_current_a=tuple(expected),
        upper_current_a=tuple(upper),
        fuse_state=tuple(fuse),
        cable_degc=tuple(cable),
        hot_spot_degc=hot_spot,
        horizon_s=policy.horizon_s,
        reason="; ".join(c for c in clauses if c),
        neutral_a=neutral,
        neutral_degc=neutral_degc,
        ahead=ahead,
        own_reduction_a=tuple(own),
        transformer_reduction_a=tuple(shared),
    )


def _limiting(outlook: Outlook) -> NDArray[np.intp]:
    """(feeders,) asset * 3 + phase: what reaches its limit first, or where nothing does, what gets nearest to it."""

    def flat(values: Floats) -> Floats:
        return np.moveaxis(values, 0, 1).reshape(values.shape[1], -1)

    times, nearness = flat(outlook.time_to_limit_s), flat(outlook.projected)
    nearest = np.argmax(np.where(np.isnan(nearness), -1.0, nearness), axis=1)
    return np.asarray(np.where(np.isfinite(times).any(axis=1), np.argmin(times, axis=1), nearest))
