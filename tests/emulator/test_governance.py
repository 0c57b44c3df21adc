"""What the DCC does against too much: allowances, anomaly thresholds, alert storms; and what its users make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from linkbox.dcc.duis.response import DeviceAlert
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.exchange.anomaly import Threshold
from linkbox.dcc.exchange.dsp import DspState
from linkbox.dcc.exchange.storms import AlertBook, take_alert
from linkbox.dcc.exchange.traffic import Allowance
from linkbox.emulator import EmulatorConfig, FaultKind
from linkbox.emulator.alertstorm import STORM_CODE
from linkbox.emulator.slots import SlotMode

from .world import World, after, always, faults, hold, installation, read


def world_with(**settings: Any) -> World:
    return World(config=EmulatorConfig(**settings))


def test_a_dsp_with_an_allowance_throttles_what_is_over_it_and_takes_it_later() -> None:
    world = world_with(allowances=(Allowance(name="south", per_s=1.0, burst=2, region="South"),))
    exchanges = [world.post(world.open(read(n), after(0)), after(0)) for n in (1, 2, 3)]
    assert [e.throttled for e in exchanges] == [0, 0, 1]
    assert world.post(exchanges[2], after(1)).state is ExchangeState.AWAITING_RESPONSE


SWITCHING = Threshold(
    name="switching", window=timedelta(hours=1), warn=2, hold=3, srvs=frozenset({"7.6"}), max_duration_min=120
)


def test_commands_over_the_users_threshold_are_quarantined() -> None:
    world = world_with(thresholds=(SWITCHING,))
    for n in (1, 2, 3):
        world.send(hold(n, home=n % 2 + 1), after(0))
    world.run_until(after(300))
    states = [world.result(hold(n, home=n % 2 + 1)).state for n in (1, 2, 3)]
    assert states == [ExchangeState.SUCCEEDED, ExchangeState.SUCCEEDED, ExchangeState.QUARANTINED]


@pytest.mark.parametrize("release", [True, False])
def test_a_quarantined_command_is_processed_or_deleted_as_the_user_decides(release: bool) -> None:
    world = world_with(thresholds=(SWITCHING,))
    exchange = world.send(hold(1, minutes=240), after(0))
    world.run_until(after(300))
    assert world.result(hold(1, minutes=240)).state is ExchangeState.QUARANTINED
    world.dcc.resolve_quarantine(exchange.request.request_id, release=release, at=after(600))
    world.run_until(after(900))
    truth = world.dcc.dsp_truth(exchange.request.request_id)
    assert truth is not None
    held = world.dcc.device_truth(installation(1).mpan).esme.slots[2].mode is SlotMode.HELD_OFF
    assert (truth.state, held) == ((DspState.ANSWERED, True) if release else (DspState.DISCARDED, False))


def test_an_answer_that_the_schema_version_can_not_express_ends_the_exchange_with_effect_unknown() -> None:
    world = world_with(faults=faults(always(FaultKind.VERSION_MISMATCH)))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    done = world.result(hold(1))
    assert (done.state, done.may_have_effect) == (ExchangeState.FAILED, True)
    assert "schema version 5.4" in str(done.failure)


def storm(interval_s: float) -> World:
    rule = always(
        FaultKind.ALERT_STORM,
        target=str(installation(1).mpan),
        start=after(10),
        end=after(310),
        delay_s=interval_s,
    )
    return world_with(faults=faults(rule), alert_limit=5, alert_window_s=60.0)


def test_a_storm_of_alerts_is_consolidated_and_none_is_lost_from_the_count() -> None:
    world = storm(interval_s=1.0)
    world.run_until(after(1000))
    told = [alert for alert in world.unmatched if isinstance(alert.body, DeviceAlert)]
    assert 10 <= len(told) <= 13  # 5 single ones, then one a minute
    book = AlertBook()
    for alert in told:
        assert isinstance(alert.body, DeviceAlert)
        assert alert.response_id is not None
        book, _ = take_alert(
            book,
            alert.response_id.originator,
            alert.body.alert_code,
            at=alert.response_at,
            sequence_id=alert.body.throttled_sequence_id,
            count=alert.body.throttled_count,
        )
    device = installation(1).esme
    assert book.counts[device, STORM_CODE].total == 300
    assert book.missing_sequences[device] == 0


def test_slow_alerts_all_pass() -> None:
    world = storm(interval_s=50.0)
    world.run_until(after(1000))
    bodies = [alert.body for alert in world.unmatched if isinstance(alert.body, DeviceAlert)]
    assert [body.throttled_count for body in bodies] == [None] * 6


def test_a_storm_does_not_delay_commands() -> None:
    quiet, stormy = World(), storm(interval_s=1.0)
    for world in (quiet, stormy):
        world.send(hold(1), after(60))
        world.run_until(after(400))
        assert world.result(hold(1)).state is ExchangeState.SUCCEEDED
    at = [next(d.at for d in w.deliveries if d.request_id is not None) for w in (quiet, stormy)]
    assert at[0] == at[1]
