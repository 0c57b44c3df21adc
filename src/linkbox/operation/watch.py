"""From a reading to an assessment, one feeder at a time, with the state stored in the same transaction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from linkbox.base.errors import Issue
from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES
from linkbox.grid.fleet import observe
from linkbox.grid.risk import RiskAssessment, RiskState, assess
from linkbox.grid.snapshot import to_bytes
from linkbox.grid.telemetry import Quality, Reading, accept
from linkbox.operation.assessments import ASSESSMENT_SNAPSHOT, assessments_to_bytes, history_row
from linkbox.operation.desk import GRID_SNAPSHOT, TRACKS_SNAPSHOT, Desk, tracks_to_bytes
from linkbox.operation.entities import Command, CommandState
from linkbox.operation.foreign import said
from linkbox.operation.session import Session

_JUST_AFTER = timedelta(seconds=1)


REFUSED_AT_THE_DOOR = {
    Quality.UNKNOWN_FEEDER,
    Quality.NOT_FINITE,
    Quality.IMPOSSIBLE,
    Quality.SIGN_REVERSED,
    Quality.FUTURE,
}
"""What is wrong with the reading itself, so that its sender is told. The others are taken, counted, and not used."""


def judge_reading(session: Session, reading: Reading) -> tuple[Issue, ...]:
    """Check one arriving reading. Empty: it is good and is stored; else why it is refused or was only counted."""
    desk = session.desk
    rows = {feeder_id: row for row, feeder_id in enumerate(desk.fleet.ids)}
    batch = accept([reading], feeders=rows, tracks=desk.tracks, at=session.now)
    desk.tracks = dict(batch.tracks)
    session.tx.save_snapshot(TRACKS_SNAPSHOT, session.now, tracks_to_bytes(desk.tracks))
    for quality in batch.counts:
        if quality is not Quality.DUPLICATE:
            session.audit(
                "telemetry", quality.value, feeder=said(reading.feeder_id), at=reading.at, current_a=reading.current_a
            )
    if not any(quality.refuses for quality in batch.counts):
        body = {"current_a": list(reading.current_a), "transformer_current_a": _listed(reading.transformer_current_a)}
        session.tx.add_reading(reading.feeder_id, reading.at, body)
    return batch.issues if REFUSED_AT_THE_DOOR & set(batch.counts) else ()


def _listed(values: tuple[float, float, float] | None) -> list[float] | None:
    return None if values is None else list(values)


def take_reading(session: Session, feeder_id: FeederId, at: datetime, body: Mapping[str, Any]) -> None:
    """Advance the feeder's states by one reading and assess what is coming.

    The states of all feeders move on together: a reading that is a little older than the newest of another feeder,
    whose monitor has another clock, counts as of that time."""
    desk = session.desk
    at = max(at, desk.fleet_state.at)
    index = desk.fleet.ids.index(feeder_id)
    shape = (len(desk.fleet), 3)
    current, transformer = np.full(shape, np.nan), np.full(shape, np.nan)
    current[index] = body["current_a"]
    if body["transformer_current_a"] is not None:
        transformer[index] = body["transformer_current_a"]
    held = np.zeros(shape)
    held[index] = held_a(desk, feeder_id, at)
    desk.fleet_state = observe(
        desk.fleet_state, desk.fleet, current_a=current, transformer_current_a=transformer, at=at, held_a=held
    )
    desk.current_a[feeder_id] = (float(current[index, 0]), float(current[index, 1]), float(current[index, 2]))
    session.tx.save_snapshot(GRID_SNAPSHOT, at, to_bytes(desk.fleet_state, desk.fleet))
    look_ahead(session, at, read=feeder_id)
    desk.fresh.add(feeder_id)


def look_ahead(session: Session, at: datetime, *, read: FeederId | None = None) -> None:
    """Assess every feeder, and record each change of its risk. The history keeps what was thought of the feeder that
    was ``read``, and of those whose risk has changed: of the others nothing new is known."""
    desk = session.desk
    returning = np.array([returning_a(desk, f, at) for f in desk.fleet.ids])
    uncertain = np.array([returning_sd_a(desk, f, at) for f in desk.fleet.ids])
    intervening = np.array([f in desk.interventions for f in desk.fleet.ids])
    before = {f: a.state for f, a in desk.assessments.items()}
    found = assess(
        desk.fleet_state,
        desk.fleet,
        policy=desk.site.risk,
        returning_a=returning,
        returning_sd_a=uncertain,
        intervening=intervening,
        previous=tuple(desk.assessments[f] for f in desk.fleet.ids) if desk.assessments else None,
        at=at,
    )
    for assessment in found:
        desk.assessments[assessment.feeder_id] = assessment
        changed = before.get(assessment.feeder_id, RiskState.NORMAL) is not assessment.state
        if changed or assessment.feeder_id == read:
            session.tx.put("assessment", history_row(assessment))
        if changed:
            _record(session, assessment)
    session.tx.save_snapshot(ASSESSMENT_SNAPSHOT, at, assessments_to_bytes(found))


def look_for_blind(session: Session) -> None:
    """A feeder without fresh readings is blind, never assumed healthy."""
    if any(at <= session.now for at in blind_times(session.desk)):
        look_ahead(session, session.now)


def blind_times(desk: Desk) -> Iterator[datetime]:
    """When each feeder that is seen goes blind, if no reading comes."""
    for feeder_id, assessment in desk.assessments.items():
        seen = desk.seen_until(feeder_id)
        if assessment.state is not RiskState.BLIND and seen is not None:
            yield seen + timedelta(seconds=desk.site.risk.blind_after_s) + _JUST_AFTER


def _record(session: Session, assessment: RiskAssessment) -> None:
    session.audit(
        "risk",
        assessment.state.value,
        feeder=assessment.feeder_id,
        state=assessment.state.value,
        asset=assessment.limiting_asset,
        phase=None if assessment.limiting_phase is None else assessment.limiting_phase.name,
        time_to_limit_s=assessment.time_to_limit_s,
        required_a=assessment.required_reduction_a,
        allowable_a=assessment.allowable_current_a,
        upper_a=assessment.upper_current_a,
        reason=assessment.reason,
    )


def held_a(desk: Desk, feeder_id: FeederId, at: datetime) -> tuple[float, ...]:
    """Amperes per phase that holds keep off the feeder, as is believed: those whose effect has come to show."""
    settled = at - timedelta(seconds=desk.site.control.settle_s)
    held = [c for c in desk.held(feeder_id) if c.state is CommandState.CONFIRMED]
    return _per_phase(desk, [c for c in held if c.answered_at is not None and c.answered_at <= settled])


def returning_a(desk: Desk, feeder_id: FeederId, at: datetime) -> tuple[float, ...]:
    """Amperes per phase that come back within the planning lead, when holds end."""
    return _per_phase(desk, _ending(desk, feeder_id, at))


def returning_sd_a(desk: Desk, feeder_id: FeederId, at: datetime) -> tuple[float, ...]:
    """How uncertain that is (standard deviation, A per phase), for the phases that nobody knows: amperes that come back
    on a phase with a probability p and on another else have the variance ``amps^2 p (1 - p)`` there."""
    found = [(desk.believed_a(c), desk.share_of(c)) for c in _ending(desk, feeder_id, at) if c.phase is None]
    return tuple(math.sqrt(sum(amps**2 * share[p] * (1.0 - share[p]) for amps, share in found)) for p in PHASES)


def _ending(desk: Desk, feeder_id: FeederId, at: datetime) -> list[Command]:
    until = at + timedelta(seconds=desk.site.control.lead_s)
    return [c for c in desk.held(feeder_id) if c.state is CommandState.CONFIRMED and c.end <= until]


def _per_phase(desk: Desk, commands: list[Command]) -> tuple[float, ...]:
    beliefs = [(desk.share_of(c), desk.believed_a(c)) for c in commands]
    return tuple(sum(share[phase] * amps for share, amps in beliefs) for phase in PHASES)
