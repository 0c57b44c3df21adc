"""Contract files: what a distributor writes down, the hours of its windows, and everything that is wrong at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.adapters.market_contracts import read_contracts
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import FeederId
from linkbox.market import AvailabilityWindow
from linkbox.market.contract_file import contracts_from_csv, contracts_from_toml
from tests.docs.guides import DOCS

FEEDERS = [FeederId("F1"), FeederId("F2")]
GUIDE = (DOCS / "how-to" / "flexibility-provider.md").read_text("utf-8")
EXAMPLE = GUIDE.split("```toml\n")[1].split("```")[0]


def issues(text: str, *, csv: bool = False) -> list[str]:
    reader = contracts_from_csv if csv else contracts_from_toml
    with pytest.raises(InvalidInput) as refused:
        reader(text, FEEDERS)
    return [str(issue) for issue in refused.value.issues]


def contract(**changes: str) -> str:
    lines = {
        "contract_id": '"C1"',
        "provider": '"P"',
        "domain": '"p.example"',
        "feeders": '["F1"]',
        "capacity_a": "[10, 10, 10]",
        "answer_within_s": "60",
        "deliver_within_s": "120",
    } | changes
    return "[[contract]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items() if value)


def test_the_example_of_the_guide_is_read() -> None:
    (found,) = contracts_from_toml(EXAMPLE, FEEDERS)
    assert found.capacity_a == (64.0, 64.0, 32.0)
    assert (found.valid_from, found.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert found.windows[0] == AvailabilityWindow(
        start=time(16), end=time(21), weekdays=frozenset(range(5)), zone="Europe/London"
    )
    assert found.available(datetime(2026, 1, 14, 2, tzinfo=UTC))
    assert not found.available(datetime(2026, 1, 14, 12, tzinfo=UTC))
    assert not found.available(datetime(2027, 1, 14, 2, tzinfo=UTC)), "the contract is over"


def test_csv_says_the_same_as_toml() -> None:
    text = (
        "contract_id,provider,domain,feeders,capacity_a,answer_within_s,deliver_within_s,windows,valid_from\n"
        "C1,P,p.example,F1;F2,10;20;30,60,120,mon-fri 17:00-21:00;23:00-07:00,2026-01-31\n"
    )
    changes = {"feeders": '["F1", "F2"]', "capacity_a": "[10, 20, 30]", "valid_from": "2026-01-31"}
    windows = '["mon-fri 17:00-21:00", "23:00-07:00"]'
    assert contracts_from_csv(text, FEEDERS) == contracts_from_toml(contract(windows=windows, **changes), FEEDERS)


def test_a_capacity_in_total_is_a_limit_over_all_phases() -> None:
    """23 kW at 230 V: 100 A, on one phase or over three."""
    (found,) = contracts_from_toml(contract(capacity_a="", capacity_kw="23"), FEEDERS)
    assert (found.capacity_a, found.total_a) == ((100.0, 100.0, 100.0), 100.0)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = contract(
        contract_id='""',
        domain='"Not A Domain"',
        feeders='["F1", "two words", 7]',
        capacity_a="[0, -5, 1]",
        answer_within_s='"soon"',
        deliver_within_s="-1",
        time_zone='"Europe/Atlantis"',
        windows='["sometimes", "mon-fri 25:00-26:00"]',
        valid_from='"yesterday"',
        colour='"red"',
    )
    told = issues(text)
    for word in ("contract_id", "domain", "two words", "7", "capacity_a", "answer_within_s", "deliver_within_s"):
        assert any(word in line for line in told), word
    for word in ("time_zone", "sometimes", "25:00", "valid_from", "colour"):
        assert any(word in line for line in told), word


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (contract(feeders='["F9"]'), "is not a feeder that is watched"),
        (contract() + contract(), "must be used once only"),
        (contract() + contract(contract_id='"C2"'), "overlaps contract C1 of the same provider"),
        (contract(capacity_a="[0, 0, 0]"), "above 0 on some phase"),
        (contract(capacity_a="[nan, 0, 1]"), "finite"),
        (contract(capacity_a="[1, 2]"), "three numbers"),
        (contract(capacity_a=""), "must be given once"),
        (contract(capacity_kw="5"), "must be given once"),
        (contract(capacity_a="", capacity_kw="0"), "must be above 0"),
        (contract(capacity_a="", capacity_kw="-3"), "not below 0"),
        (contract(price_gbp_per_kwh="inf"), "finite"),
        (contract(valid_from="2026-02-01", valid_until="2026-01-01"), "must not be before valid_from"),
        (contract(windows="[]"), "must be a list of windows"),
        (contract(answer_within_s="true"), "must be a number"),
        ("contract = 5", "must be a list of tables"),
        ("x = 1", "is not known"),
        ("", "has no contract"),
        ("[[", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    assert any(told in line for line in issues(text))


def test_the_same_providers_contracts_do_not_overlap_in_other_hours_days_or_on_other_feeders() -> None:
    day, night = '["07:00-23:00"]', '["23:00-07:00"]'
    other = contract(contract_id='"C2"', windows=night)
    assert len(contracts_from_toml(contract(windows=day) + other, FEEDERS)) == 2
    assert "overlaps" in issues(contract(windows='["22:00-23:30"]') + other)[0]
    sunday = contract(windows='["sun 20:00-08:00"]')
    monday = contract(contract_id='"C2"', windows='["mon 07:00-09:00"]')
    assert "overlaps" in issues(sunday + monday)[0], "the week comes round"
    elsewhere = contract(contract_id='"C2"', feeders='["F2"]')
    assert len(contracts_from_toml(contract() + elsewhere, FEEDERS)) == 2
    later = contract(contract_id='"C2"', valid_from="2027-01-01")
    assert len(contracts_from_toml(contract(valid_until="2026-12-31") + later, FEEDERS)) == 2


LONDON = AvailabilityWindow(start=time(0, 30), end=time(2, 0), zone="Europe/London")


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        ("2026-01-13T00:30", True),
        ("2026-01-13T02:00", False),
        ("2026-07-01T00:15", True),  # 01:15 in summer time
        ("2026-06-30T23:15", False),  # 00:15
        ("2026-06-30T23:30", True),  # 00:30
        ("2026-03-29T00:59", True),  # 00:59, then the clock shows 02:00
        ("2026-03-29T01:00", False),
        ("2026-10-25T00:30", True),  # 01:30 for the first time
        ("2026-10-25T01:30", True),  # and for the second
        ("2026-10-25T02:00", False),
    ],
)
def test_windows_follow_the_local_clock(at: str, covered: bool) -> None:
    assert LONDON.covers(datetime.fromisoformat(at).replace(tzinfo=UTC)) is covered


@given(st.text(max_size=200))
def test_any_text_gives_contracts_or_a_list_of_issues(text: str) -> None:
    for reader in (contracts_from_toml, contracts_from_csv):
        with pytest.raises(InvalidInput):
            reader(text, FEEDERS)


def test_files_are_read_by_their_ending_and_what_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(contract(), "utf-8")
    assert len(read_contracts(tmp_path / "c.toml", FEEDERS)) == 1
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe")
    (tmp_path / "c.yaml").write_text("x")
    for name in ("c.csv", "c.yaml", "absent.toml"):
        with pytest.raises(InvalidInput):
            read_contracts(tmp_path / name, FEEDERS)
