"""Values of the wire as JSON: nothing is lost, and what is wrong is said, all of it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.app.wire_json import from_json, parse_json, to_json
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import (
    ByDevice,
    DeactivateAuxiliaryLoad,
    MonthEnd,
    ReadInventory,
    ScheduleDate,
    SwitchScheduleRow,
    UpdateAlcSchedule,
    Weekday,
)
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.faults import FaultKind, FaultPlan, FaultRule
from linkbox.emulator.latency import Latency, LatencyPlan
from tests.dcc_duis.test_values import requests
from tests.dcc_gbcs.values import ALERTS, COMMANDS, RESPONSES

USER = Eui64("90-B3-D5-1F-30-02-00-00")
VALUES = st.one_of(*COMMANDS.values(), *RESPONSES.values(), *ALERTS.values())


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(to_json(value)))


@given(VALUES)
def test_every_value_of_every_use_case_comes_back(value: Any) -> None:
    assert from_json(through_text(value), type(value), "value") == value


@given(requests)
def test_every_request_comes_back(request: ServiceRequest) -> None:
    assert from_json(through_text(request), ServiceRequest, "request") == request


def test_a_body_with_everything_in_it_comes_back() -> None:
    row = SwitchScheduleRow(
        index=1,
        activate=True,
        switch_time=datetime(2026, 1, 1, 18, 30, tzinfo=UTC).time(),
        start=ScheduleDate(year=2026, day_of_month=MonthEnd.LAST),
        end=ScheduleDate(day_of_month=31),
        days_of_week=(Weekday.MONDAY, Weekday.SUNDAY),
    )
    body = UpdateAlcSchedule(rows=(row,), execution_at=datetime(2026, 1, 1, 0, 0, 0, 120000, tzinfo=UTC))
    assert from_json(through_text(body), UpdateAlcSchedule, "body") == body
    inventory = ReadInventory(search=ByDevice(device=USER))
    assert from_json(through_text(inventory), ReadInventory, "body") == inventory


def test_the_settings_of_the_emulator_come_back() -> None:
    rule = FaultRule(kind=FaultKind.DELAY, region="North", delay_s=4.5, start=datetime(2026, 1, 1, tzinfo=UTC))
    hop = Latency(median_s=1, p95_s=2)
    config = EmulatorConfig(
        seed=7,
        faults=FaultPlan(rules=(rule,)),
        latency=LatencyPlan(wan={"South": hop}, han={"single-band": hop}),
        meter_generation="4",
        hcalcs_poll_s=(5, 6),
    )
    assert from_json(through_text(config), EmulatorConfig, "config") == config


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ({"index": True, "duration_min": "5"}, {"body.index", "body.duration_min"}),
        ({"type": "ResetAuxiliaryLoad"}, {"body.type", "body.index", "body.duration_min"}),
        ({"index": 1, "duration_min": None, "more": 1}, {"body.duration_min", "body.more"}),
        ([1], {"body"}),
        (None, {"body"}),
    ],
)
def test_everything_that_is_wrong_is_said(data: Any, places: set[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_json(data, DeactivateAuxiliaryLoad, "body")
    assert {issue.where for issue in caught.value.issues} == places


@pytest.mark.parametrize(
    ("hint", "data"),
    [
        (RequestId, "a:b:1"),
        (Eui64, 5),
        (bytes, "0g"),
        (datetime, "2026-01-01T00:00:00"),
        (datetime, "2026-13-01T00:00:00Z"),
        (int, 1.0),
        (float, "1"),
        (bool, 1),
        (FaultKind, "meteor"),
        (tuple[int, int], [1]),
        (tuple[int, ...], 1),
        (int | MonthEnd | None, 1.5),
        (ByDevice | DeactivateAuxiliaryLoad, {"type": "Nothing"}),
        (frozenset[str], [1]),
    ],
)
def test_a_value_of_another_kind_is_refused(hint: Any, data: Any) -> None:
    with pytest.raises(InvalidInput):
        from_json(data, hint, "value")


leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
json_values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(json_values, st.sampled_from([ServiceRequest, EmulatorConfig, UpdateAlcSchedule]))
def test_any_json_gives_a_value_or_a_list_of_issues(data: Any, hint: Any) -> None:
    found: Any = None
    with suppress(InvalidInput):
        found = from_json(data, hint, "value")
    assert found is None or isinstance(found, hint)


@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b"[" * 100_000, b'{"a": NaN'])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_json(data, "file")
