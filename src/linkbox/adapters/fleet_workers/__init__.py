"""A fleet shared by worker processes, each with the feeders of some substations."""

from linkbox.adapters.fleet_workers.fleet import WorkerFleet
from linkbox.adapters.fleet_workers.worker import Loss, WorkerLost

__all__ = ["Loss", "WorkerFleet", "WorkerLost"]
