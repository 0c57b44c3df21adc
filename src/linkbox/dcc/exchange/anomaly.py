"""Our own anomaly thresholds, checked before anything is sent. Source: reference dcc.md section 8.1.

The DCC quarantines what goes over a user's thresholds; a quarantined command is not delivered, and may be much later.
So we stop ourselves first: a warning threshold tells a person, a holding threshold keeps the request back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from linkbox.base.errors import InvalidInput, Issue
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import ActivateAuxiliaryLoad, DeactivateAuxiliaryLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """How many requests of these SRVs (empty: all) within ``window``: ``warn`` is the first to warn of, ``hold`` the
    first to keep back. ``max_duration_min`` bounds the duration of a switching command, None for no bound."""

    name: str
    window: timedelta
    warn: int
    hold: int
    srvs: frozenset[str] = frozenset()
    max_duration_min: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.warn <= self.hold or self.window <= timedelta(0):
            value = f"warn {self.warn}, hold {self.hold}, window {self.window}"
            rule = "needs 0 < warn <= hold and a window"
            raise InvalidInput("anomaly threshold", [Issue(where=self.name, value=value, rule=rule)])

    def concerns(self, srv: str) -> bool:
        """Whether a request of this SRV counts."""
        return not self.srvs or srv in self.srvs


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The times of requests that were let through, by threshold, oldest first, as far as its window reaches."""

    thresholds: tuple[Threshold, ...]
    times: Mapping[str, tuple[datetime, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Clear:
    """Nothing is out of the ordinary."""


@dataclass(frozen=True, slots=True)
class Warned:
    """The request may go; a person should know why it is out of the ordinary."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The request must not go."""

    reasons: tuple[str, ...]


Verdict: TypeAlias = Clear | Warned | Held


def check(watch: Watch, request: ServiceRequest, *, at: datetime) -> tuple[Verdict, Watch]:
    """Judge a request before it is sent; one that is not held counts from then on."""
    if not watch.thresholds:
        return Clear(), watch
    warnings, holds = [], []
    times = dict(watch.times)
    for threshold in watch.thresholds:
        if not threshold.concerns(request.srv):
            continue
        recent = tuple(t for t in times.get(threshold.name, ()) if t > at - threshold.window)
        count = len(recent) + 1
        said = f"{threshold.name}: request {count} within {threshold.window}"
        if count >= threshold.hold:
            holds.append(f"{said}, holding from {threshold.hold}")
        elif count >= threshold.warn:
            warnings.append(f"{said}, warning from {threshold.warn}")
        holds += _too_long(threshold, request)
        times[threshold.name] = (*recent, at)
    if holds:
        return Held(tuple(holds)), watch
    counted = replace(watch, times=MappingProxyType(times))
    return (Warned(tuple(warnings)) if warnings else Clear()), counted


def thresholds_csv(thresholds: Iterable[Threshold]) -> str:
    """The thresholds as a table that a user can submit. The DCC's own file format is not in the material."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("threshold", "service_reference_variants", "window_s", "warning", "quarantine", "max_duration_min"))
    for t in thresholds:
        srvs = " ".join(sorted(t.srvs)) or "all"
        longest = "" if t.max_duration_min is None else t.max_duration_min
        table.writerow((t.name, srvs, int(t.window.total_seconds()), t.warn, t.hold, longest))
    return out.getvalue()


def _too_long(threshold: Threshold, request: ServiceRequest) -> list[str]:
    match request.body:
        case ActivateAuxiliaryLoad(duration_min=minutes) | DeactivateAuxiliaryLoad(duration_min=minutes):
            if threshold.max_duration_min is not None and minutes > threshold.max_duration_min:
                return [f"{threshold.name}: {minutes} min, at most {threshold.max_duration_min} are allowed"]
    return []
