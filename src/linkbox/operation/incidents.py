"""What else a reading may tell of a feeder under an intervention: a phase that went dead, a further risk."""

from __future__ import annotations

from dataclasses import replace

from linkbox.base.phases import PHASES
from linkbox.control.intervention import Intervention
from linkbox.grid.risk import RiskAssessment
from linkbox.operation import release_desk
from linkbox.operation.session import Session

DEAD_BELOW_A, CARRIED_A = 1.0, 15.0
"""A phase that carried this much when the intervention opened, and now carries less than an ampere, is dead: no street
of homes takes so little."""


def see_dead_phases(session: Session, intervention: Intervention) -> Intervention:
    """A phase that carries nothing any more has lost its supply: its risk is not over, it has come true."""
    now_a, before_a = session.desk.current_a[intervention.feeder_id], intervention.baseline_a
    dead = [
        p.name
        for p in PHASES
        if now_a[p] < DEAD_BELOW_A and before_a[p] >= CARRIED_A and p.name not in intervention.dead_phases
    ]
    if not dead:
        return intervention
    after = replace(intervention, dead_phases=(*intervention.dead_phases, *dead))
    lost: tuple[float, float, float] = (0.0, 0.0, 0.0)
    why = f"{'/'.join(dead)} carries no current any more: the supply is lost, most likely by its fuse; send a crew"
    return release_desk.escalate(session, after, lost, why, kind=f"supply lost on {'/'.join(dead)}")


def join(session: Session, intervention: Intervention, assessment: RiskAssessment) -> Intervention:
    """One intervention owns its feeder: a further risk on it joins, and is met by the same plans."""
    phase = None if assessment.limiting_phase is None else assessment.limiting_phase.name
    risk = f"{assessment.limiting_asset}{'' if phase is None else f' {phase}'}"
    opened = intervention.limiting_phase
    first = f"{intervention.limiting_asset}{'' if opened is None else f' {opened}'}"
    if not assessment.state.needs_action or risk in {first, *intervention.joined}:
        return intervention
    session.audit("intervention", "joined", intervention=intervention.id, risk=risk, why=assessment.reason)
    joined = replace(intervention, joined=(*intervention.joined, risk))
    return joined.note(session.now, f"a further risk joins: {assessment.reason}")
