"""Plans that are before people: carried out when enough have approved, else nothing is switched."""

from __future__ import annotations

from datetime import timedelta

from linkbox.control.intervention import Intervention, InterventionEvent
from linkbox.grid.risk import RiskState
from linkbox.operation import authorisation_desk
from linkbox.operation.needs import chargers, need_a, overdue
from linkbox.operation.session import Session

_E = InterventionEvent

COMMAND_WAIT = timedelta(seconds=150)


def awaiting(session: Session, intervention: Intervention) -> Intervention:
    """A plan is before people. Nothing is switched until they have approved it, whatever happens meanwhile."""
    request = authorisation_desk.pending(intervention)
    if intervention.no_more is not None:
        session.put_stop(intervention.feeder_id, in_force=True)
        return intervention.apply(_E.AUTHORISATION_REFUSED, session.now, intervention.no_more)
    if request is None:
        return intervention.apply(_E.ERROR, session.now, "the plan before people is gone")
    if request.granted:
        after, commands = authorisation_desk.carry_out(session, intervention)
        if not commands:
            why = "nobody of the approved plan may be held any more"
            return after.apply(_E.ERROR, session.now, why)
        why = f"{chargers(commands)} to hold, as approved"
        return after.apply(_E.AUTHORISED, session.now, why, deadline_at=session.now + COMMAND_WAIT)
    assessment = session.desk.assessments[intervention.feeder_id]
    calm = not assessment.state.needs_action and assessment.state is not RiskState.BLIND
    if calm and not any(need_a(session, intervention)):
        withdrawn = authorisation_desk.withdraw(session, intervention, "the load fell by itself")
        return withdrawn.apply(_E.RISK_GONE, session.now, "the load fell by itself")
    if overdue(session, intervention):
        lapsed = authorisation_desk.lapse(session, intervention)
        return lapsed.apply(_E.TIME_OUT, session.now, "nobody authorised the plan in time: nothing is switched")
    return intervention


def further_request(session: Session, intervention: Intervention) -> Intervention:
    """A further plan of an intervention that holds already: carried out, given up or withdrawn; else it waits."""
    request = authorisation_desk.pending(intervention)
    if request is None:
        return intervention
    if request.granted:
        return authorisation_desk.carry_out(session, intervention)[0]
    if request.expires_at <= session.now:
        return authorisation_desk.lapse(session, intervention)
    if intervention.feeder_id in session.desk.fresh and not any(need_a(session, intervention)):
        return authorisation_desk.withdraw(session, intervention, "nothing more has to go")
    return intervention
