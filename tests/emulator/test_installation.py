"""Installing an HCALCS against the emulated DCC, from the box on the wall to a charger that can be held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linkbox.dcc.duis.alerts import HanDeviceLogResult
from linkbox.dcc.duis.response import DccAlert
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.inventory.joining import (
    STEP_TABLE,
    InstallationPlan,
    InstallationProcess,
    Step,
    next_request,
    take_exchange,
    take_log_result,
    time_out,
)
from linkbox.emulator import EmulatorConfig, FaultKind, FaultRule
from linkbox.emulator.building import install_code

from .world import USER, World, after, always, faults, hold, installation

HOME = installation(1)
PLAN = InstallationPlan(
    installation=HOME,
    user=USER,
    broker=EmulatorConfig().broker,
    install_code=install_code(HOME.hcalcs),
    manufacturer="LNKB",
    model="SWI1",
)


def new_world(*rules: FaultRule) -> World:
    config = EmulatorConfig(profile="secmp0046-installation", faults=faults(*rules))
    return World(config=config, profile="secmp0046-installation", not_installed=True)


def run(world: World, plan: InstallationPlan = PLAN, *, crash: bool = False) -> tuple[InstallationProcess, list[Step]]:
    """Drive the process to its end; with ``crash`` it lives on in its record only, from one turn to the next."""
    process, steps = InstallationProcess(plan=plan), [Step.NOTIFY]
    for turn in range(200):
        at = after(turn * 50)
        world.run_until(at)
        if crash:
            process = InstallationProcess.from_record(process.to_record(), plan)
        asked = next_request(process, counter=turn + 1)
        if asked is not None:
            process, request = asked
            world.send(request, at)
        for alert in world.unmatched:
            if isinstance(alert.body, DccAlert) and isinstance(alert.body.alert, HanDeviceLogResult):
                process = take_log_result(process, alert.body.alert.request_id, alert.body.code)
        world.unmatched.clear()
        if process.request_id is not None:
            process = take_exchange(process, world.exchanges[process.request_id])
        if process.step is not steps[-1]:
            steps.append(process.step)
        if process.is_final:
            break
    return process, steps


@pytest.mark.parametrize("crash", [False, True])
def test_a_switch_is_installed_step_by_step_and_can_then_be_commanded(crash: bool) -> None:
    world = new_world()
    process, steps = run(world, crash=crash)
    assert process.failure is None
    may_be_too_short_to_see = {Step.AWAIT_NETWORK}  # the DCC's alert may overtake the hub's response
    assert steps == [step for step in Step if step is not Step.FAILED and step not in may_be_too_short_to_see]
    truth = world.dcc.device_truth(HOME.mpan)
    assert truth.bound_slot() == HOME.slot
    assert truth.esme.labels[2] == "EV CHARGER"
    at_s = 20_000.0
    world.send(hold(1000), after(at_s))
    world.run_until(after(at_s + 400))
    assert world.result(hold(1000)).state is ExchangeState.SUCCEEDED
    assert world.dcc.closed_fraction(HOME.mpan, after(at_s + 300), after(at_s + 400)) == 0.0


def test_before_it_is_installed_the_slot_can_not_be_switched() -> None:
    world = new_world()
    world.send(hold(1), after(0))
    world.run_until(after(300))
    assert world.result(hold(1)).state is ExchangeState.FAILED
    assert world.dcc.closed_fraction(HOME.mpan, after(0), after(300)) == 1.0


def test_a_wrong_install_code_ends_the_process_after_three_attempts_and_says_why() -> None:
    world = new_world()
    process, _ = run(world, replace(PLAN, install_code=bytes(16)))
    assert process.step is Step.FAILED
    assert "did not join the network in time (N25), 3 times" in str(process.failure)
    assert sum(exchange.request.srv == "8.11" for exchange in world.exchanges.values()) == 3


def test_a_lost_response_repeats_the_step_and_the_process_still_arrives() -> None:
    world = new_world(always(FaultKind.RESPONSE_LOST, srv="8.7.1", end=after(300)))
    process, _ = run(world)
    assert process.step is Step.INSTALLED


def test_the_published_rules_refuse_a_distributor_the_whole_process() -> None:
    world = World(config=EmulatorConfig(profile="duis-5.4"), profile="secmp0046-installation", not_installed=True)
    process, _ = run(world)
    assert process.step is Step.FAILED
    assert "enter in device log: refused by the DCC: E2" in str(process.failure)


def test_another_label_than_was_meant_fails_the_read_back() -> None:
    world = new_world()
    process = InstallationProcess(plan=replace(PLAN, installation=replace(HOME, label="EV CHARGER 2")))
    done, _ = run(world)
    assert done.step is Step.INSTALLED
    asked = next_request(replace(process, step=Step.READ_BACK), counter=500)
    assert asked is not None
    process, request = asked
    world.send(request, after(9000))
    world.run_until(after(9200))
    process = take_exchange(process, world.result(request))
    assert process.step is Step.FAILED
    assert "has the label 'EV CHARGER', should have 'EV CHARGER 2'" in str(process.failure)


def test_silence_repeats_a_step_and_then_ends_the_process() -> None:
    process = InstallationProcess(plan=PLAN)
    for _ in range(2):
        process = time_out(process)
        assert process.step is Step.NOTIFY
    assert time_out(process).step is Step.FAILED
    assert time_out(time_out(process)) == time_out(process)


def test_every_step_has_a_row_for_error_and_time_out() -> None:
    assert STEP_TABLE.final == {Step.INSTALLED, Step.FAILED}
    assert set(STEP_TABLE.rows) == set(Step)


def test_the_install_code_does_not_print() -> None:
    assert "install_code" not in repr(PLAN)
    assert HOME.hcalcs.replace("-", "") * 2 not in repr(InstallationProcess(plan=PLAN).to_record())
