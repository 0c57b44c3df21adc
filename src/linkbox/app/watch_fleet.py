"""The fleet that is watched: from a table, or from a network's folder; and who judges it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from linkbox.adapters.fleet_table import read_fleet_table
from linkbox.adapters.network_store import read_network
from linkbox.app.watch_log import LOGGER
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.grid.columns import FleetColumns
from linkbox.grid.fleet import Fleet
from linkbox.grid.network import FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.telemetry import screen
from linkbox.operation.fleet_judge import FleetJudge, ObjectFleet
from linkbox.operation.fleet_watch import Check

if TYPE_CHECKING:
    from linkbox.adapters.fleet_workers import Loss

MANY = 5000
"""Feeders from which on a compiled minute pays."""


def read_fleet(path: Path) -> list[FeederModel]:
    """The feeders of a fleet table, or of a folder as ``linkbox network import`` writes it. Raises InvalidInput with
    every issue."""
    return list(read_network(path).models()) if path.is_dir() else read_fleet_table(path)


@contextmanager
def fleet_judge(fleet: Fleet, at: datetime, policy: RiskPolicy, workers: int | None) -> Iterator[FleetJudge]:
    """Within the block: objects for a small fleet, which starts at once; columns and a compiled minute for a large one,
    or for any that ``workers`` processes share. Raises InvalidInput for more of these than there are substations."""
    if workers is None and len(fleet) < MANY:
        yield ObjectFleet(fleet, at, policy=policy)
    elif workers is None:
        from linkbox.operation.column_fleet import ColumnFleet  # brings numba

        yield ColumnFleet(FleetColumns.of(fleet), at, policy=policy)
    else:
        from linkbox.adapters.fleet_workers import WorkerFleet

        columns = FleetColumns.of(fleet)
        if workers > (most := len(set(columns.substations))):
            rule = f"a substation is whole in one worker, and this fleet has {most}"
            raise InvalidInput("watch", [Issue(where="--workers", value=str(workers), rule=rule)])
        with WorkerFleet(columns, at, workers=workers, policy=policy, lost=_log_loss) as shared:
            yield shared


def readings_check(feeders: int) -> Check:
    """The same checks as columns, or compiled where that pays."""
    if feeders < MANY:
        return screen
    from linkbox.grid.telemetry.screen_compiled import CompiledScreen  # brings numba

    return CompiledScreen()


def _log_loss(loss: Loss) -> None:
    facts = {
        "worker": loss.worker,
        "feeders": loss.feeders,
        "exit_code": loss.exit_code,
        "state_of": None if loss.since is None else format_utc(loss.since),
        "told_again": loss.told_again,
    }
    logging.getLogger(LOGGER).error("worker died", extra={"facts": facts})
