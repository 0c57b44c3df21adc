"""What customers, suppliers and the regulator are told."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.records.audit import Unrecordable
from linkbox.records.metrics import measure
from linkbox.records.notices import (
    AffectedPoint,
    BoostButton,
    Changed,
    Ended,
    Ending,
    EventFacts,
    Hold,
    MarketRecord,
    NoticeStage,
    Occasion,
    RegulatorSummary,
    Sender,
    Started,
    customer_notice,
    supplier_notice,
    supplier_notices,
)

START = datetime(2026, 1, 14, 2, 15, tzinfo=UTC)
SENDER = Sender(name="Example Networks", phone="105", website="networks.example")
HOLD = Hold(
    mpan=Mpan.from_core("120000000001"),
    intervention_id="I-0001",
    start=START,
    until=START + timedelta(minutes=30),
    why="The fuse for your street is carrying more than it can for much longer.",
    reject_reference="https://networks.example/no/abc",
)
EVENT = EventFacts(
    intervention_id="I-0001",
    feeder_id=FeederId("NW-17-2"),
    start=START,
    end=START + timedelta(hours=2),
    reason="fuse of phase L1 would have melted in 31 min; provider did not answer",
)


def words(occasion: Occasion, hold: Hold = HOLD) -> str:
    notice = customer_notice(hold, SENDER, occasion, at=START)
    return notice.subject + "\n" + notice.body


def test_the_first_notice_says_all_that_a_customer_needs() -> None:
    text = words(Started())
    for part in (
        "Your car charger will be paused until 2:45 am",
        "2:15 am to 2:45 am on Wednesday 14 January",
        "at most 30 minutes",
        "Why: The fuse for your street",
        "starts again by itself",
        "you can say no: open https://networks.example/no/abc or call 105",
        "costs you nothing",
        "never held for more than 2 hours in any 24 hours, or 8 hours in any 30 days",
        "The Boost Button on your meter still works.",
        "Reference I-0001",
    ):
        assert part in text


def test_a_boost_button_that_is_taken_away_is_said_and_given_back_in_words() -> None:
    hold = replace(HOLD, boost_button=BoostButton.TAKEN)
    assert "Boost Button on your meter does not start your charger" in words(Started(), hold)
    ended = Ended(ended_at=hold.until, ending=Ending.EXPIRY)
    assert "Boost Button on your meter works for your charger again" in words(ended, hold)
    assert "Boost" not in words(Started(), replace(HOLD, boost_button=BoostButton.ABSENT))


def test_a_slower_rate_is_not_called_a_pause() -> None:
    text = words(Started(), replace(HOLD, reduced_to_w=1400))
    assert "slowed down to 1.4 kW" in text
    assert "paused" not in text


def test_a_later_end_is_told_with_its_reason_and_an_earlier_one_without() -> None:
    later = words(Changed(was_until=HOLD.until - timedelta(minutes=15)))
    assert "The new end is later: 2:45 am" in later
    assert "Why:" in later
    assert "you can say no" in later
    earlier = words(Changed(was_until=HOLD.until + timedelta(minutes=15)))
    assert "The new end is earlier" in earlier
    assert "Why:" not in earlier


@pytest.mark.parametrize(
    ("ending", "part"),
    [
        (Ending.EXPIRY, "freed at 2:35 am as planned. It was held for 20 minutes."),
        (Ending.RELEASE, "early, at 2:35 am"),
        (Ending.OBJECTION, "Saying no has no consequences"),
        (Ending.NOT_HELD, "nothing was switched in your home"),
    ],
)
def test_the_last_notice_says_why_it_ended_and_how_long_it_was(ending: Ending, part: str) -> None:
    text = words(Ended(ended_at=START + timedelta(minutes=20), ending=ending))
    assert part in text
    assert "call 105" in text
    assert ("held for 20 minutes" in text) == (ending is not Ending.NOT_HELD)


@given(
    st.sampled_from([Started(), Changed(was_until=START), Ended(ended_at=START, ending=Ending.RELEASE)]),
    st.sampled_from(BoostButton),
    st.none() | st.integers(1, 7400),
)
def test_no_notice_shows_an_mpan_or_leaves_a_gap(occasion: Occasion, boost: BoostButton, rate: int | None) -> None:
    text = words(occasion, replace(HOLD, boost_button=boost, reduced_to_w=rate))
    assert HOLD.mpan not in text
    assert "None" not in text
    assert "\n\n\n" not in text
    assert not re.search(r"  |\{|\}", text)


def test_stages_follow_the_occasion() -> None:
    ended = Ended(ended_at=START, ending=Ending.EXPIRY)
    stages = [customer_notice(HOLD, SENDER, o, at=START).stage for o in (Started(), Changed(was_until=START), ended)]
    assert stages == [NoticeStage.START, NoticeStage.CHANGE, NoticeStage.END]


def test_a_hold_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(Unrecordable, match="must end after it starts"):
        replace(HOLD, until=START)


points = st.builds(
    AffectedPoint,
    mpan=st.integers(0, 10**12 - 1).map(lambda n: Mpan.from_core(f"{n:012d}")),
    postcode=st.sampled_from(["M1 1AA", "M1 1AB", "SK4 3HJ"]),
    supplier=st.sampled_from(["ALFA", "BRAV", "CHAR"]),
    start=st.integers(0, 100).map(lambda m: START + timedelta(minutes=m)),
    end=st.none() | st.just(START + timedelta(hours=2)),
)


@given(st.lists(points, max_size=12, unique_by=lambda p: p.mpan))
def test_a_supplier_never_sees_another_suppliers_customer(affected: list[AffectedPoint]) -> None:
    notices = supplier_notices(EVENT, affected, at=START)
    assert [n.supplier for n in notices] == sorted({p.supplier for p in affected})
    for notice in notices:
        own = {p.mpan for p in affected if p.supplier == notice.supplier}
        seen = notice.csv() + notice.text() + json.dumps(notice.as_json())
        assert all((p.mpan in seen) == (p.mpan in own) for p in affected)
        assert {p.mpan for p in notice.points} == own


def test_a_supplier_without_customers_in_the_event_gets_an_empty_notice() -> None:
    assert supplier_notice(EVENT, [], supplier="ALFA", at=START).points == ()
    assert supplier_notices(EVENT, [], at=START) == ()


def test_a_suppliers_file_has_postcode_feeder_times_and_reason() -> None:
    point = AffectedPoint(mpan=HOLD.mpan, postcode="M1 1AA", supplier="ALFA", start=START, end=None)
    (notice,) = supplier_notices(EVENT, [point], at=START)
    (row,) = csv.DictReader(io.StringIO(notice.csv()))
    assert row == {
        "intervention": "I-0001",
        "feeder": "NW-17-2",
        "mpan": HOLD.mpan,
        "postcode": "M1 1AA",
        "start": "2026-01-14T02:15:00.000Z",
        "end": "",
        "reason": EVENT.reason,
    }
    assert "still held" in notice.text()
    assert notice.as_json()["reason"] == EVENT.reason


def summary() -> RegulatorSummary:
    return RegulatorSummary(
        event=EVENT,
        limiting_asset="fuse, L1",
        time_to_limit_s=1860,
        required_a=(118, 0, 0),
        relieved_a=(121, 0, 0),
        market=MarketRecord(
            provider="Riverside Flex",
            called_at=START - timedelta(minutes=5),
            decided_at=START,
            outcome="shortfall",
            reason="no answer by the deadline",
        ),
        authority="automatic within policy P1",
        customers=12,
        customer_minutes=520,
        longest_minutes=81,
        objections=1,
        requests=measure([]),
        detection_to_reduction_s=184,
        shortfall_a=(0, 0, 0),
        escalated=False,
    )


def test_the_regulator_reads_the_whole_event_without_an_mpan() -> None:
    text = summary().text()
    for part in ("31 min", "Riverside Flex", "no answer by the deadline", "118 A", "184 s", "automatic within policy"):
        assert part in text
    assert not re.search(r"\b\d{13}\b", text + json.dumps(summary().as_json()))
    assert "Escalated" not in text


def test_the_regulator_reads_of_an_escalation_and_of_a_missing_contract() -> None:
    market = replace(summary().market, provider=None, called_at=None, outcome="no cover", reason="no contract")
    text = replace(summary(), escalated=True, market=market, detection_to_reduction_s=None).text()
    assert "nobody: no contract covers the feeder" in text
    assert "mobile generation or storage" in text
    assert "not measured" in text
