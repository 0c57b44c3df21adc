"""From a plan to an order: at once where the policy says so, else when enough people have approved that exact plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest, AuthorisationRule, PlanFacts, authority, names
from linkbox.control.intervention import Intervention
from linkbox.control.planning import CurtailmentPlan, PlannedHold
from linkbox.operation import plan_desk, release_desk
from linkbox.operation.session import Session
from linkbox.records.commitments import NAME, Personal

Triple = tuple[float, float, float]


def order(
    session: Session, intervention: Intervention, required_a: Triple, *, found: CurtailmentPlan | None = None
) -> tuple[Intervention, int]:
    """Plan, and queue what nobody has to approve; else put the plan to people. How many commands were queued.

    ``found`` is the plan where there is one already.

    While people look at a plan, or after one of them has said no, nothing further is planned."""
    if intervention.request is not None or intervention.no_more is not None:
        return intervention, 0
    found = plan_desk.make_plan(session, intervention, required_a) if found is None else found
    intervention = plan_desk.record_plan(session, intervention, found)
    holds = found.commands[: session.desk.site.control.max_commands_per_step]
    if not holds:
        return intervention, 0
    rule = session.desk.site.control.authorisation.rule_for(_facts(session, intervention, holds))
    if rule is None:
        raise ValueError(f"{intervention.id} has no record of the market: nothing may be planned for it")
    if rule.people:
        return _ask(session, intervention, found, holds, rule), 0
    said = intervention.authorisation if intervention.approved_before else f"{rule.name}"
    intervention = replace(intervention, authorisation=said)
    return plan_desk.queue_plan(session, intervention, holds)


def _facts(session: Session, intervention: Intervention, holds: Sequence[PlannedHold]) -> PlanFacts:
    before = {c.mpan for c in session.desk.holds_of(intervention.id)}
    before |= {c.mpan for c in session.desk.commands.values() if c.holding and c.intervention_id == intervention.id}
    wanted = {hold.mpan for hold in holds}
    assessment = session.desk.assessments[intervention.feeder_id]
    return PlanFacts(
        customers=len(before | wanted),
        new_customers=len(wanted - before),
        time_to_limit_s=assessment.time_to_limit_s,
        market_recorded=intervention.market_outcome is not None,
        approved_before=intervention.approved_before,
    )


def _ask(
    session: Session,
    intervention: Intervention,
    found: CurtailmentPlan,
    holds: Sequence[PlannedHold],
    rule: AuthorisationRule,
) -> Intervention:
    wait = timedelta(seconds=session.desk.site.control.authorisation.wait_s)
    request = AuthorisationRequest(
        plan=_plan_record(session, intervention, found, holds),
        rule=rule.name,
        people=rule.people,
        asked_at=session.now,
        expires_at=session.now + wait,
    )
    session.audit(
        "authorisation",
        "asked",
        intervention=intervention.id,
        plan_sha256=request.digest,
        rule=rule.name,
        people=rule.people,
        customers=len(holds),
        required_a=found.required_a,
        expires_at=request.expires_at,
    )
    why = f"{rule.people} people must approve plan {request.digest[:12]}: {len(holds)} chargers"
    return replace(intervention, request=request.to_record()).note(session.now, why)


def _plan_record(
    session: Session, intervention: Intervention, found: CurtailmentPlan, holds: Sequence[PlannedHold]
) -> dict[str, Any]:
    """The plan as people see it and as their approval binds it: whom, how far, how long, for what."""
    return {
        "intervention": intervention.id,
        "feeder": intervention.feeder_id,
        "made_at": format_utc(session.now),
        "required_a": [round(a, 3) for a in found.required_a],
        "shortfall_a": [round(a, 3) for a in found.shortfall_a],
        "holds": [
            {
                "mpan": str(hold.mpan),
                "customer": session.customer(hold.mpan),
                "duration_s": hold.duration_s,
                "level_fraction": hold.level_fraction,
                "relief_a": [round(a, 3) for a in hold.expected_relief_a],
                "reason": hold.reason,
            }
            for hold in holds
        ],
    }


def holds_in(request: AuthorisationRequest) -> list[PlannedHold]:
    """The holds of a plan that was put to people."""
    return [
        PlannedHold(
            mpan=Mpan(h["mpan"]),
            duration_s=h["duration_s"],
            level_fraction=h["level_fraction"],
            expected_relief_a=(h["relief_a"][0], h["relief_a"][1], h["relief_a"][2]),
            reason=h["reason"],
        )
        for h in request.plan["holds"]
    ]


def pending(intervention: Intervention) -> AuthorisationRequest | None:
    """What people are asked, if they are."""
    return None if intervention.request is None else AuthorisationRequest.from_record(intervention.request)


def approve(session: Session, intervention: Intervention, who: str, why: str, digest: str) -> Intervention | str:
    """Count one person's yes; the intervention with it, or why it does not count."""
    request = pending(intervention)
    if request is None:
        return "nothing waits for approval"
    after = request.approve(who, why, digest=digest, at=session.now)
    if isinstance(after, str):
        return after
    session.audit(
        "authorisation",
        "approved",
        intervention=intervention.id,
        plan_sha256=digest,
        who=Personal(who, NAME),
        why=Personal(why),
        approvals=len(after.approvals),
        needed=after.people,
    )
    told = f"{who} approved plan {digest[:12]}: {why}"
    return replace(intervention, request=after.to_record()).note(session.now, told)


