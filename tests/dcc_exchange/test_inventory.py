"""From MPAN to devices, and the judgement of labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Eui64, Mpan
from linkbox.dcc.inventory import (
    Installation,
    Inventory,
    LabelClass,
    UnknownInstallation,
    judge_label,
    label_is_ev_charger,
)


def installation(number: int, **changes: object) -> Installation:
    values: dict[str, object] = {
        "mpan": Mpan.from_core(f"{120000000000 + number}"),
        "chf": Eui64.from_octets(bytes([0, 1, 0, 0, 0, 0, 2, number])),
        "gpf": None,
        "esme": Eui64.from_octets(bytes([0, 1, 0, 0, 0, 0, 0, number])),
        "hcalcs": Eui64.from_octets(bytes([0, 1, 0, 0, 0, 0, 5, number])),
        "slot": 3,
        "label": "EV CHARGER",
        "region": "South",
        "hub": "dual-band",
    }
    return Installation(**(values | changes))  # type: ignore[arg-type]  # a test's shorthand


def test_a_home_is_found_by_mpan_and_by_any_device() -> None:
    homes = [installation(n) for n in range(1, 4)]
    inventory = Inventory(homes)
    assert inventory.find(homes[1].mpan) is homes[1]
    assert all(inventory.of_device(device) is homes[1] for device in homes[1].devices)
    assert (len(inventory), list(inventory)) == (3, homes)


def test_an_unknown_mpan_is_named() -> None:
    with pytest.raises(UnknownInstallation, match=r"MPAN 1200000000"):
        Inventory([]).find(installation(1).mpan)
    with pytest.raises(UnknownInstallation, match=r"device 00-01"):
        Inventory([]).of_device(installation(1).esme)


def test_everything_that_occurs_twice_is_listed_at_once() -> None:
    one, other = installation(1), installation(2)
    double = installation(1, esme=other.esme)
    with pytest.raises(InvalidInput) as caught:
        Inventory([one, other, double])
    assert {issue.value for issue in caught.value.issues} == {one.mpan, one.chf, other.esme, one.hcalcs}


def test_an_installation_reports_all_that_is_wrong_with_it() -> None:
    with pytest.raises(InvalidInput) as caught:
        installation(1, slot=6, hub="triple-band", region="")
    assert [issue.where.split(": ")[1] for issue in caught.value.issues] == ["slot", "hub", "region"]


@pytest.mark.parametrize("label", ["EV CHARGER", "ev charger", "EV  Charger 2", "Electric Vehicle"])
def test_standard_labels_of_chargers_are_recognised(label: str) -> None:
    assert label_is_ev_charger(label)


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("GARAGE", "not a standard label"),
        ("EV CHARGER/HEAT PUMP", "contradicts itself: EV charger, heat pump"),
        ("EV CHARGER £", "printable ASCII"),
        ("EV CHARGER UPSTAIRS LEFT", "1 to 22"),
        ("NO EV CHARGER", "not a standard label"),
    ],
)
def test_a_label_in_doubt_is_not_a_charger_and_says_why(label: str, problem: str) -> None:
    verdict = judge_label(label)
    assert verdict.label_class is LabelClass.UNKNOWN
    assert problem in verdict.problem
    assert not label_is_ev_charger(label)


def test_another_standard_device_is_known_but_not_a_charger() -> None:
    assert judge_label("HEAT PUMP").label_class is LabelClass.HEAT_PUMP
    assert not label_is_ev_charger("HEAT PUMP")


@given(st.text())
def test_any_text_gets_a_verdict_and_unknown_always_has_a_problem(label: str) -> None:
    verdict = judge_label(label)
    assert (verdict.label_class is LabelClass.UNKNOWN) == bool(verdict.problem)
