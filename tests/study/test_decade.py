"""The simulated decade, in a short form, and that its judge sees what it has to see."""

from __future__ import annotations

from linkbox.control.ledger import Ledger
from linkbox.control.planning import PlannedHold
from linkbox.study.decade import Counts, Decade, Setting
from linkbox.study.decade_world import Device, Verdict, judge, worst_s
from tests.app_wire.tool import linkbox, right

HOUR = 3600
HARD = Setting(days=45, chargers=40, seed=3, pressure=0.7, quarantined=0.01)


def lived(decade: Decade) -> tuple[Counts, Verdict]:
    return decade.run(lambda: None)


def test_six_hard_weeks_break_nothing() -> None:
    counts, verdict = lived(Decade(HARD))
    assert counts.holds > 400
    assert counts.overruns > 0
    assert (counts.without_permit, counts.unexplained_breaches, counts.unbooked_by_dcc) == (0, 0, 0)
    assert verdict.broken_by_us == ()
    assert (verdict.overlapping, verdict.too_long, verdict.below_floor) == (0, 0, 0)
    assert 6000 < verdict.worst_24h_s <= 7200
    assert 24_000 < verdict.worst_30d_s <= 28_800


def test_the_same_seed_gives_the_same_weeks() -> None:
    short = Setting(days=14, chargers=40, seed=5, pressure=0.7)
    assert lived(Decade(short)) == lived(Decade(short))


class Forgetful(Decade):
    """A controller whose ledger is lost every week."""

    def _forget(self) -> None:
        self.ledger, self.rows, self.sent, self.held = Ledger(), {}, {}, {}


class Deaf(Decade):
    """A controller that plans and sends without asking whether anybody agrees."""

    def _command(self, hold: PlannedHold, intervention: str) -> None:
        for person in self.town.people:
            person.agrees = False
        super()._command(hold, intervention)


def test_the_judge_sees_a_ledger_that_forgets() -> None:
    _, verdict = lived(Forgetful(HARD))
    assert verdict.broken_by_us != ()


def test_the_judge_sees_who_is_held_without_having_agreed() -> None:
    counts, _ = lived(Deaf(Setting(days=14, chargers=40, seed=5, pressure=0.7)))
    assert counts.without_permit == counts.holds > 0


def test_the_judge_counts_as_one_does_by_hand() -> None:
    # 90 min yesterday from 18:00, 60 min today from 18:30: any 24 h hold at most 60 + 60 = 120 (18:30 to 18:30), so
    # 30 min more of yesterday or today are 150
    spans = [(18 * HOUR, int(19.5 * HOUR), 1000, False), (int(42.5 * HOUR), int(43.5 * HOUR), 1000, False)]
    assert worst_s(spans, 24 * HOUR) == 90 * 60
    spans[1] = (int(41.5 * HOUR), int(42.5 * HOUR), 1000, False)
    assert worst_s(spans, 24 * HOUR) == 120 * 60
    assert worst_s([(0, 100, 500, False)], 24 * HOUR) == 50
    assert worst_s([], 24 * HOUR) == 0


def test_the_judge_sees_every_kind_of_fault() -> None:
    switch = Device(rated_a=32.0, proportional=False, reduced_fraction=0.0)
    switch.act("a", 0, 2 * HOUR, 0.0, late=False)
    switch.act("b", 3 * HOUR, HOUR, 0.0, late=True)
    assert judge([switch]).broken_by_dcc == (0,)
    assert judge([switch]).broken_by_us == ()
    switch.act("c", 5 * HOUR, 60, 0.0, late=False)
    assert judge([switch]).broken_by_us == ((0, 24),)
    assert switch.act("c", 6 * HOUR, 60, 0.0, late=False) is None
    limited = Device(rated_a=32.0, proportional=True, reduced_fraction=0.0)
    limited.act("a", 0, 3 * HOUR, 0.18, late=False)
    limited.act("b", HOUR, HOUR, 0.0, late=False)
    found = judge([limited])
    assert (found.below_floor, found.too_long, found.overlapping) == (2, 0, 0)
    limited.act("c", 9 * HOUR, 3 * HOUR, 0.5, late=False)
    assert judge([limited]).too_long == 1


def test_decade_is_told_with_its_number_of_steps() -> None:
    text = right("prove", "decade", "--years", 0.1, "--chargers", 40, "--seed", 2).text
    assert "steps over 36 days of 40 chargers: no safeguard gave way" in text
    for words in (("--years", 0), ("--years", "nan"), ("--chargers", 0), ("--margin", -1)):
        assert linkbox("prove", "decade", *words).code == 2
