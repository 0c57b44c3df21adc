"""Faults as data: the same seed, the same trouble, whatever happens in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from linkbox.base.time import ManualClock
from linkbox.emulator import FaultKind
from linkbox.operation.ports import HttpAnswer, PeerUnreachable
from linkbox.study.faults import FAULTS, Faults, LossyDcc, faults_of, reading_lost

START = datetime(2026, 1, 13, 23, 30, tzinfo=UTC)
END = START + timedelta(hours=4)


class Dcc:
    """Answers everything, and counts."""

    def __init__(self) -> None:
        self.posted: list[bytes] = []

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        self.posted.append(body)
        return HttpAnswer(status=200, body=service.encode())


async def fates(faults: Faults, *, seed: int = 1, posts: int = 400) -> tuple[list[str], int]:
    """What became of each post, and how many arrived."""
    dcc, clock = Dcc(), ManualClock(START)
    lossy = LossyDcc(dcc, faults, seed=seed, clock=clock)
    found = []
    for number in range(posts):
        try:
            found.append((await lossy.post("T", b"%d" % number)).body.decode())
        except PeerUnreachable as error:
            found.append(error.why)
    return found, len(dcc.posted)


async def test_connection_without_faults_changes_nothing() -> None:
    assert await fates(Faults()) == (["T"] * 400, 400)


async def test_lost_posts_never_arrive_and_lost_replies_do() -> None:
    found, arrived = await fates(Faults(post_lost=0.25, reply_lost=0.25))
    never_sent = sum("before the request was sent" in fate for fate in found)
    unanswered = sum("before the reply came" in fate for fate in found)
    assert arrived == 400 - never_sent
    assert 60 < never_sent < 140  # of 400 at 0.25: 100, five standard deviations are 43
    assert 40 < unanswered < 120  # of 300 at 0.25: 75


async def test_same_bytes_at_the_same_moment_fare_the_same_and_later_may_fare_better() -> None:
    faults = Faults(post_lost=0.5)
    assert await fates(faults) == await fates(faults)
    assert await fates(faults) != await fates(faults, seed=2)
    clock = ManualClock(START)
    lossy = LossyDcc(Dcc(), faults, seed=1, clock=clock)
    tries = []
    for _ in range(40):
        try:
            tries.append((await lossy.post("T", b"x")).status)
        except PeerUnreachable:
            tries.append(0)
        clock.move_to(clock.now() + timedelta(seconds=1))
    assert set(tries) == {0, 200}


def test_readings_are_lost_at_the_rate_that_was_asked() -> None:
    minutes = [START + timedelta(minutes=n) for n in range(2000)]
    lost = sum(reading_lost(Faults(reading_lost=0.1), at, seed=7) for at in minutes)
    assert 130 < lost < 270  # 200, five standard deviations are 67
    assert not any(reading_lost(Faults(), at, seed=7) for at in minutes)


@pytest.mark.parametrize("name", FAULTS)
def test_every_named_set_of_faults_stays_within_the_evening(name: str) -> None:
    faults = faults_of(name, start=START, end=END)
    for rule in faults.dcc.rules:
        assert rule.start is None or START <= rule.start < END
        assert rule.start is None or rule.end is not None


def test_bad_night_has_every_kind_of_fault_that_the_emulator_knows() -> None:
    assert {rule.kind for rule in faults_of("rough", start=START, end=END).dcc.rules} == set(FaultKind)


def test_no_faults_are_no_faults() -> None:
    assert faults_of("none", start=START, end=END) == Faults()
