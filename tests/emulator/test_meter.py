"""What a meter does with everything but plain switching: boost button, controllers, logs, labels, calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import ServiceRequest, read_response
from linkbox.dcc.duis import bodies as duis
from linkbox.dcc.duis.response import DeviceAlert, DspInventory
from linkbox.dcc.eligibility import UserRole
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.gbcs import controlleralerts, ecs35
from linkbox.dcc.gbcs.envelope import decode
from linkbox.dcc.gbcs.registry import read_value
from linkbox.dcc.smki import Role
from linkbox.emulator import EmulatorConfig
from linkbox.emulator.slots import Control

from .world import USER, World, after, hold, installation, request

MPAN = installation(1).mpan


def proportional(**settings: Any) -> World:
    config = EmulatorConfig(profile="secmp0046-proportional", **settings)
    return World(config=config, profile="secmp0046-proportional", proportional=True)


def with_boost(**settings: Any) -> World:
    return World(config=EmulatorConfig(profile="secmp0046-boost", **settings), profile="secmp0046-boost")


def supplier(**settings: Any) -> World:
    return World(
        config=EmulatorConfig(profile="duis-5.4", **settings),
        profile="duis-5.4",
        user_role=UserRole.IMPORT_SUPPLIER,
        certificate_role=Role.SUPPLIER,
    )


def answer(world: World, asked: ServiceRequest, at_s: float) -> Any:
    """Send a request, wait for the device, and give the value of its response."""
    world.send(asked, after(at_s))
    world.run_until(after(at_s + 200))
    done = world.result(asked)
    assert (done.state, done.failure) == (ExchangeState.SUCCEEDED, None)
    assert done.response is not None
    return read_value(done.response)


def slots(*marked: int) -> tuple[duis.BoostSlot, ...]:
    return tuple(duis.BoostSlot(index=n, marked=n in marked) for n in range(1, 6))


def remove_from_boost(counter: int) -> ServiceRequest:
    body = duis.RemoveAuxiliaryLoadFromBoostButton(slots=slots(1, 2, 3, 4, 5))
    return request(body, "7.10", counter, variant=1)


def add_to_boost(counter: int) -> ServiceRequest:
    return request(duis.AddAuxiliaryLoadToBoostButton(slots=slots(3)), "7.9", counter, variant=1)


def read_boost(counter: int) -> ServiceRequest:
    return request(duis.ReadBoostButtonDetails(start=after(0), end=after(9000)), "7.11", counter, variant=1)


def set_state(counter: int, percent: int, start_s: float, end_s: float) -> ServiceRequest:
    body = duis.SetAuxiliaryControllerState(index=3, start=after(start_s), end=after(end_s), level_percent=percent)
    return request(body, "7.13", counter)


def limit(counter: int, percent: int, start_s: float, end_s: float) -> ServiceRequest:
    body = duis.LimitApcLevel(index=3, start=after(start_s), end=after(end_s), level_percent=percent)
    return request(body, "7.16", counter)


def operation(counter: int) -> ServiceRequest:
    return request(duis.ReadAuxiliaryControllerOperationalData(), "7.15", counter, variant=1)


def read_log(counter: int) -> ServiceRequest:
    body = duis.ReadEventOrSecurityLog(start=after(0), end=after(9000), log=duis.Log.ALCS_EVENT)
    return request(body, "6.13", counter, variant=1)


def test_the_log_shows_what_was_sent_and_what_the_switch_reported() -> None:
    world = World()
    answer(world, hold(1), 0)
    log = answer(world, read_log(2), 300)
    sent, reported = log.entries
    assert (sent.event, sent.outcome) == (
        ecs35.SwitchEvent(number=3, kind=ecs35.SwitchEventKind.OFF),
        ecs35.EventOutcome.NOT_KNOWN,
    )
    assert (reported.event.kind, reported.outcome) == (
        ecs35.SwitchEventKind.MESSAGE_FROM_HCALCS,
        ecs35.EventOutcome.SUCCESS,
    )
    assert sent.command_id == reported.command_id == int(sent.at.timestamp())
    assert sent.at <= reported.at


def test_a_response_addressed_to_the_user_bears_a_mac_that_the_user_can_check() -> None:
    world = World()
    answer(world, read_log(2), 0)
    done = world.result(read_log(2))
    assert done.response is not None
    assert (done.response.recipient, done.response.supplementary_party) == (USER, None)
    assert done.response.mac is not None


def test_the_consumer_can_override_a_hold_by_the_boost_button_only_where_it_comes_first() -> None:
    for precedence, closed in (
        ((Control.BOOST, Control.COMMAND, Control.PERIOD), 1.0),
        ((Control.COMMAND, Control.PERIOD, Control.BOOST), 0.0),
    ):
        world = with_boost(precedence=precedence)
        answer(world, hold(1), 0)
        world.dcc.press_boost(MPAN, minutes=30, at=after(600))
        world.run_until(after(1000))
        assert world.dcc.closed_fraction(MPAN, after(800), after(900)) == closed


def test_a_boost_ends_and_the_hold_rules_again() -> None:
    world = with_boost(precedence=(Control.BOOST, Control.COMMAND, Control.PERIOD))
    answer(world, hold(1), 0)
    world.dcc.press_boost(MPAN, minutes=15, at=after(600))
    world.run_until(after(2000))
    assert world.dcc.closed_fraction(MPAN, after(1700), after(1800)) == 0.0


def test_a_slot_taken_off_the_boost_button_does_not_follow_it_and_can_be_put_back() -> None:
    world = with_boost(precedence=(Control.BOOST, Control.COMMAND, Control.PERIOD))
    assert answer(world, read_boost(1), 0).controls[2]
    answer(world, remove_from_boost(2), 200)
    answer(world, hold(3), 400)
    world.dcc.press_boost(MPAN, minutes=30, at=after(700))
    world.run_until(after(900))
    assert world.dcc.closed_fraction(MPAN, after(800), after(900)) == 0.0
    details = answer(world, read_boost(4), 1000)
    assert details.controls == (False,) * 5
    assert [(b.start, b.end) for b in details.log] == [(after(700), after(2500))]
    answer(world, add_to_boost(5), 1300)
    assert answer(world, read_boost(6), 1600).controls == (False, False, True, False, False)


def test_a_period_holds_a_switch_from_its_start_to_its_end() -> None:
    world = World(config=EmulatorConfig(profile="secmp0046-proportional"), profile="secmp0046-proportional")
    answer(world, set_state(1, 50, 600, 1800), 0)  # for a switch any level but 100 means off
    world.run_until(after(3000))
    assert world.dcc.closed_fraction(MPAN, after(0), after(600)) == 1.0
    assert world.dcc.closed_fraction(MPAN, after(700), after(1800)) == 0.0
    assert world.dcc.closed_fraction(MPAN, after(1800), after(2400)) == 1.0


def test_a_limit_caps_a_proportional_controller_and_is_reported_when_it_is_taken_in_and_when_it_ends() -> None:
    world = proportional()
    answer(world, limit(1, 40, 0, 1200), 0)
    state = answer(world, operation(2), 300).states[2]
    assert state.levels().output_percent == 40
    world.run_until(after(1600))
    assert answer(world, operation(3), 1600).states[2].levels().output_percent == 100
    told = [a.body for a in world.unmatched if isinstance(a.body, DeviceAlert)]
    assert [alert.alert_code for alert in told] == [0x8F86, 0x8F87]
    processed, ended = (read_value(decode(alert.payload)) for alert in told)
    assert isinstance(processed, controlleralerts.LimitProcessed)
    assert (processed.level.level_percent, processed.start, processed.end) == (40, after(0), after(1200))
    assert isinstance(ended, controlleralerts.LimitEnded)
    assert ended.level.level_percent == 100


def test_a_limit_means_nothing_to_a_switch() -> None:
    world = World(config=EmulatorConfig(profile="secmp0046-proportional"), profile="secmp0046-proportional")
    answer(world, limit(1, 0, 0, 1200), 0)
    world.run_until(after(1200))
    assert world.dcc.closed_fraction(MPAN, after(300), after(1200)) == 1.0
    assert world.unmatched == []


@pytest.mark.parametrize("end_s", [0.0, 86401.0])
def test_a_period_that_is_empty_or_longer_than_a_day_is_refused_by_the_device(end_s: float) -> None:
    world = proportional()
    asked = set_state(1, 0, 0, end_s)
    world.send(asked, after(0))
    world.run_until(after(200))
    done = world.result(asked)
    assert (done.state, done.may_have_effect) == (ExchangeState.FAILED, False)
    assert "OTHER_REASON" in str(done.failure)


def test_a_meter_before_gbcs_4_alerts_that_it_does_not_know_7_13() -> None:
    world = proportional(meter_generation="3")
    world.send(set_state(1, 0, 0, 600), after(0))
    world.run_until(after(300))
    (alert,) = world.unmatched
    assert isinstance(alert.body, DeviceAlert)
    assert alert.body.alert_code == 0x8F85
    named = read_value(decode(alert.body.payload))
    assert (named.message_code, named.originator_counter) == (0x011E, 1)


def test_a_slot_with_nothing_behind_it_can_not_be_switched() -> None:
    world = World()
    empty = request(duis.DeactivateAuxiliaryLoad(index=1, duration_min=5), "7.6", 1)
    world.send(empty, after(0))
    world.run_until(after(300))
    done = world.result(empty)
    assert (done.state, done.may_have_effect) == (ExchangeState.FAILED, False)


def test_a_written_label_is_read_back() -> None:
    world = supplier()
    label = duis.SwitchDescription(index=3, label="HEAT PUMP")
    answer(world, request(duis.UpdateAlcDescriptions(descriptions=(label,)), "6.14.1", 1), 0)
    read = request(duis.ReadAuxiliaryControllerConfigurationData(), "7.14", 2, variant=1)
    assert answer(world, read, 300).labels == ("", "", "HEAT PUMP", "", "")


def every_day(number: int, at: time, *, on: bool) -> duis.SwitchScheduleRow:
    anytime = duis.ScheduleDate()
    return duis.SwitchScheduleRow(
        index=number, activate=on, switch_time=at, start=anytime, end=anytime, days_of_week=tuple(duis.Weekday)
    )


NIGHT_ONLY = (every_day(3, time(0, 30), on=True), every_day(3, time(7, 0), on=False))


def test_the_switch_follows_the_calendar_and_returns_to_it_after_a_command() -> None:
    world = supplier()
    answer(world, request(duis.UpdateAlcSchedule(rows=NIGHT_ONLY), "6.14.2", 1), 0)
    activate = request(duis.ActivateAuxiliaryLoad(index=3, duration_min=30), "7.5", 2)
    answer(world, activate, 3600)
    world.run_until(after(16 * 3600))  # from 18:00 to 10:00

    def closed(start_s: float, end_s: float) -> float:
        return world.dcc.closed_fraction(MPAN, after(start_s), after(end_s))

    assert closed(600, 3600) == 0.0
    assert closed(3900, 5400) == 1.0
    assert closed(5700, 6.5 * 3600) == 0.0
    assert closed(6.5 * 3600 + 120, 13 * 3600) == 1.0
    assert closed(13 * 3600 + 120, 15 * 3600) == 0.0


def test_a_calendar_for_later_takes_effect_at_its_time_and_says_so() -> None:
    world = supplier()
    body = duis.UpdateAlcSchedule(rows=NIGHT_ONLY, execution_at=after(3600))
    answer(world, request(body, "6.14.2", 1), 0)
    world.run_until(after(5000))
    assert world.dcc.closed_fraction(MPAN, after(0), after(3600)) == 1.0
    assert world.dcc.closed_fraction(MPAN, after(3800), after(5000)) == 0.0
    codes = [alert.body.alert_code for alert in world.unmatched if isinstance(alert.body, DeviceAlert)]
    assert codes == [0x8F66, 0x8F66]


def test_the_inventory_lists_the_devices_of_a_supply_point() -> None:
    world = World()
    to_broker = RequestId(USER, world.config.broker, 1)
    asked = ServiceRequest(
        request_id=to_broker,
        command_variant=8,
        srv="8.2",
        body=duis.ReadInventory(search=duis.ByMpxn(mpxn=MPAN)),
    )
    done = world.send(asked, after(0))
    assert (done.state, done.response_code) == (ExchangeState.SUCCEEDED, "I0")
    assert done.answer is not None
    found = read_response(done.answer, trust=world.trust, at=after(0)).value.body
    assert isinstance(found, DspInventory)
    home = installation(1)
    assert [(d.device, d.device_type) for d in found.devices] == [
        (home.chf, "CHF"),
        (home.esme, "ESME"),
        (home.hcalcs, "HCALCS"),
    ]
    assert found.devices[0].csp_region == "South"
    assert found.devices[1].import_mpxn == MPAN
    unknown = replace(
        asked, request_id=replace(to_broker, counter=2), body=duis.ReadInventory(search=duis.ByMpxn(mpxn="1"))
    )
    assert world.send(unknown, after(0)).response_code == "E080201"


def test_a_meter_whose_clock_drifts_ends_a_period_by_its_own_clock() -> None:
    world = proportional(clock_drift_s=120.0, seed=4)
    drift = world.dcc.device_truth(MPAN).clock_drift
    assert timedelta(0) != drift
    answer(world, hold(1, minutes=60), 0)
    until = world.dcc.device_truth(MPAN).esme.slots[2].until
    assert until is not None
    assert abs((until - after(3600)) - drift) < timedelta(seconds=90)
