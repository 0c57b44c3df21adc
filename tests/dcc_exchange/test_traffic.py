"""Pacing, priorities, backing off, and our own anomaly thresholds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad, ReadAlcsData
from linkbox.dcc.exchange.anomaly import Clear, Held, Threshold, Verdict, Warned, Watch, check, thresholds_csv
from linkbox.dcc.exchange.traffic import Allowance, Pacer, Priority, Waiting, admit, back_off_s, priority_of

NOW = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER, METER = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("00-DB-12-34-56-78-90-A0")
ALL = Allowance(name="all", per_s=2.0, burst=4)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def waiting(counter: int, srv: str = "7.6", region: str = "South", since_s: float = 0.0) -> Waiting:
    return Waiting(request_id=RequestId(USER, METER, counter), srv=srv, region=region, since=after(since_s))


def counters(requests: tuple[RequestId, ...]) -> list[int]:
    return [request.counter for request in requests]


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    queue = [waiting(n) for n in range(1, 7)]
    first = admit(Pacer(allowances=(ALL,)), queue, at=NOW)
    assert counters(first.requests) == [1, 2, 3, 4]
    assert first.again_at == after(0.5)
    second = admit(first.pacer, queue[4:], at=after(0.5))
    assert counters(second.requests) == [5]
    third = admit(second.pacer, queue[5:], at=after(1.0))
    assert counters(third.requests) == [6]
    assert third.again_at is None


def test_switching_and_restoring_go_before_reads() -> None:
    queue = [waiting(1, "7.7"), waiting(2, "8.11"), waiting(3, "7.8"), waiting(4, "7.6", since_s=5), waiting(5, "7.6")]
    assert counters(admit(Pacer(allowances=(ALL,)), queue, at=NOW).requests) == [5, 4, 3, 2]
    assert [priority_of(s) for s in ("7.6", "7.8", "8.11", "7.7")] == list(Priority)


def test_one_regions_allowance_does_not_hold_back_another_region() -> None:
    pacer = Pacer(allowances=(Allowance(name="north", per_s=1.0, burst=1, region="North"), ALL))
    queue = [waiting(1, region="North"), waiting(2, region="North"), waiting(3, region="South")]
    admission = admit(pacer, queue, at=NOW)
    assert counters(admission.requests) == [1, 3]
    assert admission.again_at == after(1.0)


def test_an_allowance_may_be_for_some_services_only() -> None:
    pacer = Pacer(allowances=(Allowance(name="reads", per_s=0.1, burst=1, srvs=frozenset({"7.7"})),))
    queue = [waiting(1, "7.7"), waiting(2, "7.7"), waiting(3, "7.6"), waiting(4, "7.6")]
    assert counters(admit(pacer, queue, at=NOW).requests) == [3, 4, 1]


def test_a_throttled_request_waits_its_time() -> None:
    late = Waiting(request_id=RequestId(USER, METER, 1), srv="7.6", region="", since=NOW, not_before=after(9))
    admission = admit(Pacer(allowances=()), [late], at=NOW)
    assert (admission.requests, admission.again_at) == ((), after(9))
    assert counters(admit(admission.pacer, [late], at=after(9)).requests) == [1]


def test_an_impossible_allowance_is_refused() -> None:
    with pytest.raises(InvalidInput, match="per_s above 0"):
        Allowance(name="x", per_s=0.0, burst=1)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=40), st.floats(0.1, 5), st.integers(1, 5))
def test_never_more_than_rate_times_time_plus_burst_go_out(gaps: list[float], per_s: float, burst: int) -> None:
    pacer, at_s, sent = Pacer(allowances=(Allowance(name="a", per_s=per_s, burst=burst),)), 0.0, 0
    for number, gap in enumerate(gaps):
        at_s += gap
        admission = admit(pacer, [waiting(number * 10 + k) for k in range(4)], at=after(at_s))
        pacer, sent = admission.pacer, sent + len(admission.requests)
        assert sent <= burst + per_s * at_s + 1e-6


def test_backing_off_doubles_and_is_bounded_and_spread() -> None:
    assert [back_off_s(n, jitter=1.0) for n in (1, 2, 3, 10)] == [2.0, 4.0, 8.0, 60.0]
    assert back_off_s(3, jitter=0.0) == 4.0


def hold(minutes: int = 60) -> ServiceRequest:
    body = DeactivateAuxiliaryLoad(index=3, duration_min=minutes)
    return ServiceRequest(request_id=RequestId(USER, METER, 1), command_variant=4, srv="7.6", body=body)


READ = ServiceRequest(request_id=RequestId(USER, METER, 1), command_variant=1, srv="7.7", body=ReadAlcsData())
SWITCHING = Threshold(
    name="switching", window=timedelta(minutes=10), warn=3, hold=5, srvs=frozenset({"7.6"}), max_duration_min=120
)


def judge(watch: Watch, request: ServiceRequest, times: int, at: datetime) -> tuple[list[Verdict], Watch]:
    verdicts = []
    for _ in range(times):
        verdict, watch = check(watch, request, at=at)
        verdicts.append(verdict)
    return verdicts, watch


def test_requests_are_warned_of_and_then_held_and_let_through_again_when_the_window_has_passed() -> None:
    verdicts, watch = judge(Watch(thresholds=(SWITCHING,)), hold(), 6, NOW)
    assert [type(v) for v in verdicts] == [Clear, Clear, Warned, Warned, Held, Held]
    assert isinstance(verdicts[2], Warned)
    assert verdicts[2].reasons == ("switching: request 3 within 0:10:00, warning from 3",)
    verdict, _ = check(watch, hold(), at=after(601))
    assert isinstance(verdict, Clear)


def test_what_is_held_does_not_count() -> None:
    _, watch = judge(Watch(thresholds=(SWITCHING,)), hold(), 20, NOW)
    assert len(watch.times["switching"]) == 4


def test_other_services_do_not_count() -> None:
    verdicts, _ = judge(Watch(thresholds=(SWITCHING,)), READ, 10, NOW)
    assert all(isinstance(v, Clear) for v in verdicts)


def test_a_duration_above_the_limit_is_held() -> None:
    verdict, _ = check(Watch(thresholds=(SWITCHING,)), hold(121), at=NOW)
    assert verdict == Held(("switching: 121 min, at most 120 are allowed",))


def test_an_impossible_threshold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="0 < warn <= hold"):
        Threshold(name="x", window=timedelta(1), warn=3, hold=2)


def test_thresholds_can_be_handed_in_as_a_table() -> None:
    assert thresholds_csv([SWITCHING, Threshold(name="all", window=timedelta(days=1), warn=5, hold=9)]) == (
        "threshold,service_reference_variants,window_s,warning,quarantine,max_duration_min\n"
        "switching,7.6,600,3,5,120\n"
        "all,all,86400,5,9,\n"
    )
