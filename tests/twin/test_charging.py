"""Cars come as measured, wait for their tariff, and lose no energy whatever is done to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.twin import charging_fit as fit
from linkbox.twin.charging import CarStates, charge, come_and_go, no_cars
from linkbox.twin.vehicles import Sessions, VehicleOptions, draw_sessions

ELEVEN = 11 * 60
EVERY_DAY = VehicleOptions(ev_share=1.0, session_probability=1.0)


def draw(options: VehicleOptions, *, homes: int = 4000, minutes: int = 1440, seed: int = 1) -> Sessions:
    return draw_sessions(homes, options, start_minute=ELEVEN, minutes=minutes, rng=np.random.default_rng(seed))


def run(sessions: Sessions, options: VehicleOptions, closed: np.ndarray, live: np.ndarray | None = None) -> CarStates:
    """The cars after all minutes of ``closed`` (minutes, homes)."""
    state = no_cars(closed.shape[1])
    alive = np.ones(closed.shape[1], dtype=np.bool_) if live is None else live
    for minute, fraction in enumerate(closed):
        state = come_and_go(state, sessions, at_s=minute * 60.0)
        state, _ = charge(state, sessions, options, at_s=minute * 60.0, dt_s=60.0, closed_fraction=fraction, live=alive)
    return state


def one_car(energy_kwh: float, *, ready_s: float = 0.0, plug_out_s: float = 1e6, restart_s: float = 30.0) -> Sessions:
    """A single home whose car is there from the beginning."""
    return Sessions(
        has_charger=np.array([True]),
        on_tariff=np.array([False]),
        home=np.array([0]),
        plug_in_s=np.array([-1.0]),
        ready_s=np.array([ready_s]),
        plug_out_s=np.array([plug_out_s]),
        energy_kwh=np.array([energy_kwh]),
        restart_delay_s=np.full((1, 64), restart_s),
    )


def test_sessions_follow_the_measured_distributions() -> None:
    """Norwegian home charging: median 9.2 kWh, mean 12.8 kWh, most plug-ins at 15-18 h (reference, section 3.2)."""
    sessions = draw(EVERY_DAY)
    assert len(sessions.home) == 4000
    assert np.median(sessions.energy_kwh) == pytest.approx(9.2, rel=0.1)
    assert sessions.energy_kwh.mean() == pytest.approx(12.8, rel=0.1)
    hour = (sessions.plug_in_s / 3600 + 11) % 24
    assert ((hour >= 15) & (hour < 18)).mean() == pytest.approx(sum(fit.PLUG_IN_SHARE[30:36]), abs=0.03)
    assert np.median(sessions.plug_out_s - sessions.plug_in_s) / 3600 == pytest.approx(11.3, rel=0.15)


def test_share_of_cars_and_probability_of_a_session_are_kept() -> None:
    sessions = draw(VehicleOptions(ev_share=0.4, session_probability=0.46))
    assert sessions.has_charger.sum() == 1600
    assert len(sessions.home) == pytest.approx(1600 * 0.46, rel=0.1)
    assert np.all(sessions.has_charger[sessions.home])


def test_without_a_tariff_cars_charge_at_once() -> None:
    sessions = draw(EVERY_DAY)
    np.testing.assert_array_equal(sessions.ready_s, sessions.plug_in_s)


def test_tariff_cars_start_within_ten_minutes_after_half_past_midnight() -> None:
    sessions = draw(VehicleOptions(ev_share=1.0, session_probability=1.0, tariff_start=time(0, 30), tariff_share=0.7))
    tariff = sessions.on_tariff[sessions.home]
    assert tariff.mean() == pytest.approx(0.7, abs=0.03)
    opens_s = (24 * 60 + 30 - ELEVEN) * 60.0
    early = tariff & (sessions.plug_in_s < opens_s)
    assert early.sum() > 1000
    assert np.all((sessions.ready_s[early] >= opens_s) & (sessions.ready_s[early] <= opens_s + 600.0))
    inside = tariff & (sessions.plug_in_s >= opens_s) & (sessions.plug_in_s < opens_s + 5 * 3600)
    assert np.all(sessions.ready_s[inside] - sessions.plug_in_s[inside] <= 600.0)
    np.testing.assert_array_equal(sessions.ready_s[~tariff], sessions.plug_in_s[~tariff])


def test_a_car_never_comes_while_it_is_still_connected() -> None:
    sessions = draw(EVERY_DAY, homes=300, minutes=5 * 1440)
    for home in range(300):
        mine = sessions.home == home
        assert np.all(sessions.plug_in_s[mine][1:] >= sessions.plug_out_s[mine][:-1])


def test_a_car_takes_its_energy_in_the_time_that_it_needs() -> None:
    """3.68 kWh at 7.36 kW: 30 minutes."""
    options = VehicleOptions()
    assert run(one_car(3.68), options, np.ones((29, 1))).remaining_kwh[0] == pytest.approx(3.68 / 30)
    assert run(one_car(3.68), options, np.ones((30, 1))).remaining_kwh[0] == pytest.approx(0.0, abs=1e-9)


def test_an_open_contactor_delays_the_energy_and_the_car_goes_on_afterwards() -> None:
    """10 min on, 15 min open, then on again after a restart delay of 30 s: 20 min more for the rest of 3.68 kWh."""
    closed = np.concatenate([np.ones(10), np.zeros(15), np.ones(21)])[:, None]
    before = run(one_car(3.68), VehicleOptions(), closed[:-1])
    after = run(one_car(3.68), VehicleOptions(), closed)
    assert before.remaining_kwh[0] == pytest.approx(0.5 * 7.36 / 60)
    assert after.remaining_kwh[0] == pytest.approx(0.0, abs=1e-9)
    assert after.held_kwh[0] == pytest.approx(15.5 * 7.36 / 60)


def test_a_contactor_that_opens_within_a_minute_gives_that_part_of_it() -> None:
    closed = np.array([1.0, 0.25, 0.0, 0.5, 1.0])[:, None]  # 60 + 15 + 0 + (30 - 20) + 60 s with 20 s restart delay
    state = run(one_car(10.0, restart_s=20.0), VehicleOptions(), closed)
    assert state.delivered_kwh[0] == pytest.approx((60 + 15 + 0 + 10 + 60) * 7.36 / 3600)


def test_a_hold_on_a_car_that_is_full_or_waits_for_its_tariff_delays_nothing() -> None:
    closed = np.concatenate([np.ones(10), np.zeros(20), np.ones(2)])[:, None]
    assert run(one_car(0.5), VehicleOptions(), closed).held_kwh[0] == 0.0
    assert run(one_car(9.0, ready_s=31 * 60.0), VehicleOptions(), closed).held_kwh[0] == 0.0


def test_a_hold_delays_no_more_than_the_car_still_wants() -> None:
    closed = np.concatenate([np.ones(10), np.zeros(120), np.ones(60)])[:, None]
    state = run(one_car(2.0), VehicleOptions(), closed)
    assert state.held_kwh[0] == pytest.approx(2.0 - 10 * 7.36 / 60)


def test_a_dead_phase_delivers_nothing_and_is_no_hold() -> None:
    state = run(one_car(5.0), VehicleOptions(), np.ones((30, 1)), live=np.array([False]))
    assert state.delivered_kwh[0] == 0.0
    assert state.held_kwh[0] == 0.0


def test_what_a_car_wants_when_it_leaves_is_counted() -> None:
    state = run(one_car(5.0, plug_out_s=600.0), VehicleOptions(), np.ones((20, 1)))
    assert state.undelivered_kwh[0] == pytest.approx(5.0 - 10 * 7.36 / 60)
    assert not state.plugged[0]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tariff=st.booleans(), holds=st.integers(0, 2))
def test_no_energy_is_lost_whatever_is_held(seed: int, tariff: bool, holds: int) -> None:
    options = VehicleOptions(ev_share=0.8, session_probability=0.9, tariff_start=time(19, 0) if tariff else None)
    sessions = draw(options, homes=12, minutes=900, seed=seed)
    rng = np.random.default_rng(seed)
    closed = np.ones((900, 12))
    for _ in range(holds):
        first = rng.integers(0, 880)
        closed[first : first + rng.integers(1, 200)] *= rng.choice([0.0, 0.4, 1.0], 12)
    state = run(sessions, options, closed)
    arrived = sessions.energy_kwh[sessions.plug_in_s < 899 * 60.0].sum()
    assert state.arrived_kwh.sum() == pytest.approx(arrived)
    np.testing.assert_allclose(
        state.arrived_kwh, state.delivered_kwh + state.remaining_kwh + state.undelivered_kwh, atol=1e-9
    )
    assert state.remaining_kwh.min() >= 0.0
    free = run(sessions, options, np.ones((900, 12)))
    assert np.all(state.delivered_kwh <= free.delivered_kwh + 1e-9)


@pytest.mark.parametrize("name", ["ev_share", "session_probability", "tariff_share"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        replace(VehicleOptions(), **{name: value})  # type: ignore[arg-type]  # all three names are floats
