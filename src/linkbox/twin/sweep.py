"""Three-phase unbalanced power flow of a radial feeder by backward/forward sweep.

The neutral is Kron-reduced into the sequence impedances: each section has a self impedance (2 Z1 + Z0) / 3 and a mutual
impedance (Z0 - Z1) / 3. Loads draw constant power; a charger does so up to its current limit. A solution that does not
settle (voltage collapse, impossible load) is returned with ``converged`` False and must not be used as if it were one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from linkbox.grid.topology import FeederNetwork

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

TOLERANCE_V = 1e-3
MAX_SWEEPS = 200
COLLAPSED_FRACTION = 0.5
"""A load whose voltage falls under this share of the source's is past the nose of its curve: no solution there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedFeeder:
    """A FeederNetwork as the sweep wants it: node arrays (nodes,), entry 0 (the source) unused; load arrays (loads,).

    Impedances in ohm, of the section that ends in the node.
    """

    parent: npt.NDArray[np.int64]
    z_self: Complexes
    z_mutual: Complexes
    load_node: npt.NDArray[np.int64]
    load_phase: npt.NDArray[np.int64]
    source_voltage_v: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Phasors of one state of the feeder.

    ``head_a`` is (3,) complex A out of the source; ``load_voltage_v`` (loads,) the magnitude at each load, 0 on a dead
    phase; ``sweeps`` how many it took. ``converged`` False means that the numbers are the last, unsettled ones.
    """

    head_a: Complexes
    load_voltage_v: Floats
    sweeps: int
    converged: bool

    @property
    def head_current_a(self) -> Floats:
        """(3,) A rms per phase."""
        return np.abs(self.head_a)

    @property
    def neutral_current_a(self) -> float:
        """A rms that returns through neutral and earth."""
        return float(abs(self.head_a.sum()))


def pack(network: FeederNetwork) -> PackedFeeder:
    """Prepare a feeder for many solutions. Reduce it first (``reduce_series``): the result is the same and faster."""
    z1 = network.branch_r1_ohm + 1j * network.branch_x1_ohm
    z0 = network.branch_r0_ohm + 1j * network.branch_x0_ohm
    return PackedFeeder(
        parent=np.concatenate(([-1], network.branch_from)).astype(np.int64),
        z_self=np.concatenate(([0j], (2 * z1 + z0) / 3)),
        z_mutual=np.concatenate(([0j], (z0 - z1) / 3)),
        load_node=np.array(network.load_node),
        load_phase=np.array(network.load_phase),
        source_voltage_v=network.source_voltage_v,
    )


def solve(
    feeder: PackedFeeder,
    load_va: Complexes,
    *,
    live: npt.NDArray[np.bool_] | None = None,
    charger_va: Complexes | None = None,
    charger_limit_a: Floats | None = None,
) -> Solution:
    """Solve for the loads ``load_va`` (loads,), complex VA, consumption positive. ``live`` (3,) False: a blown fuse.

    ``charger_va`` (loads,) comes on top of ``load_va``, but draws no more than ``charger_limit_a`` (loads,) A each: a
    charger holds its power while the voltage allows, then its current. Iterates until no voltage moves by more than
    1 mV. On a dead phase nothing is drawn and the voltage is 0.
    """
    alive = np.ones(3, dtype=np.bool_) if live is None else live
    limit_a = np.zeros(len(load_va)) if charger_limit_a is None else charger_limit_a
    chargers = np.zeros(len(load_va), dtype=np.complex128) if charger_va is None else charger_va
    head, voltage, sweeps, converged = _sweep(
        feeder.parent,
        feeder.z_self,
        feeder.z_mutual,
        feeder.load_node,
        feeder.load_phase,
        np.ascontiguousarray(load_va, dtype=np.complex128),
        np.ascontiguousarray(chargers, dtype=np.complex128),
        np.ascontiguousarray(limit_a, dtype=np.float64),
        alive,
        feeder.source_voltage_v,
    )
    return Solution(head_a=head, load_voltage_v=voltage, sweeps=int(sweeps), converged=bool(converged))


@njit(cache=True)
def _sweep(  # type: ignore[no-untyped-def]
    parent, z_self, z_mutual, load_node, load_phase, load_va, charger_va, charger_limit_a, alive, source_v
):
    """Root-first arrays: currents gather from the last node up, voltages spread from the first node down."""
    nodes = parent.shape[0]
    loads = load_va.shape[0]
    slack = np.zeros(3, dtype=np.complex128)
    for p in range(3):
        if alive[p]:
            slack[p] = source_v * np.exp(-2j * np.pi * p / 3)
    volts = np.empty((nodes, 3), dtype=np.complex128)
    for n in range(nodes):
        volts[n] = slack
    amps = np.zeros((nodes, 3), dtype=np.complex128)
    floor_v = COLLAPSED_FRACTION * source_v
    converged = False
    sweeps = 0
    while sweeps < MAX_SWEEPS and not converged:
        sweeps += 1
        amps[:] = 0
        collapsed = False
        for k in range(loads):
            n, p = load_node[k], load_phase[k]
            if alive[p]:
                v = volts[n, p]
                size = abs(v)
                if size < floor_v:
                    collapsed = True
                    v = slack[p] * COLLAPSED_FRACTION if size == 0.0 else v * (floor_v / size)
                charger = np.conj(charger_va[k] / v)
                if abs(charger) > charger_limit_a[k]:
                    charger *= charger_limit_a[k] / abs(charger)
                amps[n, p] += np.conj(load_va[k] / v) + charger
        for n in range(nodes - 1, 0, -1):
            for p in range(3):
                amps[parent[n], p] += amps[n, p]
        moved = 0.0
        for n in range(1, nodes):
            together = amps[n, 0] + amps[n, 1] + amps[n, 2]
            for p in range(3):
                if alive[p]:
                    drop = (z_self[n] - z_mutual[n]) * amps[n, p] + z_mutual[n] * together
                    v = volts[parent[n], p] - drop
                    moved = max(moved, abs(v - volts[n, p]))
                    volts[n, p] = v
        converged = moved < TOLERANCE_V and not collapsed
    voltage = np.empty(loads)
    for k in range(loads):
        voltage[k] = abs(volts[load_node[k], load_phase[k]])
    return amps[0], voltage, sweeps, converged
