"""The judge of the watch: hand-made days for the arithmetic, one real feeder for the whole way."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from linkbox.app.bench_detection import together
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.risk import RiskState
from linkbox.study.detection import DAY_MIN, STATES, WARM_UP_MIN, FeederDay, Lived, Watched, live, watch
from linkbox.study.detection_quality import at_probability, in_state, quality, within
from tests.docs.guides import ROOT

MINUTES = WARM_UP_MIN + DAY_MIN
ARCHIVE = Path(os.environ.get("LINKBOX_DATA", ROOT.parent / "shared" / "data")) / "enwl-lvns.tar.xz"
MODEL = FeederModel(
    feeder_id="F",  # type: ignore[arg-type]  # a test's shorthand
    substation="S",
    fuse=FUSES[400],
    cable=CABLES["3c_185_SAC_XC"],
    transformer=TRANSFORMERS[500],
)


def day(*, overload: int | None = None, sensitive: int | None = None) -> Lived:
    nothing = np.zeros((MINUTES, 3), dtype=np.float32)
    return Lived(
        day=FeederDay(feeder="F", seed=0),
        model=MODEL,
        head_a=nothing,
        transformer_a=nothing,
        overload_min=None if overload is None else WARM_UP_MIN + overload,
        overload_asset="fuse" if overload is not None else "",
        sensitive_min=sensitive,
    )


def said(*, imminent_from: int | None = None, until: int | None = None) -> Watched:
    grade = np.zeros(MINUTES, dtype=np.int8)
    if imminent_from is not None:
        end = MINUTES if until is None else WARM_UP_MIN + until
        grade[WARM_UP_MIN + imminent_from : end] = STATES.index(RiskState.IMMINENT)
    never = np.full(MINUTES, np.inf, dtype=np.float32)
    return Watched(grade=grade, time_to_limit_s=never, probability=np.zeros(MINUTES, dtype=np.float32))


IMMINENT = in_state(RiskState.IMMINENT)


def test_an_overload_is_seen_late_seen_or_missed_by_the_first_alarm_before_it() -> None:
    lived = [day(overload=100)] * 4
    watched = [
        said(imminent_from=90),
        said(imminent_from=95),
        said(imminent_from=100),
        said(imminent_from=20, until=30),
    ]
    found = quality(lived, watched, IMMINENT)
    assert found.leads_min == (10.0, 5.0, 0.0, 80.0)
    assert (found.overloads, found.seen, found.seen_late) == (4, 2, 1)
    assert found.sensitivity == 0.5


def test_an_alarm_on_a_clear_day_is_false_and_on_a_borderline_day_strictly_false() -> None:
    lived = [day(), day(), day(sensitive=50), day(overload=100)]
    found = quality(lived, [said(imminent_from=5), said(), said(imminent_from=5), said()], IMMINENT)
    assert (found.clear, found.borderline, found.overloads) == (2, 1, 1)
    assert (found.false, found.false_strict) == (1, 2)
    assert found.specificity == 0.5
    assert found.false_per_1000_days == 250.0


def test_a_false_alarm_near_the_limit_is_told_from_one_far_from_it() -> None:
    lived = [replace(day(), sensitive_peak=0.95), replace(day(), sensitive_peak=0.3)]
    found = quality(lived, [said(imminent_from=5)] * 2, IMMINENT)
    assert (found.false, found.false_far) == (2, 1)


def test_a_day_that_was_too_late_before_the_watch_began_is_left_out_and_counted() -> None:
    lived = [replace(day(overload=0), begun_over=True), day()]
    found = quality(lived, [said(), said()], IMMINENT)
    assert (found.days, found.begun_over, found.overloads, found.clear) == (1, 1, 0, 1)


def test_what_is_said_in_the_warm_up_does_not_count() -> None:
    early = said()
    early.grade[: WARM_UP_MIN - 1] = STATES.index(RiskState.EXCEEDED)
    assert quality([day()], [early], IMMINENT).false == 0


def test_without_overloads_there_is_no_sensitivity() -> None:
    found = quality([day()], [said()], IMMINENT)
    assert np.isnan(found.sensitivity)
    assert np.isnan(found.lead_p10_min)


def test_a_lower_threshold_never_sees_less() -> None:
    rng = np.random.default_rng(3)
    lived = [day(overload=int(m)) if m % 2 else day() for m in rng.integers(20, 900, 30)]
    watched = [
        replace(
            said(),
            time_to_limit_s=rng.exponential(40_000, MINUTES).astype(np.float32),
            probability=rng.random(MINUTES).astype(np.float32) ** 40,
        )
        for _ in lived
    ]
    for curve in ([within(s) for s in (60, 600, 6000)], [at_probability(p) for p in (0.9, 0.5, 0.1)]):
        found = [quality(lived, watched, alarm) for alarm in curve]
        assert [q.seen for q in found] == sorted(q.seen for q in found)
        assert [q.false for q in found] == sorted(q.false for q in found)


def test_a_real_feeder_is_lived_and_watched_and_its_fuse_is_seen_to_blow() -> None:
    if not ARCHIVE.exists():
        pytest.skip(f"the ENWL set is not there: {ARCHIVE} (set LINKBOX_DATA)")
    days = [FeederDay(feeder=f"{ARCHIVE}:network_1/Feeder_1", seed=seed) for seed in (2, 7)]
    lived = [live(one) for one in days]
    watched = watch(lived, RiskPolicy())
    assert [d.day.seed for d in lived] == [2, 7]
    for one, told in zip(lived, watched, strict=True):
        assert one.head_a.shape == (MINUTES, 3)
        assert told.grade.shape == (MINUTES,)
        if one.overload_min is not None:
            assert one.sensitive_min is not None
            assert one.sensitive_min <= one.overload_min
            assert told.grade[one.overload_min - 1] >= STATES.index(RiskState.AT_RISK)


def test_labels_of_points_that_lie_on_each_other_are_joined() -> None:
    points = [(0.0, 27.3), (0.0, 27.3), (0.0, 27.3), (8.0, 63.6)]
    assert together(points, ["0.9", "0.95", "0.99", "0.5"]) == {(0.0, 27.3): "0.9 to 0.99", (8.0, 63.6): "0.5"}
    assert together([], []) == {}
