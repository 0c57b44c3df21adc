"""The forecast's night work in a watch under virtual time: two nights, a restart between them, and poor readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from linkbox.base.time import ManualClock
from linkbox.grid.columns import FleetColumns
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet
from linkbox.grid.forecast_model import ONE_MINUTE_MODEL
from linkbox.grid.nightly import RefitPolicy, Verdict
from linkbox.operation.column_fleet import ColumnFleet
from linkbox.operation.fleet_judge import FleetJudge, ObjectFleet
from linkbox.operation.night_work import NightWork, told
from tests.grid.samples import MINUTE, feeder

EVENING = datetime(2026, 1, 13, 21, 0, tzinfo=UTC)
FLEET = Fleet.of([feeder(f"F{i}") for i in range(4)])
POLICY = RefitPolicy(least_rows=50)


class Nights:
    """A fleet and its night work, fed minute by minute. What stands above 60 A is gone a minute later: the shipped
    coefficients expect it to stay."""

    def __init__(self, *, judge: FleetJudge | None = None, policy: RefitPolicy = POLICY) -> None:
        self.clock = ManualClock(EVENING)
        self.judge = judge or ObjectFleet(FLEET, EVENING)
        self.work = NightWork(self.judge, policy=policy)
        self.rng = np.random.default_rng(5)
        self.said: list[Verdict] = []

    def minutes(self, count: int, *, missing: float = 0.0) -> None:
        for _ in range(count):
            self.clock.advance(MINUTE)
            y = 60.0 + 25.0 * self.rng.gamma(0.5, 1.0, (4, 3))
            y[self.rng.random((4, 3)) < missing] = np.nan
            self.judge.take(y, np.full((4, 3), np.nan), self.clock.now())
            verdict = self.work.after_look(self.clock.now())
            if verdict is not None:
                self.said.append(verdict)


def test_over_two_nights_the_forecast_learns_and_the_verdicts_say_when_and_why() -> None:
    nights = Nights()
    nights.minutes(27 * 60 + 31 - 21 * 60)  # to 03:31
    assert [v.accepted for v in nights.said] == [False]
    assert nights.said[0].at == datetime(2026, 1, 14, 3, 30, tzinfo=UTC)
    assert nights.judge.model is ONE_MINUTE_MODEL
    nights.minutes(24 * 60)
    first, second = nights.said
    assert "first day" in first.reason
    assert second.at == first.at + timedelta(days=1)
    assert second.accepted, second.reason
    assert second.loss_ratio < 0.95
    assert nights.judge.model.identity == nights.work.model.identity != ONE_MINUTE_MODEL.identity
    assert abs(nights.judge.model.coefficients[1, 3, 0]) < ONE_MINUTE_MODEL.coefficients[1, 3, 0] / 2, "noise is noise"
    assert told(second)["accepted"] is True
    nights.minutes(60)
    assert len(nights.said) == 2


@pytest.mark.parametrize("kind", ["objects", "columns"])
def test_a_restart_in_the_middle_of_the_day_changes_nothing(kind: str) -> None:
    def fresh() -> Nights:
        if kind == "objects":
            return Nights()
        return Nights(judge=ColumnFleet(FleetColumns.of(FLEET), EVENING))

    whole, cut = fresh(), fresh()
    for nights in (whole, cut):
        nights.minutes(450)
    night, fleet = cut.work.to_bytes(), cut.judge.to_bytes()
    again = fresh()
    again.work.restore(night)
    again.judge.restore(fleet)
    again.clock, again.rng, again.said = cut.clock, cut.rng, list(cut.said)
    for nights in (whole, again):
        nights.minutes(24 * 60 if kind == "objects" else 300)
    assert again.work.to_bytes() == whole.work.to_bytes()
    assert again.judge.to_bytes() == whole.judge.to_bytes()
    assert [told(v) for v in again.said] == [told(v) for v in whole.said]


def test_what_was_learned_survives_a_restart_and_the_judge_is_told() -> None:
    nights = Nights()
    nights.minutes(31 * 60)
    assert nights.said[-1].accepted
    again = Nights()
    again.work.restore(nights.work.to_bytes())
    again.judge.restore(nights.judge.to_bytes())
    assert again.judge.model.identity == nights.judge.model.identity
    assert [told(v) for v in again.work.verdicts] == [told(v) for v in nights.said]
    with pytest.raises(SnapshotMismatch, match="must be of the fleet"):
        Nights().judge.restore(nights.judge.to_bytes())  # the state belongs to the coefficients that made it


def test_readings_full_of_holes_are_too_little_to_learn_from() -> None:
    nights = Nights()
    nights.minutes(400, missing=0.9)
    assert [v.accepted for v in nights.said] == [False]
    assert "samples of the day, 50 are needed" in nights.said[0].reason
    assert nights.said[0].rows < 50
    assert nights.judge.model is ONE_MINUTE_MODEL


def test_without_any_reading_the_night_passes_and_says_so() -> None:
    nights = Nights()
    nights.minutes(400, missing=1.0)
    assert nights.said[0].rows == 0
    assert told(nights.said[0])["loss_ratio"] is None


def test_a_night_that_was_slept_through_is_made_up_for_once() -> None:
    nights = Nights()
    nights.minutes(180)
    nights.clock.advance(timedelta(days=3))
    nights.minutes(3)
    assert len(nights.said) == 1


def test_never_keeps_nothing_and_does_nothing() -> None:
    nights = Nights(policy=RefitPolicy(at=None))
    nights.minutes(400)
    assert nights.said == []
    assert len(nights.work.to_bytes()) < 10_000


@pytest.mark.parametrize("damage", ["altered", "rows", "horizons"])
def test_a_stored_night_that_does_not_fit_is_refused(damage: str) -> None:
    stored = Nights().work.to_bytes()
    if damage == "altered":
        stored = stored[:-1] + bytes([stored[-1] ^ 1])
    other = Fleet.of([feeder(f"F{i}") for i in range(2)]) if damage == "rows" else FLEET
    if damage == "horizons":
        other = Fleet.of(FLEET.feeders, model=ONE_MINUTE_MODEL.until(1800.0))
    with pytest.raises(SnapshotMismatch):
        Nights(judge=ObjectFleet(other, EVENING)).work.restore(stored)
