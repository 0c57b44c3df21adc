"""A stored state comes back bit for bit, or is refused."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.snapshot import from_bytes, to_bytes
from tests.grid.samples import START, feeder, run

FLEET = Fleet.of([feeder("A"), feeder("B", fuse=315)])


def lived_in() -> FleetState:
    """Two hours of readings with a gap and a missing phase, so that every kind of value occurs."""
    state = run(initial_state(FLEET, START), FLEET, [40.0, 90.0, 140.0], 70)
    y = np.array([[40.0, np.nan, 140.0], [41.0, 91.0, 141.0]])
    state = observe(state, FLEET, current_a=y, transformer_current_a=y, at=state.at + timedelta(minutes=4))
    return run(state, FLEET, [60.0, 10.0, 0.0], 50)


def test_snapshot_restores_the_state_exactly_and_life_goes_on_the_same() -> None:
    state = lived_in()
    data = to_bytes(state, FLEET)
    restored = from_bytes(FLEET, data)
    assert to_bytes(restored, FLEET) == data
    assert restored.at == state.at
    after, after_restored = (run(s, FLEET, [55.0, 66.0, 77.0], 20) for s in (state, restored))
    assert to_bytes(after, FLEET) == to_bytes(after_restored, FLEET)


def test_state_before_any_reading_survives_too() -> None:
    state = initial_state(FLEET, START)
    restored = from_bytes(FLEET, to_bytes(state, FLEET))
    np.testing.assert_array_equal(restored.current_a, state.current_a)
    assert restored.forecast.profile.bins == (None,) * 192


def test_snapshot_of_another_fleet_or_another_fuse_is_refused() -> None:
    data = to_bytes(lived_in(), FLEET)
    for other in (Fleet.of([feeder("A")]), Fleet.of([feeder("A"), feeder("B", fuse=400)])):
        with pytest.raises(SnapshotMismatch, match="must be of the fleet"):
            from_bytes(other, data)


@given(position=st.integers(0), flip=st.integers(1, 255))
def test_any_altered_byte_is_refused(position: int, flip: int) -> None:
    data = bytearray(to_bytes(initial_state(FLEET, START), FLEET))
    data[position % len(data)] ^= flip
    with pytest.raises(SnapshotMismatch):
        from_bytes(FLEET, bytes(data))


@given(keep=st.integers(0, 10_000))
def test_a_snapshot_cut_short_is_refused(keep: int) -> None:
    data = to_bytes(initial_state(FLEET, START), FLEET)
    with pytest.raises(SnapshotMismatch):
        from_bytes(FLEET, data[: keep % len(data)])
