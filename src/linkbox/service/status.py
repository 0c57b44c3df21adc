"""How a service is doing: one value for programs, one screen of text for people. No MPAN, no address, no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from linkbox import __version__
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest
from linkbox.control.intervention import Intervention
from linkbox.operation.daily_desk import CLOCK_CHECK, DUTY, SUPPLIER_DAYS
from linkbox.operation.desk import Desk

_WORST = 8


def status_of(desk: Desk, *, now: datetime, started_at: datetime, failing: str | None) -> dict[str, Any]:
    """Counts of what is under way, the feeders that need watching most, and what waits to be sent."""
    states = Counter(a.state.value for a in desk.assessments.values())
    unheard = len(desk.fleet) - sum(desk.seen_until(f) is not None for f in desk.fleet.ids)
    waiting = Counter(table for table, _ in desk.outbox)
    troubled = [live.trouble for live in desk.exchanges.values() if live.trouble is not None]
    return {
        "status": "ok" if failing is None else "failing",
        "failing": failing,
        "version": __version__,
        "at": format_utc(now),
        "started_at": format_utc(started_at),
        "feeders": {"watched": len(desk.fleet), "never_heard": unheard, **dict(sorted(states.items()))},
        "interventions": [_intervention(i) for i in desk.interventions.values()],
        "chargers_held": sum(c.holding for c in desk.commands.values()),
        "requests_under_way": len(desk.exchanges),
        "dcc_trouble": troubled[0] if troubled else None,
        "market_messages_waiting": waiting["market_message"],
        "notices_waiting": waiting["notice"],
        "feeders_stopped": sorted(desk.stopped),
        "audit_records": desk.chain.seq,
        "days_done": {duty: _day(desk, duty) for duty in (SUPPLIER_DAYS, CLOCK_CHECK)},
    }


def health_of(status: Mapping[str, Any]) -> dict[str, Any]:
    """What anybody may know: whether it works, not what it does."""
    blind = status["feeders"].get("blind", 0)
    return {name: status[name] for name in ("status", "version", "at", "started_at")} | {"feeders_blind": blind}


def status_text(status: Mapping[str, Any]) -> str:
    """One screen."""
    return "\n".join(_lines(status)) + "\n"


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    yield f"Linkbox {status['version']}  {status['status']}  {status['at']}, since {status['started_at']}"
    if status["failing"]:
        yield f"FAILING      {status['failing']}"
    yield "feeders      " + ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in status["feeders"].items()
    )
    yield (
        f"under way    {len(status['interventions'])} interventions, {status['chargers_held']} chargers held, "
        f"{status['requests_under_way']} requests at the DCC"
    )
    yield f"DCC          {status['dcc_trouble'] or 'no trouble'}"
    yield f"to be sent   {status['notices_waiting']} notices, {status['market_messages_waiting']} market messages"
    done = ", ".join(f"{name.replace('_', ' ')} {day or 'never'}" for name, day in status["days_done"].items())
    yield f"days done    {done}"
    yield f"audit        {status['audit_records']} records"
    for feeder in status["feeders_stopped"]:
        yield f"stopped      {feeder}: nobody new is held until the risk is over"
    for i in status["interventions"][:_WORST]:
        waits = f", waits for {i['waits_for_people']} people" if i["waits_for_people"] else ""
        escalated = ", ESCALATED" if i["escalated"] else ""
        yield f"  {i['id']}  {i['feeder']}  {i['state']} since {i['since'][11:19]}{waits}{escalated}"


def _intervention(found: Intervention) -> dict[str, Any]:
    request = None if found.request is None else AuthorisationRequest.from_record(found.request)
    return {
        "id": found.id,
        "feeder": found.feeder_id,
        "state": found.state.value,
        "since": format_utc(found.since),
        "waits_for_people": 0 if request is None else request.people - len(request.approvals),
        "escalated": found.escalated,
    }


def _day(desk: Desk, duty: str) -> str | None:
    row = desk.recall_row(DUTY, duty)
    return None if row is None else str(row.body["last"])
