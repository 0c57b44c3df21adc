"""Keeping each charger's habit: what every event taught of it, for the evenings that follow.

A row for each charger of which anything was ever shown; the others have the general prior, and no row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.control.drawing import prior
from linkbox.control.habits import Habit
from linkbox.grid.profile import british_local
from linkbox.operation.desk import HABIT, Desk, Remembered
from linkbox.operation.ports import Row
from linkbox.operation.session import Session

_NOTHING = Remembered(habit=Habit(), counted_at=None)
_TEACHES = 0.5
"""A belief that stands further than half of this from a half is evidence; nearer ones say little, and wait for more."""


def general_prior(desk: Desk, at: datetime) -> float:
    """How likely any charger draws at a moment: by the hour, and by the tariff that this street's customers are on."""
    return prior(_local(at), tariff_start=desk.site.tariff_start, tariff_share=desk.site.tariff_share)


def expected(desk: Desk, mpan: Mpan, at: datetime, general: float) -> float:
    """How likely this charger draws, where ``general`` is that of any: its own evenings weighed in."""
    known = desk.habits.get(mpan)
    return general if known is None else known.habit.probability(_local(at), general)


def has_habit(desk: Desk, mpan: Mpan, at: datetime) -> bool:
    """Whether anything was ever shown of this charger at this hour."""
    known = desk.habits.get(mpan)
    return known is not None and known.habit.seen[_local(at).hour] > 0.0


def learn(session: Session, drawing: Mapping[Mpan, float]) -> None:
    """What a drop or a channel left to believe of these chargers, each for its habit at this hour.

    Once for each charger and hour: a charger that is held or told of again is no other evening."""
    hour = _hour(session.now)
    for mpan, probability in drawing.items():
        before = session.desk.habits.get(mpan, _NOTHING)
        counted = before.counted_at is not None and _hour(before.counted_at) == hour
        if not counted and abs(2.0 * probability - 1.0) >= _TEACHES:
            habit = before.habit.after(_local(session.now), probability)
            _put(session, mpan, Remembered(habit=habit, counted_at=session.now))


def _put(session: Session, mpan: Mpan, value: Remembered) -> None:
    counted_at = None if value.counted_at is None else format_utc(value.counted_at)
    body = {"seen": list(value.habit.seen), "drew": list(value.habit.drew), "counted_at": counted_at}
    session.tx.put(HABIT, Row(key=str(mpan), state="", owner=str(mpan), body=body))
    session.desk.habits[mpan] = value


def _local(at: datetime) -> time:
    return british_local(at).time()


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
