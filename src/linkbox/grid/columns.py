"""A fleet as columns: what a million feeders are, in a few bytes each, and the few that are looked at as objects."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.grid.cables import CableSpec
from linkbox.grid.fleet import Fleet
from linkbox.grid.forecast import ForecastModel
from linkbox.grid.forecast_model import ONE_MINUTE_MODEL
from linkbox.grid.fuses import FuseSpec
from linkbox.grid.network import FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.transformers import TransformerSpec

Item = TypeVar("Item", bound=Hashable)
Rows = NDArray[np.intp]

_TO_THE_HORIZON = ONE_MINUTE_MODEL.until(RiskPolicy().horizon_s)
"""A fifth horizon, of the hour, would take a million feeders 90 MB: for who does not judge by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetColumns:
    """Feeders in the order of ``ids``; the type columns index the spec tuples, ``bank`` the transformers.

    A transformer (a *bank*) is shared by the feeders of its substation: ``substations`` and ``bank_type`` have one
    entry for each. The order of feeders is free, but runs of equal types are quick: see ``sorted_rows``.
    """

    ids: Sequence[FeederId]
    fuse_type: NDArray[np.int16]
    cable_type: NDArray[np.int16]
    bank: NDArray[np.int32]
    bank_type: NDArray[np.int16]
    substations: Sequence[str]
    fuses: tuple[FuseSpec, ...]
    cables: tuple[CableSpec, ...]
    transformers: tuple[TransformerSpec, ...]
    model: ForecastModel = _TO_THE_HORIZON

    def __post_init__(self) -> None:
        """Raise ValueError for columns of different lengths or an index without its spec."""
        if not len(self.ids) == len(self.fuse_type) == len(self.cable_type) == len(self.bank):
            raise ValueError("the columns of a fleet must have one entry for each feeder")
        pairs: tuple[tuple[NDArray[Any], Any], ...] = (
            (self.fuse_type, self.fuses),
            (self.cable_type, self.cables),
            (self.bank, self.bank_type),
            (self.bank, self.substations),
            (self.bank_type, self.transformers),
        )
        if any(len(column) and not 0 <= column.min() <= column.max() < len(specs) for column, specs in pairs):
            raise ValueError("a column of a fleet points at a spec that is not there")

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, fleet: Fleet) -> FleetColumns:
        """The columns of feeders that are at hand as objects."""
        fuse_type, fuses = _coded(f.fuse for f in fleet.feeders)
        cable_type, cables = _coded(f.cable for f in fleet.feeders)
        bank, banks = _coded((f.substation, f.transformer) for f in fleet.feeders)
        bank_type, transformers = _coded(transformer for _, transformer in banks)
        return cls(
            ids=fleet.ids,
            fuse_type=fuse_type.astype(np.int16),
            cable_type=cable_type.astype(np.int16),
            bank=bank.astype(np.int32),
            bank_type=bank_type.astype(np.int16),
            substations=tuple(name for name, _ in banks),
            fuses=fuses,
            cables=cables,
            transformers=transformers,
            model=fleet.model,
        )

    def feeder(self, row: int) -> FeederModel:
        """One feeder as an object, without its customers."""
        bank = self.bank[row]
        return FeederModel(
            feeder_id=self.ids[row],
            substation=self.substations[bank],
            fuse=self.fuses[self.fuse_type[row]],
            cable=self.cables[self.cable_type[row]],
            transformer=self.transformers[self.bank_type[bank]],
        )

    def fleet(self, rows: Rows) -> Fleet:
        """Some feeders as a fleet, in the order of ``rows``."""
        return Fleet.of([self.feeder(int(row)) for row in rows], model=self.model)

    def sorted_rows(self) -> Rows:
        """The order of rows that makes runs of equal fuse and cable as long as they can be."""
        return np.lexsort((self.bank, self.cable_type, self.fuse_type))

    def take(self, rows: Rows) -> FleetColumns:
        """Some of the feeders, with the banks that they hang on, in the order of ``rows``."""
        banks, bank = np.unique(self.bank[rows], return_inverse=True)
        return FleetColumns(
            ids=[self.ids[row] for row in rows],
            fuse_type=self.fuse_type[rows],
            cable_type=self.cable_type[rows],
            bank=bank.astype(np.int32),
            bank_type=self.bank_type[banks],
            substations=[self.substations[b] for b in banks],
            fuses=self.fuses,
            cables=self.cables,
            transformers=self.transformers,
            model=self.model,
        )

    def runs(self, longest: int) -> NDArray[np.int64]:
        """(runs, 4): first row, row after the last, fuse type, cable type; no run longer than ``longest``."""
        n = len(self)
        changes = (np.diff(self.fuse_type) != 0) | (np.diff(self.cable_type) != 0)
        cuts = np.concatenate([[0], np.flatnonzero(changes) + 1, [n]]) if n else np.zeros(1, dtype=np.int64)
        edges = [np.arange(a, b, longest) for a, b in itertools.pairwise(cuts)]
        starts = np.concatenate(edges) if edges else np.zeros(0, dtype=np.int64)
        stops = np.append(starts[1:], n)[: len(starts)]
        return np.column_stack([starts, stops, self.fuse_type[starts], self.cable_type[starts]]).astype(np.int64)


def _coded(items: Iterable[Item]) -> tuple[NDArray[np.int64], tuple[Item, ...]]:
    """Each item as its number among the different ones, in order of first appearance."""
    numbers: dict[Item, int] = {}
    codes = [numbers.setdefault(item, len(numbers)) for item in items]
    return np.array(codes, dtype=np.int64), tuple(numbers)


def partition(columns: FleetColumns, workers: int) -> tuple[Rows, ...]:
    """The rows of each of ``workers`` parts, ascending: every substation whole in one part, parts of about equal size.

    Substations are dealt out largest first to the part that is smallest, so the same fleet always gives the same parts.
    Raises ValueError for less than one worker.
    """
    if workers < 1:
        raise ValueError(f"at least one worker is needed: {workers}")
    sizes = np.bincount(columns.bank, minlength=len(columns.substations))
    part_of_site, site = _sites(columns)
    loads = np.bincount(site, weights=sizes, minlength=len(part_of_site)).astype(np.int64)
    order = np.argsort(-loads, kind="stable")
    part_of_site[order] = _dealt(loads[order], workers)
    owner = part_of_site[site[columns.bank]]
    return tuple(np.flatnonzero(owner == w) for w in range(workers))


def _sites(columns: FleetColumns) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A blank entry for each substation, and the substation of each bank: a substation may have two transformers."""
    site, names = _coded(columns.substations)
    return np.zeros(len(names), dtype=np.int64), site


def _dealt(loads: NDArray[np.int64], workers: int) -> NDArray[np.int64]:
    """Which part takes each load, given largest first."""
    heap = [(0, w) for w in range(workers)]
    parts = np.empty(len(loads), dtype=np.int64)
    for i, load in enumerate(loads.tolist()):
        held, w = heap[0]
        parts[i] = w
        heapq.heapreplace(heap, (held + load, w))
    return parts
