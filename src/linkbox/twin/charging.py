"""Cars that charge through a contactor which others may open: one step of the cars of a street.

Energy is never lost: what an open contactor, a provider's hold or a dead phase keeps from a car it draws later, as long
as it is plugged in; what it still wants when it leaves is counted as undelivered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from linkbox.twin.vehicles import Bools, Floats, Integers, Sessions, VehicleOptions

JOULE_PER_KWH = 3.6e6
DONE_KWH = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarStates:
    """The cars of a street at one moment, all arrays (homes,).

    ``remaining_kwh`` is what the car that is plugged in still wants (0 without one). ``wait_s`` is what is left of the
    delay after its supply came back, ``open_now`` whether it is interrupted, ``restarts`` how often it came back.
    Counters since the start: ``arrived_kwh = delivered_kwh + remaining_kwh + undelivered_kwh`` always.
    ``held_kwh`` is the energy that holds put off: of each hold, what the car would have drawn meanwhile.
    """

    plugged: Bools
    remaining_kwh: Floats
    ready_s: Floats
    plug_out_s: Floats
    open_now: Bools
    wait_s: Floats
    restarts: Integers
    arrived_kwh: Floats
    delivered_kwh: Floats
    undelivered_kwh: Floats
    held_kwh: Floats
    this_hold_kwh: Floats
    next_session: int


def no_cars(homes: int) -> CarStates:
    """Every parking place empty."""
    zeros, no = np.zeros(homes), np.zeros(homes, dtype=np.bool_)
    return CarStates(
        plugged=no,
        remaining_kwh=zeros,
        ready_s=zeros,
        plug_out_s=zeros,
        open_now=no,
        wait_s=zeros,
        restarts=np.zeros(homes, dtype=np.int64),
        arrived_kwh=zeros,
        delivered_kwh=zeros,
        undelivered_kwh=zeros,
        held_kwh=zeros,
        this_hold_kwh=zeros,
        next_session=0,
    )


def come_and_go(state: CarStates, sessions: Sessions, *, at_s: float) -> CarStates:
    """Cars whose time has come leave, then those plug in that came before ``at_s``."""
    leaves = state.plugged & (state.plug_out_s <= at_s)
    last = int(np.searchsorted(sessions.plug_in_s, at_s, side="left"))
    fresh = slice(state.next_session, max(last, state.next_session))
    home = sessions.home[fresh]
    plugged, remaining = state.plugged & ~leaves, np.where(leaves, 0.0, state.remaining_kwh)
    undelivered = state.undelivered_kwh + np.where(leaves, state.remaining_kwh, 0.0)
    ready, plug_out, arrived = state.ready_s.copy(), state.plug_out_s.copy(), state.arrived_kwh.copy()
    plugged[home], remaining[home] = True, sessions.energy_kwh[fresh]
    ready[home], plug_out[home] = sessions.ready_s[fresh], sessions.plug_out_s[fresh]
    arrived[home] += sessions.energy_kwh[fresh]
    return replace(
        state,
        plugged=plugged,
        remaining_kwh=remaining,
        ready_s=ready,
        plug_out_s=plug_out,
        arrived_kwh=arrived,
        undelivered_kwh=undelivered,
        next_session=fresh.stop,
    )


def charge(
    state: CarStates,
    sessions: Sessions,
    options: VehicleOptions,
    *,
    at_s: float,
    dt_s: float,
    closed_fraction: Floats,
    live: Bools,
    level: Floats | None = None,
) -> tuple[CarStates, Floats]:
    """Charge from ``at_s`` for ``dt_s``. Returns the new state and the mean power of each charger, (homes,) W.

    ``closed_fraction`` (homes,) is the share of the step in which the way to the car is closed: contactor and provider
    together. Whether it was open at the step's beginning or at its end follows from the step before. ``live`` (homes,)
    False is a dead supply, which is no hold but delivers nothing either. ``level`` (homes,) is the fraction of its
    power that each charger may take (None: all): a limit slows a car, it does not interrupt it.
    """
    wants = state.plugged & (state.remaining_kwh > DONE_KWH)
    ready_for_s = np.where(wants, np.clip(at_s + dt_s - np.maximum(state.ready_s, at_s), 0.0, dt_s), 0.0)
    fraction = np.where(live, closed_fraction, 0.0)
    closes = state.open_now & (fraction > 0.0)
    restarts = state.restarts + closes
    delays = sessions.restart_delay_s
    delay_s = delays[np.arange(len(delays)), state.restarts % delays.shape[1]]
    wait_s = np.where(closes, delay_s, state.wait_s)
    waited_s = np.minimum(wait_s, fraction * dt_s)
    usable_s = np.minimum(ready_for_s, fraction * dt_s - waited_s)
    limit = np.ones_like(fraction) if level is None else level
    drawn = np.minimum(usable_s * limit * options.power_w / JOULE_PER_KWH, state.remaining_kwh)
    remaining = state.remaining_kwh - drawn
    missed_kwh = np.where(live, ready_for_s - usable_s * limit, 0.0) * options.power_w / JOULE_PER_KWH
    hold = np.minimum(state.this_hold_kwh + missed_kwh, np.maximum(remaining, state.this_hold_kwh))
    over = (fraction >= 1.0) & (limit >= 1.0) & (wait_s <= waited_s)
    after = replace(
        state,
        remaining_kwh=remaining,
        open_now=(fraction < 1.0) & ~closes,
        wait_s=wait_s - waited_s,
        restarts=restarts,
        delivered_kwh=state.delivered_kwh + drawn,
        held_kwh=state.held_kwh + np.where(over, hold, 0.0),
        this_hold_kwh=np.where(over, 0.0, hold),
    )
    return after, drawn * JOULE_PER_KWH / dt_s


def not_supplied(state: CarStates, missing_kwh: Floats) -> CarStates:
    """Take back (homes,) kWh of the last step that the voltage was too low to supply."""
    return replace(
        state,
        remaining_kwh=state.remaining_kwh + missing_kwh,
        delivered_kwh=state.delivered_kwh - missing_kwh,
    )
