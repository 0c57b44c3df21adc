"""A scenario is refused as a whole, with everything that is wrong with it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.study.scenario import Scenario

WRONG: dict[str, tuple[Any, str]] = {
    "seed": (-1, "--seed"),
    "fuse_a": (125, "--fuse"),
    "ev_share": (1.5, "--ev-share"),
    "session_probability": (-0.1, "--session-probability"),
    "tariff_start": ("midnight", "--tariff-start"),
    "tariff_share": (float("nan"), "--tariff-share"),
    "consent_share": (2.0, "--consent-share"),
    "charger_kw": (0.0, "--charger-kw"),
    "provider": ("nobody", "--provider"),
    "provider_share": (7.0, "--provider-share"),
    "profile": ("none", "--profile"),
    "day": ("Tuesday", "--day"),
    "starts": ("24:00", "--starts"),
    "hours": (0.01, "--hours"),
    "emulator_stops_at": ("1:5", "--stop-emulator-at"),
    "faults": ("all", "--faults"),
    "authorisation": ("nobody", "--authorisation"),
    "operators": ("asleep", "--operators"),
    "devices": ("kettle", "--devices"),
    "say_no_share": (1.01, "--say-no-share"),
    "night": (-1, "--night"),
    "phase_known_share": (-0.1, "--phase-known-share"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_value_is_refused_and_named_as_the_option_it_came_from(name: str) -> None:
    value, option = WRONG[name]
    with pytest.raises(InvalidInput) as caught:
        Scenario(**{name: value})
    assert [issue.where for issue in caught.value.issues] == [option]
    assert caught.value.issues[0].value == str(value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        Scenario(**{name: value for name, (value, _) in WRONG.items()})
    assert {issue.where for issue in caught.value.issues} == {option for _, option in WRONG.values()}


def test_every_field_that_can_be_wrong_has_its_case() -> None:
    assert {field.name for field in fields(Scenario)} - set(WRONG) == {
        "feeder",
        "control",
        "known_state",
        "contracts",
    }


def test_contracts_without_anybody_who_could_answer_are_refused() -> None:
    with pytest.raises(InvalidInput, match="has nobody who could answer"):
        Scenario(provider="none", contracts="contracts.toml")


@given(
    seed=st.integers(min_value=0, max_value=10**9),
    share=st.floats(min_value=0, max_value=1),
    hours=st.floats(min_value=0.1, max_value=48),
    faults=st.sampled_from(["none", "rough"]),
)
def test_record_gives_the_same_scenario_back(seed: int, share: float, hours: float, faults: str) -> None:
    scenario = Scenario(seed=seed, ev_share=share, hours=hours, faults=faults)
    assert Scenario.from_record(scenario.to_record()) == scenario


@pytest.mark.parametrize("record", [{"sead": 1}, {"hours": "long"}, {"seed": None}])
def test_record_that_is_no_scenario_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Scenario.from_record(record)


def test_clock_time_is_the_first_one_after_the_start() -> None:
    evening = Scenario(starts="17:00")
    assert evening.at_clock("17:01") == datetime(2026, 1, 13, 17, 1, tzinfo=UTC)
    assert evening.at_clock("17:00") - evening.start == timedelta(days=1)
    assert evening.at_clock("00:30:05") == datetime(2026, 1, 14, 0, 30, 5, tzinfo=UTC)
