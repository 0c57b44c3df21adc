"""The simulated provider: seeded, keyed by request, and each behaviour is what its name says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.twin.provider import Behaviour, FlexRequest, ProviderAnswer, ProviderOptions, answer, held_at

AT = datetime(2026, 1, 15, 0, 40, tzinfo=UTC)
PHASES = (0, 1, 2) * 4
REQUEST = FlexRequest(request_id="r1", at=AT, until=AT + timedelta(hours=1), amps=(64.0, 0.0, 20.0))


def ask(behaviour: Behaviour | None, request: FlexRequest = REQUEST, seed: int = 1) -> ProviderAnswer:
    options = ProviderOptions(subscribed=tuple(range(12)), behaviour=behaviour)
    return answer(request, options, home_phase=PHASES, seed=seed)


def test_a_provider_that_delivers_holds_enough_chargers_on_each_phase() -> None:
    """64 A on L1 are two chargers of 32 A, 20 A on L3 one; homes 0, 3 and 2 come first on those phases."""
    given_ = ask(Behaviour.DELIVERS)
    assert given_.accepted
    assert given_.accepted_amps == (64.0, 0.0, 20.0)
    assert [hold.home for hold in given_.holds] == [0, 3, 2]
    assert given_.answered_at is not None
    assert timedelta(seconds=15) <= given_.answered_at - AT <= timedelta(seconds=90)
    assert all(given_.answered_at < hold.start < hold.end == REQUEST.until for hold in given_.holds)


def test_it_promises_no_more_than_its_chargers() -> None:
    given_ = answer(
        REQUEST, ProviderOptions(subscribed=(0, 2), behaviour=Behaviour.DELIVERS), home_phase=PHASES, seed=1
    )
    assert given_.accepted_amps == (32.0, 0.0, 20.0)


def test_it_holds_only_cars_that_draw_when_it_knows_them() -> None:
    drawing = np.zeros(12, dtype=np.bool_)
    drawing[[6, 9]] = True
    options = ProviderOptions(subscribed=tuple(range(12)), behaviour=Behaviour.DELIVERS)
    given_ = answer(REQUEST, options, home_phase=PHASES, seed=1, drawing=drawing)
    assert [hold.home for hold in given_.holds] == [6, 9]
    assert given_.accepted_amps == (64.0, 0.0, 0.0)


def test_silence_refusal_and_failure_hold_nobody() -> None:
    silent, rejects, fails = (ask(b) for b in (Behaviour.SILENT, Behaviour.REJECTS, Behaviour.DOES_NOT_DELIVER))
    assert silent.answered_at is None
    assert rejects.answered_at is not None
    assert not rejects.accepted
    assert fails.accepted
    assert silent.holds == rejects.holds == fails.holds == ()


def test_part_delivery_holds_some_of_what_was_promised() -> None:
    request = FlexRequest(request_id="r2", at=AT, until=REQUEST.until, amps=(128.0, 128.0, 128.0))
    part, full = ask(Behaviour.DELIVERS_PART, request), ask(Behaviour.DELIVERS, request)
    assert part.accepted_amps == full.accepted_amps
    assert len(part.holds) == len(full.holds) // 2


@given(seed=st.integers(0, 2**32), ids=st.lists(st.text(max_size=8), min_size=2, max_size=6, unique=True))
def test_answers_do_not_depend_on_the_order_of_requests(seed: int, ids: list[str]) -> None:
    requests = [FlexRequest(request_id=i, at=AT, until=REQUEST.until, amps=REQUEST.amps) for i in ids]
    forward = [ask(None, r, seed) for r in requests]
    assert forward == [ask(None, r, seed) for r in reversed(requests)][::-1]


def test_over_many_requests_every_behaviour_comes_as_often_as_its_weight() -> None:
    seen = [
        ask(None, FlexRequest(request_id=str(i), at=AT, until=REQUEST.until, amps=(1.0, 1.0, 1.0))) for i in range(2000)
    ]
    shares = [np.mean([a.behaviour is b for a in seen]) for b in Behaviour]
    np.testing.assert_allclose(shares, (0.4, 0.2, 0.15, 0.1, 0.15, 0, 0, 0, 0), atol=0.03)


def test_holds_become_a_mask_for_the_street() -> None:
    holds = ask(Behaviour.DELIVERS).holds
    assert held_at(holds, AT, 12).sum() == 0
    assert np.flatnonzero(held_at(holds, holds[0].start, 12)).tolist() == [0, 2, 3]
    assert held_at(holds, REQUEST.until, 12).sum() == 0


def test_weights_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        ProviderOptions(subscribed=(), weights=(0.0,) * 5)


def test_a_late_provider_answers_after_the_request_has_expired_and_holds_what_it_offers() -> None:
    expires = AT + timedelta(minutes=1)
    late = ask(Behaviour.LATE, replace(REQUEST, expires=expires))
    assert late.answered_at is not None
    assert late.answered_at > expires
    assert len(late.holds) == 3


def test_one_that_answers_twice_one_that_offers_too_much_and_one_that_revokes() -> None:
    twice, over, back = (ask(b) for b in (Behaviour.ANSWERS_TWICE, Behaviour.OVER_OFFERS, Behaviour.REVOKES))
    assert twice.answered_at is not None
    assert twice.again_at == twice.answered_at + timedelta(seconds=10)
    assert over.accepted_amps == (96.0, 0.0, 30.0), "half as much again as was asked"
    assert (len(twice.holds), len(over.holds), len(back.holds)) == (3, 3, 0)
    assert back.answered_at is not None
    assert back.revoked_at == back.answered_at + timedelta(seconds=10)