def carry_out(session: Session, intervention: Intervention) -> tuple[Intervention, int]:
    """Order the approved plan, to the letter, of those who may still be held. The approval is used up by it."""
    request = pending(intervention)
    if request is None or not request.granted:
        return intervention, 0
    may: list[PlannedHold] = []
    dropped: list[PlannedHold] = []
    for hold in holds_in(request):
        why = plan_desk.why_not_now(session, intervention, hold)
        (may if why is None else dropped).append(hold)
        if why is not None:
            customer = session.customer(hold.mpan)
            session.audit("authorisation", "left_out", intervention=intervention.id, customer=customer, why=why)
    session.audit(
        "authorisation",
        "used",
        intervention=intervention.id,
        plan_sha256=request.digest,
        commands=len(may),
        left_out=len(dropped),
        by=Personal(names(request.approvals), NAME),
    )
    who = authority(request)
    said = f"{intervention.authorisation}; {who}" if intervention.approved_before else who
    intervention = replace(intervention, request=None, approved_before=True, authorisation=said)
    return plan_desk.queue_plan(session, intervention, may)


def lapse(session: Session, intervention: Intervention) -> Intervention:
    """Nobody answered in time: no load is switched for it, and people are called by name."""
    request = pending(intervention)
    if request is None:
        return intervention
    have, wanted = len(request.approvals), request.people
    approved = f"{have} of {wanted} people approved plan {request.digest[:12]} in time ({names(request.approvals)})"
    why = Personal(approved) if request.approvals else approved
    session.audit("authorisation", "lapsed", intervention=intervention.id, plan_sha256=request.digest, why=why)
    missing = request.plan["required_a"]
    intervention = replace(intervention, request=None)
    return release_desk.escalate(session, intervention, (missing[0], missing[1], missing[2]), why, kind="no authority")


def withdraw(session: Session, intervention: Intervention, why: str) -> Intervention:
    """What was asked is not needed any more."""
    request = pending(intervention)
    if request is None:
        return intervention
    session.audit("authorisation", "withdrawn", intervention=intervention.id, plan_sha256=request.digest, why=why)
    return replace(intervention, request=None).note(session.now, f"plan {request.digest[:12]} withdrawn: {why}")


def refuse(session: Session, intervention: Intervention, who: str, why: str, digest: str) -> Intervention | str:
    """One person's no is enough: the plan is off, and nothing further is planned in this intervention."""
    request = pending(intervention)
    if request is None:
        return "nothing waits for approval"
    if digest != request.digest:
        return f"it names plan {digest[:12]}, the plan that waits is {request.digest[:12]}: look at it again"
    session.audit(
        "authorisation",
        "refused",
        intervention=intervention.id,
        plan_sha256=digest,
        who=Personal(who, NAME),
        why=Personal(why),
        needed=0,
    )
    missing = request.plan["required_a"]
    required = (missing[0], missing[1], missing[2])
    told = Personal(f"{who} refused plan {digest[:12]}: {why}")
    refused = replace(intervention, request=None, no_more=told)
    if math.fsum(required) <= 0.0:
        return refused
    return release_desk.escalate(session, refused, required, told, kind="refused")
