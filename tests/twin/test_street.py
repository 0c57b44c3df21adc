"""The street: deterministic, warm at the start, and its fuse really blows."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.grid import thermal
from linkbox.twin.assets import MELT_SPREAD
from linkbox.twin.street import HouseholdOptions, Minute, NeighbourOptions, Street, StreetError
from linkbox.twin.vehicles import VehicleOptions
from tests.twin.streets import START, assets, everyone, network, street

HERD = VehicleOptions(ev_share=0.8, session_probability=0.9, tariff_start=time(0, 30))


def same(a: Minute, b: Minute) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Minute))


def blown_street() -> tuple[Street, list[Minute]]:
    """A 100 A fuse under a herd that starts at half past five: it must blow."""
    herd = VehicleOptions(ev_share=1.0, session_probability=1.0, tariff_start=time(17, 30))
    made = street(seed=3, minutes=240, vehicles=herd, fuse_a=100)
    return made, [made.step(everyone()) for _ in range(240)]


def test_the_same_seed_and_calls_give_the_same_evening() -> None:
    closed = np.random.default_rng(1).choice([0.0, 0.5, 1.0], (60, network().homes))
    first, second = (street(seed=5, minutes=60, vehicles=HERD) for _ in range(2))
    assert all(same(first.step(row), second.step(row)) for row in closed)
    assert first.truth() == second.truth()


def test_another_seed_gives_another_evening() -> None:
    assert not same(street(seed=1).step(everyone()), street(seed=2).step(everyone()))


def test_control_changes_cars_only() -> None:
    """Held cars come, want and wait as before; the homes' own load is what is left of the current."""
    free, held = street(seed=5, vehicles=HERD), street(seed=5, vehicles=HERD)
    for _ in range(30):
        free.step(everyone()), held.step(0.0 * everyone())
    np.testing.assert_array_equal(free.sessions.plug_in_s, held.sessions.plug_in_s)
    bare = street(seed=5, vehicles=VehicleOptions(ev_share=0.0))
    for _ in range(30):
        bare.step(everyone())
    np.testing.assert_allclose(
        held.step(0.0 * everyone()).head_current_a, bare.step(everyone()).head_current_a, atol=0.01
    )


def test_minutes_are_stamped_at_their_end_and_follow_one_another() -> None:
    made = street()
    assert made.now == START
    assert made.warm_up[-1].at == START
    assert [made.step(everyone()).at for _ in range(3)] == [START + timedelta(minutes=m) for m in (1, 2, 3)]


def test_the_street_is_warm_at_the_start() -> None:
    """At 17:00 the cable is above the ground's 15 degC and the fuse has a little load in it."""
    last = street().warm_up[-1]
    assert len(street().warm_up) == 360
    assert np.all(last.cable_degc > 15.5)
    assert np.all((last.fuse_state > 0.001) & (last.fuse_state < 0.3))
    assert 10 < last.hot_spot_degc < 80


def test_the_fuse_blows_darkens_its_phase_and_stays_blown() -> None:
    made, minutes = blown_street()
    blown = [i for i, m in enumerate(minutes) if m.blown.any()]
    assert blown
    first = blown[0]
    phase = int(np.flatnonzero(minutes[first].blown)[0])
    assert minutes[first].fuse_state[phase] >= 1.0
    assert minutes[first].blown_at[phase] == minutes[first].at
    mine = made.phase == phase
    assert minutes[first].drawing[mine].any()  # it carried current until it melted
    for minute in minutes[first + 1 :]:
        assert minute.head_current_a[phase] == 0.0
        assert minute.min_voltage_v[phase] == 0.0
        assert not minute.drawing[mine].any()
        assert minute.blown[phase]
    truth = made.truth()
    assert truth.fuse_blown_at == minutes[first].at
    assert f"L{phase + 1}" in truth.blown_phases
    assert truth.customer_minutes_lost >= int(mine.sum()) * (239 - first)


def test_the_fuse_melts_when_the_two_state_model_of_its_own_melt_ratio_says_so() -> None:
    """Replay the recorded current through the model: from the type's curve +-5 % the melting minute is bracketed."""
    made, minutes = blown_street()
    fuse = thermal.FuseParameters.of([assets(100).fuse])
    for phase in np.flatnonzero(minutes[-1].blown):
        at = minutes[-1].blown_at[phase]
        assert at is not None
        peaks = []
        for ratio in (1 - MELT_SPREAD, 1 + MELT_SPREAD):
            terms, peak = np.zeros((2, 1, 1)), 0.0
            for minute in [*made.warm_up, *(m for m in minutes if m.at <= at)]:
                current = np.array([[minute.head_current_a[phase] / ratio]])
                terms = thermal.fuse_step(terms, current, fuse, 60.0)
                peak = max(peak, float(terms.sum()))
            peaks.append(peak)
        assert peaks[0] >= 0.99
        assert peaks[1] <= 1.05


