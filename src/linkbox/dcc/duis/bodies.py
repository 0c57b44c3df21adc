"""Every request body, by name."""

from __future__ import annotations

from typing import TypeAlias

from linkbox.dcc.duis.load import (
    ActivateAuxiliaryLoad,
    DeactivateAuxiliaryLoad,
    ReadAlcsData,
    ResetAuxiliaryLoad,
    SignedPreCommand,
)
from linkbox.dcc.duis.stock import ByDevice, ByMpxn, ByUprn, InventorySearch, PropertyFilter, ReadInventory

RequestBody: TypeAlias = (
    ActivateAuxiliaryLoad
    | DeactivateAuxiliaryLoad
    | ReadAlcsData
    | ResetAuxiliaryLoad
    | SignedPreCommand
    | ReadInventory
)

__all__ = [
    "ActivateAuxiliaryLoad",
    "ByDevice",
    "ByMpxn",
    "ByUprn",
    "DeactivateAuxiliaryLoad",
    "InventorySearch",
    "PropertyFilter",
    "ReadAlcsData",
    "ReadInventory",
    "RequestBody",
    "ResetAuxiliaryLoad",
    "SignedPreCommand",
]
