"""What the live view is shown of an evening under way: only what Linkbox itself knows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linkbox.app.live import View
from linkbox.base.time import format_utc
from linkbox.operation.desk import Desk
from linkbox.study.evening import Evening
from linkbox.study.scenario import Scenario
from linkbox.study.telling import sentence
from linkbox.twin.street import Minute

_RECENT = 120


class Watch:
    """Feeds a view, and slows the evening down to ``speed`` simulated seconds a second where that is above 0."""

    def __init__(self, view: View, scenario: Scenario, speed: float) -> None:
        self._view, self._scenario, self._speed = view, scenario, speed
        self._recent: list[deque[float]] = [deque(maxlen=_RECENT) for _ in range(3)]
        self._names: dict[str, str] = {}
        self._began: tuple[float, datetime] | None = None

    def told(self, at: datetime, stream: str, kind: str, facts: Mapping[str, Any]) -> None:
        """An audit record was made."""
        text = sentence(stream, kind, facts, self._names)
        if text is not None:
            self._view.event({"at": format_utc(at), "stream": stream, "text": text})

    def minute(self, evening: Evening, minute: Minute) -> None:
        """A minute has passed."""
        desk = evening.controller.desk
        if not self._names:
            self._names.update({desk.site.pseudonym(h.point.mpan): h.name for h in evening.people.homes})
        for phase, series in enumerate(self._recent):
            series.append(float(minute.head_current_a[phase]))
        self._view.update(self._snapshot(desk, evening, minute.at))
        self._wait(minute.at)

    def _wait(self, at: datetime) -> None:
        if self._speed <= 0:
            return
        wall, first = self._began = self._began or (time.monotonic(), at)
        ahead = (at - first).total_seconds() / self._speed - (time.monotonic() - wall)
        if ahead > 0:
            time.sleep(ahead)

    def _snapshot(self, desk: Desk, evening: Evening, at: datetime) -> dict[str, Any]:
        feeder = evening.people.feeder
        assessment = desk.assessments.get(feeder.feeder_id)
        intervention = desk.interventions.get(feeder.feeder_id)
        span = (self._scenario.end - self._scenario.start).total_seconds()
        known = assessment is not None
        return {
            "now": format_utc(at),
            "speed": self._speed or None,
            "progress": min(1.0, max(0.0, (at - self._scenario.start).total_seconds() / span)),
            "current_a": [series[-1] for series in self._recent],
            "recent_current_a": [list(series) for series in self._recent],
            "limit_a": list(assessment.allowable_current_a) if assessment is not None else [None] * 3,
            "upper_a": list(assessment.upper_current_a) if assessment is not None else [None] * 3,
            "fuse_rated_a": feeder.fuse.rated_current_a,
            "fuse_state": list(assessment.fuse_state) if assessment is not None else [None] * 3,
            "risk_state": assessment.state.value if assessment is not None else "unknown",
            "risk_reason": assessment.reason if assessment is not None else "",
            "intervention": None
            if intervention is None
            else {
                "id": intervention.id,
                "state": intervention.state.value,
                "since": format_utc(intervention.since),
                "reason": intervention.history[-1].why if intervention.history else "",
            },
            "commands": [
                {
                    "customer": self._names.get(desk.site.pseudonym(c.mpan), "?"),
                    "srv": c.srv,
                    "state": c.state.value,
                    "age_s": (at - c.decided_at).total_seconds(),
                }
                for c in desk.commands.values()
                if c.state.value == "queued"
            ],
            "held": len(desk.held(feeder.feeder_id)) if known else 0,
        }
