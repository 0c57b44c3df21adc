"""The slot of a meter, and the switch that polls it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.emulator.contactor import Contactor, Polling, closed_fraction, instruct
from linkbox.emulator.slots import SLOT_TABLE, Instruction, Slot, SlotEvent, SlotMode, command, settle
from linkbox.emulator.slots import instruction as told_by

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def instruction(slot: Slot, at: datetime, calendar_percent: int = 100) -> Instruction:
    return told_by(slot, at, calendar=lambda _: calendar_percent)


def test_a_deactivated_slot_is_open_until_its_time_is_over() -> None:
    slot = command(Slot(), SlotEvent.DEACTIVATE, duration_min=60, at=T0)
    assert (slot.mode, slot.until) == (SlotMode.HELD_OFF, after(3600))
    assert not instruction(slot, after(3599)).closed
    assert instruction(slot, after(3600)) == Instruction(closed=True, until=None, then_closed=True)


def test_an_activated_slot_is_closed_against_its_calendar() -> None:
    slot = command(Slot(), SlotEvent.ACTIVATE, duration_min=1, at=T0)
    assert instruction(slot, after(59), calendar_percent=0) == Instruction(
        closed=True, until=after(60), then_closed=False
    )
    assert not instruction(slot, after(60), calendar_percent=0).closed


def test_a_reset_gives_the_slot_back_to_its_calendar_at_once() -> None:
    held = command(Slot(), SlotEvent.DEACTIVATE, duration_min=60, at=T0)
    assert command(held, SlotEvent.RESET, duration_min=0, at=after(10)) == Slot()


def test_a_new_command_replaces_the_earlier_one() -> None:
    held = command(Slot(), SlotEvent.DEACTIVATE, duration_min=60, at=T0)
    shorter = command(held, SlotEvent.DEACTIVATE, duration_min=5, at=after(60))
    assert shorter.until == after(360)
    assert command(shorter, SlotEvent.ACTIVATE, duration_min=5, at=after(61)).mode is SlotMode.HELD_ON


def test_a_duration_of_zero_changes_nothing() -> None:
    assert command(Slot(), SlotEvent.DEACTIVATE, duration_min=0, at=T0) == Slot()


def test_every_mode_of_a_slot_can_be_reset_and_every_held_one_expires() -> None:
    assert all(SLOT_TABLE.next(mode, SlotEvent.RESET) is SlotMode.CALENDAR for mode in SlotMode)
    assert not SLOT_TABLE.final


@given(st.lists(st.tuples(st.sampled_from(SlotEvent), st.integers(0, 120), st.integers(0, 4000)), max_size=8))
def test_a_slot_left_alone_always_returns_to_its_calendar(steps: list[tuple[SlotEvent, int, int]]) -> None:
    slot, at = Slot(), T0
    for event, duration_min, wait_s in steps:
        at += timedelta(seconds=wait_s)
        if event is not SlotEvent.EXPIRED:
            slot = command(slot, event, duration_min=duration_min, at=at)
    assert settle(slot, at + timedelta(minutes=120)) == Slot()


def test_a_switch_polls_at_its_own_interval_and_phase() -> None:
    polling = Polling(interval_s=60, phase_s=17)
    assert polling.next_poll(T0) == after(17)
    assert polling.next_poll(after(17)) == after(17)
    assert polling.next_poll(after(17.5)) == after(77)


def test_a_switch_that_is_off_line_polls_when_it_is_back() -> None:
    polling = Polling(interval_s=60, phase_s=17, offline=((after(0), after(100)), (after(90), after(300))))
    assert polling.next_poll(T0) == after(317)


def test_an_open_contact_restores_by_itself_at_the_end_of_the_time_it_was_told() -> None:
    told = Instruction(closed=False, until=after(600), then_closed=True)
    contactor = instruct(Contactor(), told, at=after(30))
    assert [contactor.closed_at(after(s)) for s in (0, 29.9, 30, 599.9, 600)] == [True, True, False, False, True]
    assert closed_fraction(contactor, after(0), after(60)) == pytest.approx(0.5)
    assert closed_fraction(contactor, after(540), after(660)) == pytest.approx(0.5)
    assert closed_fraction(contactor, after(60), after(120)) == 0.0


def test_a_later_poll_replaces_what_the_contactor_had_planned() -> None:
    contactor = instruct(Contactor(), Instruction(closed=False, until=after(600), then_closed=True), at=after(30))
    contactor = instruct(contactor, Instruction(closed=True, until=None, then_closed=True), at=after(90))
    assert closed_fraction(contactor, after(0), after(600)) == pytest.approx((600 - 60) / 600)
    contactor = instruct(contactor, Instruction(closed=False, until=after(900), then_closed=True), at=after(700))
    assert not contactor.closed_at(after(899))
    assert contactor.closed_at(after(900))


def test_a_repeated_instruction_changes_nothing() -> None:
    told = Instruction(closed=False, until=after(600), then_closed=True)
    once = instruct(Contactor(), told, at=after(30))
    assert instruct(once, told, at=after(90)) == once


@given(
    st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.integers(0, 400)), max_size=10),
    st.integers(0, 3000),
    st.integers(1, 500),
)
def test_the_closed_share_is_that_of_counting_seconds(
    polls: list[tuple[int, bool, int]], start_s: int, length_s: int
) -> None:
    contactor, at_s = Contactor(), 0
    for wait_s, closed, for_s in polls:
        at_s += wait_s
        told = Instruction(closed=closed, until=after(at_s + for_s), then_closed=True)
        contactor = instruct(contactor, told, at=after(at_s))
    counted = sum(contactor.closed_at(after(s)) for s in range(start_s, start_s + length_s)) / length_s
    assert closed_fraction(contactor, after(start_s), after(start_s + length_s)) == pytest.approx(counted)


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.integers(0, 400)), max_size=10))
def test_a_contactor_that_nobody_reaches_any_more_closes_in_the_end(polls: list[tuple[int, bool, int]]) -> None:
    contactor, at_s = Contactor(), 0
    for wait_s, closed, for_s in polls:
        at_s += wait_s
        told = Instruction(closed=closed, until=after(at_s + for_s), then_closed=True)
        contactor = instruct(contactor, told, at=after(at_s))
    assert contactor.closed_at(after(at_s + 400))
