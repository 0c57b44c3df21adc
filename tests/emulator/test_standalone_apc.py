"""A standalone auxiliary proportional controller: a device of its own, commanded by its own EUI-64."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest, read_response
from linkbox.dcc.duis import bodies as duis
from linkbox.dcc.duis.response import DeviceAlert, DspInventory
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.gbcs import controlleralerts
from linkbox.dcc.gbcs.envelope import decode
from linkbox.dcc.gbcs.registry import read_value
from linkbox.dcc.inventory import Inventory
from linkbox.dcc.inventory.table import read_table, write_table
from linkbox.emulator import EmulatorConfig
from linkbox.emulator.home import APC_SLOT

from .test_meter import answer
from .world import USER, World, after, installation

APC = Eui64("00-DB-12-34-56-78-90-A6")
HOME = replace(installation(1), apc=APC)


def world() -> World:
    profile = "secmp0046-proportional"
    return World(config=EmulatorConfig(profile=profile), profile=profile, homes=(HOME, installation(2)))


def to_apc(body: Any, srv: str, counter: int, variant: int = 4) -> ServiceRequest:
    return ServiceRequest(request_id=RequestId(USER, APC, counter), command_variant=variant, srv=srv, body=body)


def limit(counter: int, percent: int, start_s: float, end_s: float) -> ServiceRequest:
    body = duis.LimitApcLevel(index=APC_SLOT, start=after(start_s), end=after(end_s), level_percent=percent)
    return to_apc(body, "7.16", counter)


def operation(counter: int) -> ServiceRequest:
    return to_apc(duis.ReadAuxiliaryControllerOperationalData(), "7.15", counter, variant=1)


def test_a_limit_lowers_the_controller_and_ends_by_itself_with_alerts_that_the_controller_signed() -> None:
    here = world()
    answer(here, limit(1, 40, 0, 1200), 0)
    assert answer(here, operation(2), 300).states[APC_SLOT - 1].levels().output_percent == 40
    here.run_until(after(1600))
    assert answer(here, operation(3), 1600).states[APC_SLOT - 1].levels().output_percent == 100
    told = [a.body for a in here.unmatched if isinstance(a.body, DeviceAlert)]
    assert [alert.alert_code for alert in told] == [0x8F86, 0x8F87]
    assert {decode(alert.payload).originator for alert in told} == {APC}
    processed = read_value(decode(told[0].payload))
    assert isinstance(processed, controlleralerts.LimitProcessed)
    assert (processed.level.number, processed.level.level_percent) == (APC_SLOT, 40)


def test_the_meter_of_the_same_home_knows_nothing_of_it() -> None:
    here = world()
    answer(here, limit(1, 40, 0, 1200), 0)
    home = here.dcc.device_truth(HOME.mpan)
    assert home.apc is not None
    assert home.apc.output_percent(APC_SLOT, after(600)) == 40
    assert home.esme.counters == {}


def test_a_replayed_counter_is_refused_by_the_controller_with_its_own_alert() -> None:
    here = world()
    answer(here, limit(5, 40, 0, 1200), 0)
    here.send(limit(4, 0, 300, 1200), after(300))
    here.run_until(after(600))
    told = [a.body for a in here.unmatched if isinstance(a.body, DeviceAlert)]
    assert 0x8F60 in [alert.alert_code for alert in told]
    assert here.dcc.device_truth(HOME.mpan).apc.output_percent(APC_SLOT, after(600)) == 40  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize("srv", ["7.6", "7.7"])
def test_what_only_a_meter_does_is_refused_by_the_dsp(srv: str) -> None:
    here = world()
    body: Any = duis.DeactivateAuxiliaryLoad(index=1, duration_min=30) if srv == "7.6" else duis.ReadAlcsData()
    asked = to_apc(body, srv, 1, variant=4 if srv == "7.6" else 1)
    exchange = here.post(here.open(asked, after(0)), after(0))
    assert exchange.state is ExchangeState.REFUSED
    assert "E11" in str(exchange.failure)


def test_the_inventory_lists_it_with_its_home() -> None:
    here = world()
    body = duis.ReadInventory(search=duis.ByMpxn(mpxn=str(HOME.mpan)))
    target = here.config.broker
    asked = ServiceRequest(request_id=RequestId(USER, target, 1), command_variant=8, srv="8.2", body=body)
    exchange = here.post(here.open(asked, after(0)), after(0))
    assert exchange.answer is not None
    found = read_response(exchange.answer, trust=here.trust, at=after(0)).value.body
    assert isinstance(found, DspInventory)
    assert APC in [device.device for device in found.devices]


def test_a_table_with_and_without_the_column_is_read() -> None:
    homes = [HOME, replace(installation(2), meter="4", proportional=True)]
    text = write_table(homes)
    assert list(read_table(text)) == homes
    older = "\n".join(line.rsplit(",", 3)[0] for line in text.splitlines())
    assert [(home.meter, home.proportional) for home in read_table(older)] == [("3", False)] * 2
    assert [home.apc for home in read_table(older)] == [None, None]
    with pytest.raises(InvalidInput, match="apc"):
        read_table(text.replace(str(APC), "no EUI"))


def test_a_table_with_a_wrong_meter_and_a_wrong_yes_or_no_says_both() -> None:
    text = write_table([replace(installation(2), meter="4", proportional=True)])
    with pytest.raises(InvalidInput) as caught:
        read_table(text.replace(",4,yes", ",5,maybe"), name="homes.csv")
    assert [(i.where, i.value, i.rule) for i in caught.value.issues] == [
        ("homes.csv:2: meter", "5", "must be one of 3, 4"),
        ("homes.csv:2: proportional", "maybe", "must be yes or no"),
    ]


def test_a_controller_that_stands_in_two_homes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must occur once"):
        Inventory([HOME, replace(installation(2), apc=APC)])


def test_it_takes_its_end_with_it_when_the_hub_goes_away() -> None:
    here = world()
    answer(here, limit(1, 0, 0, 1800), 0)
    home = here.dcc.device_truth(HOME.mpan)
    assert home.apc is not None
    assert home.apc.output_percent(APC_SLOT, after(1799)) == 0
    assert home.apc.output_percent(APC_SLOT, after(1800) + timedelta(milliseconds=1)) == 100
