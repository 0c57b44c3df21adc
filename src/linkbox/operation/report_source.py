"""What reports read from a store: one month's small rows, or one event."""

from __future__ import annotations

from datetime import datetime

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import parse_utc
from linkbox.control.intervention import TABLE
from linkbox.operation.event_desk import trip_of
from linkbox.operation.ports import Row, Store
from linkbox.operation.reporting import DELIVERY, EFFECT, EVENT, TRIP
from linkbox.records.civil_time import month_of
from linkbox.records.events import EventRecord
from linkbox.records.month import Delivery, Effect, MonthFacts


def require_month(text: str) -> str:
    """``2026-01``; raise InvalidInput for what is no month."""
    try:
        datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - only asked whether it is one
    except ValueError as error:
        rule = "must be a month as YYYY-MM"
        raise InvalidInput("report", [Issue(where="--month", value=text, rule=rule)]) from error
    return text


def read_month(store: Store, month: str) -> MonthFacts:
    """Everything that the report of a British civil month is made of."""
    at_work = [state.value for state in TABLE.rows if state not in TABLE.final]
    still_open = [
        row for row in store.rows("intervention", states=at_work) if month_of(parse_utc(row.body["opened_at"])) == month
    ]
    return MonthFacts(
        month=month,
        events=[EventRecord.from_record(row.body) for row in store.rows(EVENT, states=[month])],
        trips=[trip_of(row) for row in store.rows(TRIP, states=[month])],
        deliveries=[_delivery(row) for row in store.rows(DELIVERY, states=[month])],
        effects=[_effect(row) for row in store.rows(EFFECT, states=[month])],
        still_open=len(still_open),
    )


def read_event(store: Store, intervention_id: str) -> EventRecord:
    """The record of one closed intervention; raise InvalidInput for one that is not there, or still open."""
    row = store.row(EVENT, intervention_id)
    if row is None:
        known = store.row("intervention", intervention_id)
        rule = "is not closed yet" if known is not None else "is not in this store"
        raise InvalidInput("report", [Issue(where="intervention", value=intervention_id, rule=rule)])
    return EventRecord.from_record(row.body)


def _delivery(row: Row) -> Delivery:
    body = row.body
    return Delivery(
        audience=body["audience"],
        channel=body["channel"],
        stage=body["stage"],
        queued_at=parse_utc(body["queued_at"]),
        outcome=body["outcome"],
        attempts=body["attempts"],
        at=parse_utc(body["at"]),
    )


def _effect(row: Row) -> Effect:
    a, b, c = row.body["drop_a"]
    return Effect(intervention_id=row.owner, kind=row.body["kind"], drop_a=(a, b, c))
