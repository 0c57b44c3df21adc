"""A low-voltage feeder as a radial network: nodes, branches with their impedances, and who hangs where on which phase.

Importers hand over rows as they read them, each with its place (file and line). ``build_network`` checks the whole
and either returns a FeederNetwork or raises InvalidInput with everything that is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.phases import Phase

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Beyond these an input is no low-voltage feeder but a slip of unit or decimal point.
MAX_LENGTH_M = 100_000.0
MAX_NOMINAL_W = 1_000_000.0
MAX_LOW_VOLTAGE_V = 1_000.0
MAX_OHM_PER_KM = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCode:
    """A type of cable: positive and zero sequence impedance in ohm per km; zero sequence includes the neutral."""

    name: str
    r1_ohm_per_km: float
    x1_ohm_per_km: float
    r0_ohm_per_km: float
    x0_ohm_per_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRow:
    """One three-phase section as an importer read it; ``where`` is its place in the input."""

    name: str
    from_node: str
    to_node: str
    line_code: str
    length_m: float
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """One single-phase connection as an importer read it; ``where`` is its place in the input."""

    name: str
    node: str
    phase: Phase
    nominal_w: float
    power_factor: float
    where: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeederNetwork:
    """A radial three-phase feeder. Arrays are read-only.

    Nodes stand in root-first order and node 0 is the source (the busbar of the substation), so branch ``b`` ends in
    node ``b + 1`` and ``branch_from[b] <= b``. Branch arrays are (branches,), ohm and m for the whole section. Load
    arrays are (loads,), in the order of the input; that order is the order of homes everywhere else.
    ``source_voltage_v`` is phase to neutral. ``branch_line_code`` of a merged section is that of its upstream end.
    """

    name: str
    source: str
    source_voltage_v: float
    fuse_rated_a: int | None
    transformer_kva: int | None
    line_codes: Mapping[str, LineCode]
    nodes: tuple[str, ...]
    branch_names: tuple[str, ...]
    branch_line_code: tuple[str, ...]
    branch_from: Integers
    branch_length_m: Floats
    branch_r1_ohm: Floats
    branch_x1_ohm: Floats
    branch_r0_ohm: Floats
    branch_x0_ohm: Floats
    load_names: tuple[str, ...]
    load_node: Integers
    load_phase: Integers
    load_nominal_w: Floats
    load_power_factor: Floats

    @property
    def homes(self) -> int:
        """The number of single-phase connections."""
        return len(self.load_names)

    @property
    def branch_to(self) -> Integers:
        """(branches,) the node in which each branch ends."""
        return np.arange(1, len(self.nodes), dtype=np.int64)

    def loads_below(self) -> Integers:
        """(nodes,) how many loads each node carries, its own and everything downstream of it."""
        below = np.bincount(self.load_node, minlength=len(self.nodes)).astype(np.int64)
        for branch in range(len(self.branch_from) - 1, -1, -1):
            below[self.branch_from[branch]] += below[branch + 1]
        return below

    def head_line_code(self) -> str:
        """The line code of the section at the source; of several, the one with most loads below it."""
        below = self.loads_below()
        heads = [b for b in range(len(self.branch_from)) if self.branch_from[b] == 0]
        return self.branch_line_code[max(heads, key=lambda b: (below[b + 1], -b))]

    def homes_per_phase(self) -> tuple[int, int, int]:
        """How many loads are connected to L1, L2 and L3."""
        counts = np.bincount(self.load_phase, minlength=3)
        return int(counts[0]), int(counts[1]), int(counts[2])


def build_network(
    *,
    name: str,
    source: str,
    source_node: str,
    source_voltage_v: float,
    line_codes: Mapping[str, LineCode],
    branches: Sequence[BranchRow],
    loads: Sequence[LoadRow],
    where: str,
    fuse_rated_a: int | None = None,
    transformer_kva: int | None = None,
    found: Sequence[Issue] = (),
) -> FeederNetwork:
    """Check the rows and put the branches in root-first order.

    ``line_codes`` is keyed as ``BranchRow.line_code`` names them, which may be a folded form of the code's own name.
    ``found`` are issues that the importer met already; ``where`` names the input as a whole. A row that the importer
    could not read fully is still passed (with a neutral value), so that one bad number does not make orphans of its
    neighbours. Raise InvalidInput with ``found`` and every missing line code, loop, island, orphan load, repeated name
    or value out of range.
    """
    issues = [*found, *_value_issues(line_codes, branches, loads, source_voltage_v, where)]
    tree, tree_issues = _root_first(source_node, branches, loads, where)
    issues += tree_issues
    if issues:
        raise InvalidInput(f"feeder {name}", issues)
    nodes = (source_node, *(down for _, _, down in tree))
    index = {node: i for i, node in enumerate(nodes)}
    rows = [row for row, _, _ in tree]
    codes = [line_codes[row.line_code] for row in rows]
    lengths_km = [row.length_m / 1000.0 for row in rows]
    return FeederNetwork(
        name=name,
        source=source,
        source_voltage_v=source_voltage_v,
        fuse_rated_a=fuse_rated_a,
        transformer_kva=transformer_kva,
        line_codes={code.name: code for code in line_codes.values()},
        nodes=nodes,
        branch_names=tuple(row.name for row in rows),
        branch_line_code=tuple(code.name for code in codes),
        branch_from=_integers(index[up] for _, up, _ in tree),
        branch_length_m=_floats(row.length_m for row in rows),
        branch_r1_ohm=_floats(c.r1_ohm_per_km * km for c, km in zip(codes, lengths_km, strict=True)),
        branch_x1_ohm=_floats(c.x1_ohm_per_km * km for c, km in zip(codes, lengths_km, strict=True)),
        branch_r0_ohm=_floats(c.r0_ohm_per_km * km for c, km in zip(codes, lengths_km, strict=True)),
        branch_x0_ohm=_floats(c.x0_ohm_per_km * km for c, km in zip(codes, lengths_km, strict=True)),
        load_names=tuple(load.name for load in loads),
        load_node=_integers(index[load.node] for load in loads),
        load_phase=_integers(int(load.phase) for load in loads),
        load_nominal_w=_floats(load.nominal_w for load in loads),
        load_power_factor=_floats(load.power_factor for load in loads),
    )


def reduce_series(network: FeederNetwork) -> FeederNetwork:
    """The same feeder with far fewer nodes: series sections without load or junction become one, dead ends go.

    Sections have no shunt, so the same current flows through each of a series: impedances and lengths add, and the
    currents at the source and the voltages at the loads stay what they were but for rounding.
    """
    below = network.loads_below()
    loaded = np.bincount(network.load_node, minlength=len(network.nodes)) > 0
    live_children = np.zeros(len(network.nodes), dtype=np.int64)
    for branch, up in enumerate(network.branch_from):
        live_children[up] += below[branch + 1] > 0
    kept = loaded | (live_children > 1)
    kept[0] = True
    chains = _chains(network, kept=kept, live=below > 0)
    index = {0: 0} | {node: i + 1 for i, (_, _, node) in enumerate(chains)}
    first = [sections[0] for _, sections, _ in chains]

    def summed(values: Floats) -> Floats:
        return _floats(math.fsum(values[s] for s in sections) for _, sections, _ in chains)

    return replace(
        network,
        nodes=(network.nodes[0], *(network.nodes[node] for _, _, node in chains)),
        branch_names=tuple(network.branch_names[b] for b in first),
        branch_line_code=tuple(network.branch_line_code[b] for b in first),
        branch_from=_integers(index[up] for up, _, _ in chains),
        branch_length_m=summed(network.branch_length_m),
        branch_r1_ohm=summed(network.branch_r1_ohm),
        branch_x1_ohm=summed(network.branch_x1_ohm),
        branch_r0_ohm=summed(network.branch_r0_ohm),
        branch_x0_ohm=summed(network.branch_x0_ohm),
        load_node=_integers(index[int(node)] for node in network.load_node),
    )


def _chains(
    network: FeederNetwork, *, kept: npt.NDArray[np.bool_], live: npt.NDArray[np.bool_]
) -> list[tuple[int, list[int], int]]:
    """For every kept node but the source, root first: the next kept node above, the sections between, itself."""
    open_above: dict[int, tuple[int, list[int]]] = {}
    chains: list[tuple[int, list[int], int]] = []
    for branch, up in enumerate(network.branch_from.tolist()):
        node = branch + 1
        if not live[node]:
            continue
        top, sections = (up, []) if kept[up] else open_above[up]
        open_above[node] = (top, [*sections, branch])
        if kept[node]:
            chains.append((top, open_above[node][1], node))
    return chains


def _value_issues(
    line_codes: Mapping[str, LineCode],
    branches: Sequence[BranchRow],
    loads: Sequence[LoadRow],
    source_voltage_v: float,
    where: str,
) -> list[Issue]:
    """Values out of range, missing line codes and repeated names."""
    issues: list[Issue] = []
    if not 0 < source_voltage_v <= MAX_LOW_VOLTAGE_V:
        rule = f"the source voltage, phase to neutral, must be above 0 and at most {MAX_LOW_VOLTAGE_V:.0f} V"
        issues.append(Issue(where=where, value=str(source_voltage_v), rule=rule))
    for row in branches:
        if row.line_code not in line_codes:
            issues.append(Issue(where=row.where, value=row.line_code, rule="line code is not defined"))
        if not 0 <= row.length_m <= MAX_LENGTH_M:
            rule = f"length must be between 0 and {MAX_LENGTH_M:.0f} m"
            issues.append(Issue(where=row.where, value=str(row.length_m), rule=rule))
    for load in loads:
        if not 0 <= load.nominal_w <= MAX_NOMINAL_W:
            rule = f"nominal load must be between 0 and {MAX_NOMINAL_W:.0f} W"
            issues.append(Issue(where=load.where, value=str(load.nominal_w), rule=rule))
        if not 0 < load.power_factor <= 1:
            issues.append(Issue(where=load.where, value=str(load.power_factor), rule="power factor must be in (0, 1]"))
    if not loads:
        issues.append(Issue(where=where, value="", rule="a feeder needs at least one load"))
    issues += _repeated(((row.name, row.where) for row in branches), "branch name is used twice")
    issues += _repeated(((load.name, load.where) for load in loads), "load name is used twice")
    return issues


def _repeated(names: Iterable[tuple[str, str]], rule: str) -> list[Issue]:
    seen: set[str] = set()
    issues = []
    for name, where in names:
        if name in seen:
            issues.append(Issue(where=where, value=name, rule=rule))
        seen.add(name)
    return issues


def _root_first(
    source_node: str, branches: Sequence[BranchRow], loads: Sequence[LoadRow], where: str
) -> tuple[list[tuple[BranchRow, str, str]], list[Issue]]:
    """Walk from the source: (row, upstream node, downstream node) root first, and what keeps this from being a tree."""
    closing = _closing_branches(branches)
    issues = [
        Issue(
            where=row.where,
            value=f"{row.from_node}-{row.to_node}",
            rule="branch closes a loop; a feeder must be a tree",
        )
        for row in (branches[position] for position in sorted(closing))
    ]
    neighbours: dict[str, list[tuple[BranchRow, str]]] = {}
    for position, row in enumerate(branches):
        if position not in closing:
            neighbours.setdefault(row.from_node, []).append((row, row.to_node))
            neighbours.setdefault(row.to_node, []).append((row, row.from_node))
    if source_node not in neighbours:
        issues.append(Issue(where=where, value=source_node, rule="no branch starts at the source node"))
    tree: list[tuple[BranchRow, str, str]] = []
    reached = {source_node}
    queue = [source_node]
    for node in queue:
        for row, other in neighbours.get(node, ()):
            if other not in reached:
                reached.add(other)
                queue.append(other)
                tree.append((row, node, other))
    issues += _islands(branches, neighbours, reached)
    for load in loads:
        if load.node not in reached:
            rule = "orphan load: its node is not connected to the source"
            if load.node not in neighbours:
                rule = "orphan load: unknown node, no branch ends there"
            issues.append(Issue(where=load.where, value=load.node, rule=rule))
    return tree, issues


def _closing_branches(branches: Sequence[BranchRow]) -> set[int]:
    """Positions of the branches that, in reading order, join two nodes which are joined already (union-find)."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    closing = set()
    for position, row in enumerate(branches):
        a, b = root(row.from_node), root(row.to_node)
        if a == b:
            closing.add(position)
        parent[a] = b
    return closing


def _islands(
    branches: Sequence[BranchRow], neighbours: Mapping[str, list[tuple[BranchRow, str]]], reached: set[str]
) -> list[Issue]:
    """One issue for every group of branches that the source does not reach, at its first branch."""
    issues = []
    seen = set(reached)
    for row in branches:
        if row.from_node in seen:
            continue
        seen.add(row.from_node)
        queue = [row.from_node]
        for node in queue:
            fresh = [other for _, other in neighbours.get(node, ()) if other not in seen]
            seen.update(fresh)
            queue += fresh
        rule = "branch is not connected to the source"
        issues.append(Issue(where=row.where, value=f"{row.from_node}-{row.to_node}", rule=rule))
    return issues


def _floats(values: Iterable[float]) -> Floats:
    array = np.array(list(values), dtype=np.float64)
    array.setflags(write=False)
    return array


def _integers(values: Iterable[int]) -> Integers:
    array = np.array(list(values), dtype=np.int64)
    array.setflags(write=False)
    return array
