"""A closed intervention is written down for the regulator: one record, in the commit that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from linkbox.base.phases import PHASES
from linkbox.control.intervention import Intervention
from linkbox.operation.entities import Command, plain
from linkbox.operation.ports import Row
from linkbox.operation.reporting import EVENT, TRIP
from linkbox.operation.session import Session
from linkbox.records.civil_time import month_of
from linkbox.records.events import EventRecord, HoldRecord
from linkbox.records.metrics import RequestMetrics, RoundTrip, measure
from linkbox.records.notices import EventFacts, MarketRecord, RegulatorSummary

_AUTOMATIC = "automatic, within the policy in force"


def write_event(session: Session, intervention: Intervention, commands: Sequence[Command]) -> None:
    """Keep the record of ``intervention``, whose confirmed holds are ``commands``."""
    record = _record(session, intervention, commands)
    row = Row(
        key=intervention.id,
        state=month_of(intervention.opened_at),
        owner=intervention.feeder_id,
        body=plain(record.to_record()),
    )
    session.tx.put(EVENT, row)


def event_facts(session: Session, intervention: Intervention) -> EventFacts:
    """What suppliers and the regulator may know of it as a whole."""
    phase = "" if intervention.limiting_phase is None else f" on {intervention.limiting_phase}"
    market = (intervention.market_outcome or "no outcome").replace("_", " ")
    return EventFacts(
        intervention_id=intervention.id,
        feeder_id=intervention.feeder_id,
        start=intervention.opened_at,
        end=session.now,
        reason=f"overload of the {intervention.limiting_asset}{phase}; market: {market}",
    )


def _record(session: Session, intervention: Intervention, commands: Sequence[Command]) -> EventRecord:
    holds = tuple(_hold(session, c) for c in sorted(commands, key=lambda c: (c.mpan, c.start)))
    minutes: dict[str, float] = {}
    for hold in holds:
        minutes[hold.customer] = minutes.get(hold.customer, 0.0) + hold.minutes
    seen = intervention.reduction_seen_at
    limit_s = intervention.time_to_limit_s
    summary = RegulatorSummary(
        event=event_facts(session, intervention),
        limiting_asset=f"{intervention.limiting_phase or ''} {intervention.limiting_asset}".strip(),
        time_to_limit_s=None if limit_s == float("inf") else limit_s,
        required_a=intervention.required_a,
        relieved_a=_relieved(commands),
        market=_market(intervention),
        authority=intervention.authorisation or _AUTOMATIC,
        customers=len(minutes),
        customer_minutes=sum(minutes.values()),
        longest_minutes=max(minutes.values(), default=0.0),
        objections=_objections(session, intervention),
        requests=_requests(session, intervention),
        detection_to_reduction_s=None if seen is None else (seen - intervention.opened_at).total_seconds(),
        shortfall_a=intervention.shortfall_a,
        escalated=intervention.escalated,
    )
    refused = sum(1 for owner, _ in session.desk.refusals if owner == intervention.id)
    story = tuple((step.at, step.state.value.replace("_", " "), step.why) for step in intervention.history)
    return EventRecord(summary=summary, holds=holds, refused=refused, story=story)


def _hold(session: Session, command: Command) -> HoldRecord:
    return HoldRecord(
        customer=session.customer(command.mpan),
        phase=command.phase_name,
        start=command.answered_at or command.start,
        end=known_end(command, session.now),
        ended_by=command.ended_by or "still held",
        expected_a=command.expected_a,
        answer="confirmed under the device's signature" if command.answered_at else "no answer",
        reason=command.reason,
    )


def known_end(command: Command, now: datetime) -> datetime | None:
    """When a hold ended; None while it lasts."""
    return command.ended_at if command.ended_at is not None and command.ended_at <= now else None


def _relieved(commands: Sequence[Command]) -> tuple[float, float, float]:
    a, b, c = (sum(command.expected_a * command.share[phase] for command in commands) for phase in PHASES)
    return (a, b, c)


def _market(intervention: Intervention) -> MarketRecord:
    asked = [] if intervention.call_off is None else intervention.call_off["requests"]
    providers = ", ".join(dict.fromkeys(str(request["provider"]) for request in asked))
    outcome = (intervention.market_outcome or "not decided").replace("_", " ")
    answers = "; ".join(str(a.get("reason") or a.get("result") or "") for a in intervention.answers).strip("; ")
    return MarketRecord(
        provider=providers or None,
        called_at=intervention.opened_at if providers else None,
        decided_at=intervention.market_decided_at,
        outcome=outcome,
        reason=answers or outcome,
    )


def _objections(session: Session, intervention: Intervention) -> int:
    customers, chargers = session.desk.customers, session.desk.site.chargers
    return sum(
        1
        for point in session.desk.site.points(intervention.feeder_id)
        if point.mpan in chargers and customers.objection(point.mpan, intervention.id, session.now) is not None
    )


def _requests(session: Session, intervention: Intervention) -> RequestMetrics:
    return measure(trip_of(row) for row in session.desk.recall_rows(TRIP, intervention.id))


def trip_of(row: Row) -> RoundTrip:
    """A service request as the metrics count it."""
    body = row.body
    done = body["completed_at"]
    return RoundTrip(
        srv=body["srv"],
        sent_at=datetime.fromisoformat(body["sent_at"]),
        completed_at=None if done is None else datetime.fromisoformat(done),
        failure=body["failure"],
        region=body["region"],
        hub=body["hub"],
    )
