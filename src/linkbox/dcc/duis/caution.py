"""What a careful user checks of a request before it goes out, beyond what the schema and the DCC check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from linkbox.base.errors import Issue
from linkbox.base.time import format_utc
from linkbox.dcc.duis.bodies import (
    ActivateAuxiliaryLoad,
    AddAuxiliaryLoadToBoostButton,
    DeactivateAuxiliaryLoad,
    LimitApcLevel,
    LogAction,
    ReadBoostButtonDetails,
    ReadEventOrSecurityLog,
    RemoveAuxiliaryLoadFromBoostButton,
    SetAuxiliaryControllerState,
    UpdateAlcDescriptions,
    UpdateAlcSchedule,
    UpdateControllerSchedule,
    UpdateHanDeviceLog,
)
from linkbox.dcc.duis.request import ServiceRequest

LONGEST_HOLD = timedelta(hours=24)


def cautions(request: ServiceRequest) -> tuple[Issue, ...]:
    """Everything that makes ``request`` doubtful; send nothing that has any.

    Sources: reference dcc.md 7.1 (a duration of 0 has no published meaning), 5.6 (24 hours at most, end after start),
    3.3 (an instruction goes out for every boost slot), 2.4 (counter from 1).
    """
    return tuple(Issue(where=where, value=value, rule=rule) for where, value, rule in _doubts(request))


def _doubts(request: ServiceRequest) -> Iterator[tuple[str, str, str]]:
    if request.request_id.counter == 0:
        yield "request_id.counter", "0", "must be at least 1"
    match request.body:
        case ActivateAuxiliaryLoad() | DeactivateAuxiliaryLoad() as body:
            if body.duration_min == 0:
                yield "body.duration_min", "0", "must be at least 1: the meaning of 0 is not published"
        case SetAuxiliaryControllerState() | LimitApcLevel() as body:
            yield from _period(body.start, body.end, LONGEST_HOLD)
        case ReadBoostButtonDetails() | ReadEventOrSecurityLog() as body:
            yield from _period(body.start, body.end, None)
        case AddAuxiliaryLoadToBoostButton() | RemoveAuxiliaryLoadFromBoostButton() as body:
            indexes = sorted(slot.index for slot in body.slots)
            if indexes != [1, 2, 3, 4, 5]:
                yield "body.slots", str(indexes), "must have each slot 1..5 once"
        case UpdateAlcDescriptions() as body:
            yield from _once("body.descriptions", (d.index for d in body.descriptions))
        case UpdateAlcSchedule() as body:
            yield from _once("body.special_days", (d.index for d in body.special_days))
            yield from _once("body.bindings", (b.index for b in body.bindings))
        case UpdateControllerSchedule() as body:
            yield from _once("body.special_days", (d.index for d in body.special_days))
        case UpdateHanDeviceLog() as body:
            if (body.action is LogAction.ADD) != (body.whitelist is not None):
                yield "body.whitelist", body.action, "must be there to add a device, and only then"
        case _:
            pass


def _period(start: datetime, end: datetime, longest: timedelta | None) -> Iterator[tuple[str, str, str]]:
    if end <= start:
        yield "body.end", format_utc(end), f"must be after the start {format_utc(start)}"
    elif longest is not None and end - start > longest:
        yield "body.end", format_utc(end), f"must be at most 24 hours after the start {format_utc(start)}"


def _once(where: str, indexes: Iterable[int]) -> Iterator[tuple[str, str, str]]:
    seen = sorted(indexes)
    if len(set(seen)) != len(seen):
        yield where, str(seen), "must name each index at most once"
