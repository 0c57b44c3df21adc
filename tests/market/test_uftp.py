"""Amperes, days and prices in UFTP: hand calculations, the days on which the clock changes, offers good and odd."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES, Phase
from linkbox.market import Effect, FlexRequest, UftpIdentity
from linkbox.market.messages import Offer, flex_order, flex_request, read_offer, response
from linkbox.market.settlement import Ordered, flex_settlement, settle
from linkbox.market.uftp import amps, isp_span, isps_of_day, span_times, split_by_day, split_point, watts

ME = UftpIdentity()
LONDON = "Europe/London"
AT = datetime(2026, 1, 13, 18, 1, tzinfo=UTC)
REQUEST = FlexRequest(
    request_id="LB-1/FLEX-1/L1/1",
    event_id="LB-1",
    contract_id="FLEX-1",
    provider="Dawn",
    domain="dawn.example",
    congestion_point=FeederId("F1"),
    phase=Phase.L1,
    current_a=32.0,
    start=AT,
    end=AT + timedelta(hours=2),
    expiration_at=AT + timedelta(seconds=60),
    deliver_within_s=120.0,
    price_gbp_per_kwh=0.3,
)


def test_watts_by_hand() -> None:
    """32 A at 230 V are 7360 W; 10.001 A are 2300.23 W, rounded up so that meeting the request is enough."""
    assert (watts(32.0), watts(10.001), watts(0.0)) == (-7360, -2301, 0)
    assert (amps(-7360), amps(2300)) == (32.0, -10.0)


@given(st.floats(0, 1000))
def test_watts_lose_nothing_and_add_less_than_a_watt(reduction: float) -> None:
    assert 0.0 <= amps(watts(reduction)) - reduction + 1e-6 < 1.0 / 230.0 + 1e-5


@pytest.mark.parametrize(
    ("day", "count"), [("2026-01-13", 96), ("2026-03-29", 92), ("2026-10-25", 100), ("2026-07-01", 96)]
)
def test_a_day_has_as_many_isps_as_its_clock_shows(day: str, count: int) -> None:
    """92 where the clock goes forward in March, 100 where it goes back in October: 23 and 25 hours of four."""
    assert isps_of_day(date.fromisoformat(day), LONDON, 15) == count


@pytest.mark.parametrize(
    ("start", "end", "period", "first", "count"),
    [
        ("2026-01-13T18:01", "2026-01-13T20:01", "2026-01-13", 73, 9),  # 18:00 is 72 quarters after midnight
        ("2026-01-13T00:00", "2026-01-13T00:15", "2026-01-13", 1, 1),
        ("2026-01-13T23:45", "2026-01-14T00:00", "2026-01-13", 96, 1),
        ("2026-07-01T17:00", "2026-07-01T17:30", "2026-07-01", 73, 2),  # 18:00 in summer time
        ("2026-07-01T23:00", "2026-07-01T23:30", "2026-07-02", 1, 2),  # midnight in summer time
        ("2026-10-25T01:00", "2026-10-25T01:15", "2026-10-25", 9, 1),  # the second 01:00: 8 quarters have passed
    ],
)
def test_isps_by_hand(start: str, end: str, period: str, first: int, count: int) -> None:
    since, until = (datetime.fromisoformat(t).replace(tzinfo=UTC) for t in (start, end))
    found = isp_span(since, until, LONDON, 15)
    assert (found.period.isoformat(), found.start, found.duration) == (period, first, count)


moments = st.integers(0, 364 * 86400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


@given(moments, st.integers(1, 40 * 3600), st.sampled_from([1, 5, 15, 30, 60]))
def test_parts_of_a_call_lie_within_their_days_and_their_isps_cover_them(start: datetime, s: int, isp: int) -> None:
    end = start + timedelta(seconds=s)
    parts = list(split_by_day(start, end, LONDON))
    assert (parts[0][0], parts[-1][1]) == (start, end)
    assert all(a[1] == b[0] for a, b in pairwise(parts))
    for since, until in parts:
        span = isp_span(since, until, LONDON, isp)
        first, last = span_times(span, LONDON, isp)
        assert first <= since < until <= last
        assert 1 <= span.start <= span.start + span.duration - 1 <= isps_of_day(span.period, LONDON, isp)


def test_congestion_points_name_feeder_and_phase_both_ways() -> None:
    for phase in PHASES:
        point = ME.congestion_point(FeederId("network_1/Feeder_4"), phase)
        assert split_point(point) == ("network_1/Feeder_4", phase)
    assert split_point("ean.123456789012") is None


def test_a_request_is_the_same_message_whenever_it_is_made() -> None:
    one, other = (flex_request(REQUEST, ME, AT) for _ in range(2))
    assert one == other
    assert UUID(one["message_id"]).version == 5
    (isp,) = one["isps"]
    assert isp == {"disposition": "Requested", "min_power": -7360, "max_power": 0, "start": 73, "duration": 9}


def offer(power: int = -7360, price: str = "4.96", least: str = "0.01", **changes: Any) -> dict[str, Any]:
    """7.36 kW for 9 quarters at 0.3 GBP/kWh: 16.56 kWh, 4.968 GBP."""
    request = flex_request(REQUEST, ME, AT)
    option = {"option_reference": "1", "price": price, "min_activation_factor": least,
              "isps": [{"power": power, "start": 73, "duration": 9}]}  # fmt: skip
    same = {k: request[k] for k in ("isp_duration", "time_zone", "period", "congestion_point", "contract_id")}
    return {
        **same,
        "type": "FlexOffer",
        "version": "3.1.0",
        "sender_domain": "dawn.example",
        "message_id": "offer",
        "conversation_id": "c",
        "currency": "GBP",
        "expiration_date_time": "2026-01-13T19:00:00Z",
        "flex_request_message_id": request["message_id"],
        "offer_options": [option],
        **changes,
    }


def read(message: dict[str, Any]) -> Offer:
    found = read_offer(message, REQUEST, ME, AT)
    assert isinstance(found, Offer), found
    return found


def test_what_is_offered_is_the_least_in_any_isp_that_was_asked_for() -> None:
    assert read(offer()).offered_a == pytest.approx(32.0)
    short = offer(price="0")
    short["offer_options"][0]["isps"] = [
        {"power": -7360, "start": 73, "duration": 8},
        {"power": -2300, "start": 81, "duration": 1},
    ]
    assert read(short).offered_a == pytest.approx(10.0)
    short["offer_options"][0]["isps"].pop()
    assert read(short).offered_a == 0.0, "an ISP that is left out gives nothing"
    assert read(offer(power=2300, price="0")).offered_a == pytest.approx(-10.0)


def test_more_than_was_asked_is_ordered_in_part_where_the_offer_lets_it() -> None:
    """48 A are offered for 32 A: 66.67 %, so a factor of 0.67, and 0.67 of the price."""
    found = read(offer(power=-11040, price="7.45"))
    assert (found.factor, found.price_gbp) == (Decimal("0.67"), Decimal("7.45") * Decimal("0.67"))
    order = flex_order(found, REQUEST, ME, AT)
    assert (order["isps"][0]["power"], order["activation_factor"], order["price"]) == (-7397, "0.67", "4.9915")
    whole = read(offer(power=-11040, price="7.45", least="1.00"))
    assert (whole.factor, whole.ordered_a) == (Decimal(1), pytest.approx(48.0))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (offer(price="4.99"), "Price above the contract's"),  # a penny more than 4.968 is the most
        (offer(currency="EUR"), "Invalid Message: Currency must be GBP"),
        (offer(period="2026-01-14"), "Reference Period mismatch"),
        (offer(isp_duration="PT5M"), "ISP duration rejected"),
        (offer(time_zone="Europe/Paris"), "TimeZone rejected"),
        (offer(congestion_point="ea1.2026-01.example.linkbox.dso:F1.L2"), "Invalid CongestionPoint"),
        (offer(expiration_date_time="2026-01-13T18:00:00Z"), "ExpirationDateTime out of bounds"),
        (offer(contract_id="FLEX-2"), "Invalid Message: ContractID is not that of the FlexRequest"),
    ],
)
def test_an_offer_that_does_not_fit_is_rejected_with_the_specifications_reason(
    message: dict[str, Any], reason: str
) -> None:
    assert read_offer(message, REQUEST, ME, AT) == reason


def test_of_several_options_the_one_that_helps_most_and_then_the_cheapest_is_taken() -> None:
    message = offer()
    (best,) = message["offer_options"]
    cheaper = {**best, "option_reference": "2", "price": "4.00"}
    small = {**best, "option_reference": "3", "price": "0.10", "isps": [{"power": -2300, "start": 73, "duration": 9}]}
    message["offer_options"] = [small, best, cheaper]
    assert read(message).option_reference == "2"


def test_a_response_names_what_it_answers_and_keeps_the_conversation_and_its_version() -> None:
    told = response({**offer(), "version": "3.0.0"}, ME, AT, rejected="ISP conflict")
    assert (told["type"], told["flex_offer_message_id"], told["result"]) == ("FlexOfferResponse", "offer", "Rejected")
    assert (told["conversation_id"], told["version"], told["rejection_reason"]) == ("c", "3.0.0", "ISP conflict")


def effect(reduction: float, sigma: float) -> Effect:
    return Effect(
        at=AT + timedelta(minutes=3),
        expected_a=(300.0, 0.0, 0.0),
        measured_a=(300.0 - reduction, 0.0, 0.0),
        reduction_a=(reduction, 0.0, 0.0),
        sigma_a=(sigma, 0.0, 0.0),
    )


ORDER = Ordered(request=REQUEST, ordered_a=32.0, since=AT + timedelta(seconds=20))


def test_an_account_by_hand() -> None:
    """24 of 32 A: 5.52 kW from 140 s after the call to the end of two hours, 7060 s: 10.8253 kWh, 3.2476 GBP."""
    (account,) = settle([ORDER], effect(24.0, 10.0))
    assert account.start == AT + timedelta(seconds=140)
    assert account.energy_kwh == pytest.approx(5.52 * 7060 / 3600)
    assert account.amount_gbp == Decimal("3.2476")
    assert account.ordered_gbp == Decimal("4.3301")


def test_what_is_not_sure_or_not_measured_is_not_paid_and_never_more_than_was_ordered() -> None:
    (unsure,), (blind,), (more,) = (
        settle([ORDER], effect(9.0, 10.0)),
        settle([ORDER], None),
        settle([ORDER], effect(90, 1)),
    )
    assert (unsure.delivered_a, blind.delivered_a, more.delivered_a) == (0.0, 0.0, 32.0)
    assert "not measured" in blind.to_record()["method"]


def test_two_orders_on_one_phase_share_what_showed() -> None:
    first, second = settle([ORDER, Ordered(request=REQUEST, ordered_a=16.0, since=AT)], effect(24.0, 5.0))
    assert (first.delivered_a, second.delivered_a) == (pytest.approx(16.0), pytest.approx(8.0))


def test_the_settlement_says_what_was_ordered_delivered_and_missing() -> None:
    accounts = settle([ORDER], effect(24.0, 10.0))
    message = flex_settlement(accounts, ME, AT)
    (order,) = message["flex_order_settlements"]
    assert (order["price"], order["penalty"], order["net_settlement"]) == ("4.3301", "1.0825", "3.2476")
    (isp,) = order["isps"]
    assert (isp["ordered_flex_power"], isp["delivered_flex_power"], isp["power_deficiency"]) == (-7360, -5520, 1840)
    assert (message["period_start"], message["period_end"]) == ("2026-01-13", "2026-01-13")
