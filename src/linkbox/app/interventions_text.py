"""Interventions in words for a terminal. Customers stand under their tokens, never by MPAN."""

from __future__ import annotations

from collections.abc import Iterator

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest, names
from linkbox.control.intervention import Intervention


def lines(store: SqliteStore, *, everything: bool) -> Iterator[str]:
    """One line each, the open ones or all; a line that says so where there is none."""
    found = [Intervention.from_record(row.body) for row in store.rows("intervention")]
    chosen = [i for i in found if everything or i.open]
    if not chosen:
        yield "no intervention is under way" if not everything else "there has been no intervention"
    for intervention in chosen:
        opened = format_utc(intervention.opened_at)[:16].replace("T", " ")
        yield f"{intervention.id}  {intervention.feeder_id}  {opened}  {intervention.state}{_waits(intervention)}"


def _waits(intervention: Intervention) -> str:
    request = _request(intervention)
    if request is None:
        return ""
    have, until = len(request.approvals), format_utc(request.expires_at)[11:19]
    return f"  plan {request.digest[:12]} waits for {request.people} people until {until}, has {have}"


def _request(intervention: Intervention) -> AuthorisationRequest | None:
    return None if intervention.request is None else AuthorisationRequest.from_record(intervention.request)


def story(intervention: Intervention) -> str:
    """Everything that somebody needs who is woken for it."""
    told = [f"{intervention.id} on {intervention.feeder_id}: {intervention.state}"]
    if intervention.authorisation is not None:
        told.append(f"authorised: {intervention.authorisation}")
    told += [f"{format_utc(s.at)[11:19]} {s.state}: {s.why}" for s in intervention.history]
    request = _request(intervention)
    return "\n".join(told if request is None else [*told, "", *_plan(request)])


def _plan(request: AuthorisationRequest) -> Iterator[str]:
    plan = request.plan
    yield f"plan {request.digest}"
    yield f"  rule: {request.rule}; approved so far by {names(request.approvals)}"
    yield f"  ends unanswered at {format_utc(request.expires_at)[11:19]}: then nothing is switched"
    yield f"  needed {_amps(plan['required_a'])} A, can not be reached: {_amps(plan['shortfall_a'])} A"
    for hold in plan["holds"]:
        yield f"  {hold['customer']}  {hold['duration_s'] // 60} min  {_amps(hold['relief_a'])} A  {hold['reason']}"


def _amps(values: list[float]) -> str:
    return "/".join(f"{v:.0f}" for v in values)
