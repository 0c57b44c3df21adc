"""What reports count, kept by month beside the chain and in the same commit: service requests, deliveries, effects.

Each is a small row whose state is the British civil month, so that a month's report reads that month only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from linkbox.base.time import format_utc
from linkbox.dcc.exchange import ExchangeState
from linkbox.operation.ports import Row, Transaction
from linkbox.records.civil_time import month_of

if TYPE_CHECKING:
    from linkbox.operation.desk import Desk, LiveExchange

TRIP, DELIVERY, EFFECT, EVENT = "trip", "delivery", "effect", "event"


def put_trip(tx: Transaction, desk: Desk, live: LiveExchange) -> None:
    """A service request is over: how long it took, what became of it, where the device is."""
    command = desk.commands.get(live.command_id)
    place = None if command is None else desk.site.inventory.find(command.mpan)
    exchange = live.exchange
    body = {
        "srv": exchange.request.srv,
        "intervention": "" if command is None else command.intervention_id,
        "sent_at": format_utc(live.opened_at),
        "completed_at": None if live.closed_at is None or _unanswered(live) else format_utc(live.closed_at),
        "failure": _failure(live),
        "region": "" if place is None else place.region,
        "hub": "" if place is None else place.hub,
    }
    key = str(exchange.request.request_id)
    tx.put(TRIP, Row(key=key, state=month_of(live.opened_at), owner=str(body["intervention"]), body=body))


def _unanswered(live: LiveExchange) -> bool:
    return live.exchange.state is ExchangeState.TIMED_OUT


def _failure(live: LiveExchange) -> str | None:
    """None for success, else the DUIS code where the DCC or the device gave one, or our own word."""
    exchange = live.exchange
    if exchange.state is ExchangeState.SUCCEEDED:
        return None
    code = exchange.response_code
    return code if code and not code.startswith("I") else exchange.state.value.replace("_", " ")


def put_effect(tx: Transaction, at: datetime, seq: int, kind: str, facts: Mapping[str, Any]) -> None:
    """What the feeder's own current showed of the holds (``confirmed``, ``measured``)."""
    intervention = str(facts.get("intervention", ""))
    body = {**facts, "kind": kind, "at": format_utc(at)}
    tx.put(EFFECT, Row(key=f"{seq}", state=month_of(at), owner=intervention, body=body))


def put_delivery(
    tx: Transaction, notice: Mapping[str, Any], outcome: str, at: datetime, *, attempts: int = 0, why: str = ""
) -> None:
    """Where a notice stands: ``queued``, ``failed`` (and to be tried again), ``sent``, ``given up``."""
    queued_at = str(notice["at"])
    body = {
        "audience": notice["audience"],
        "channel": notice["channel"],
        "stage": notice.get("stage", "event"),
        "queued_at": queued_at,
        "outcome": outcome,
        "attempts": attempts,
        "at": format_utc(at),
        "why": why,
    }
    owner = str(notice.get("intervention", ""))
    tx.put(
        DELIVERY, Row(key=str(notice["id"]), state=month_of(datetime.fromisoformat(queued_at)), owner=owner, body=body)
    )