def test_the_provider_holds_chargers_as_the_contactor_does() -> None:
    vehicles = VehicleOptions(ev_share=1.0, session_probability=1.0)
    free, held = street(seed=2, vehicles=vehicles), street(seed=2, vehicles=vehicles)
    hold = np.ones(network().homes, dtype=np.bool_)
    drew = [(free.step(everyone()).drawing.sum(), held.step(everyone(), hold).drawing.sum()) for _ in range(90)]
    assert sum(a for a, _ in drew) > 500
    assert sum(b for _, b in drew) == 0
    assert held.truth().energy_held_kwh > 10.0


def test_energy_of_the_cars_balances() -> None:
    made = street(seed=4, minutes=840, vehicles=HERD)
    for _ in range(840):
        minute = made.step(everyone())
    truth = made.truth()
    accounted = truth.energy_delivered_kwh + truth.energy_undelivered_kwh + truth.energy_remaining_kwh
    assert truth.energy_arrived_kwh == pytest.approx(accounted, abs=1e-6)
    warm = made.warm_up[-1].delivered_kwh.sum()
    assert minute.delivered_kwh.sum() - warm == pytest.approx(truth.energy_delivered_kwh)


def test_the_transformer_carries_this_feeder_and_its_neighbours() -> None:
    alone = Street(
        network(), assets=assets(), start=START, minutes=5, seed=1, neighbours=NeighbourOptions(feeders=0)
    ).step(everyone())
    among = Street(
        network(), assets=assets(), start=START, minutes=5, seed=1, neighbours=NeighbourOptions(feeders=4)
    ).step(everyone())
    np.testing.assert_allclose(alone.transformer_current_a, alone.head_current_a)
    np.testing.assert_array_equal(among.head_current_a, alone.head_current_a)
    # 220 homes of about 1 kW at power factor 0.95 and 240 V, a third on each phase: about 320 A
    assert np.all(among.transformer_current_a - among.head_current_a > 150)
    assert np.all(among.transformer_current_a - among.head_current_a < 600)


def test_the_tariff_follows_the_local_clock_in_summer() -> None:
    """Half past midnight in July is 23:30 UTC."""
    start = datetime(2026, 7, 14, 17, 0, tzinfo=UTC)
    made = Street(network(), assets=assets(), start=start, minutes=1, seed=1, vehicles=HERD, warm_up_minutes=60)
    waits = made.sessions.ready_s[made.sessions.ready_s - made.sessions.plug_in_s > 3600.0]
    opens = start - timedelta(minutes=60) + timedelta(seconds=float(waits.min()))
    assert datetime(2026, 7, 14, 23, 30, tzinfo=UTC) <= opens <= datetime(2026, 7, 14, 23, 40, tzinfo=UTC)


def test_more_load_than_the_feeder_can_carry_is_counted_as_not_converged() -> None:
    made = Street(
        network(),
        assets=assets(630),
        start=START,
        minutes=3,
        seed=1,
        households=HouseholdOptions(scale=80.0),
        warm_up_minutes=0,
    )
    minute = made.step(everyone())
    assert not minute.converged
    assert made.truth().non_converged_minutes == 1


@pytest.mark.parametrize(
    ("closed", "rule"),
    [(np.ones(3), "one value per home"), (np.full(55, 1.5), r"\[0, 1\]"), (np.full(55, np.nan), r"\[0, 1\]")],
)
def test_a_step_with_wrong_values_is_refused(closed: np.ndarray, rule: str) -> None:
    with pytest.raises(StreetError, match=rule):
        street().step(closed)


def test_a_street_ends_when_its_minutes_are_over() -> None:
    made = street(minutes=1)
    made.step(everyone())
    with pytest.raises(StreetError, match="are over"):
        made.step(everyone())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31), ev_share=st.floats(0, 1))
def test_states_stay_physical(seed: int, ev_share: float) -> None:
    made = street(seed=seed, minutes=60, vehicles=VehicleOptions(ev_share=ev_share, session_probability=1.0))
    for _ in range(60):
        minute = made.step(everyone())
        assert np.all(minute.head_current_a >= 0)
        assert np.all(minute.fuse_state >= 0)
        assert np.all(minute.cable_degc >= 15.0 - 1e-9)
        assert not minute.drawing[~made.has_charger].any()
        assert minute.neutral_current_a <= minute.head_current_a.sum() + 1e-9
