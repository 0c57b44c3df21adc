"""Request bodies about the DCC's inventory: service 8.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from linkbox.base.identifiers import Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class ByUprn:
    """Search by Unique Property Reference Number, 1..999999999999."""

    uprn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDevice:
    """Search by the identity of one of the devices."""

    device: Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class ByMpxn:
    """Search by supply point number, 1..13 characters: an MPAN or, for gas, an MPRN."""

    mpxn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyFilter:
    """An address: post code of 6..8 characters, house name or number of at most 30."""

    post_code: str
    address_identifier: str


InventorySearch: TypeAlias = ByUprn | ByDevice | ByMpxn | PropertyFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInventory:
    """8.2: list the devices of a premises."""

    search: InventorySearch
