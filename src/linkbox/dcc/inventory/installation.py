"""What stands at a supply point: communications hub, meter, and the switch in front of the charger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import Eui64, Mpan

HubBand: TypeAlias = Literal["single-band", "dual-band"]
Generation: TypeAlias = Literal["3", "4"]


class UnknownInstallation(LinkboxError):
    """Nothing is known of the devices at this supply point, or of this device."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"no installation known for {key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One home's smart metering devices. ``slot`` is the index 1..5 at which the ESME knows the HCALCS.

    ``apc`` is a standalone auxiliary proportional controller, if the home has one: it is commanded by its own EUI-64.
    ``proportional``: what the meter has in the slot is an APC, not a switch. ``meter`` is the generation of use cases
    that the meter knows: 3 (before GBCS 4) or 4.
    """

    mpan: Mpan
    chf: Eui64
    gpf: Eui64 | None
    esme: Eui64
    hcalcs: Eui64
    slot: int
    label: str
    region: str
    hub: HubBand
    apc: Eui64 | None = None
    proportional: bool = False
    meter: Generation = "3"

    def __post_init__(self) -> None:
        issues = []
        if not 1 <= self.slot <= 5:
            issues.append(Issue(where=f"{self.mpan}: slot", value=str(self.slot), rule="must be within 1..5"))
        if self.hub not in get_args(HubBand):
            issues.append(Issue(where=f"{self.mpan}: hub", value=self.hub, rule="must be single-band or dual-band"))
        if self.meter not in get_args(Generation):
            issues.append(Issue(where=f"{self.mpan}: meter", value=self.meter, rule="must be 3 or 4"))
        if not self.region:
            issues.append(Issue(where=f"{self.mpan}: region", value="", rule="must not be empty"))
        if issues:
            raise InvalidInput("installation", issues)

    @property
    def devices(self) -> tuple[Eui64, ...]:
        """All devices of the home that have an EUI-64, hub first."""
        maybe = (self.gpf, self.esme, self.hcalcs, self.apc)
        return (self.chf, *(device for device in maybe if device is not None))


class Inventory:
    """Immutable set of installations, found by MPAN or by the EUI-64 of any of their devices."""

    __slots__ = ("_by_device", "_by_mpan")

    def __init__(self, installations: Iterable[Installation]) -> None:
        """Raise InvalidInput listing every MPAN or device that occurs twice."""
        self._by_mpan: dict[Mpan, Installation] = {}
        self._by_device: dict[Eui64, Installation] = {}
        issues = []
        for installation in installations:
            if installation.mpan in self._by_mpan:
                issues.append(Issue(where="MPAN", value=installation.mpan, rule="must occur once"))
            self._by_mpan[installation.mpan] = installation
            for device in installation.devices:
                if device in self._by_device:
                    issues.append(Issue(where=f"device of {installation.mpan}", value=device, rule="must occur once"))
                self._by_device[device] = installation
        if issues:
            raise InvalidInput("inventory", issues)

    def __iter__(self) -> Iterator[Installation]:
        return iter(self._by_mpan.values())

    def __len__(self) -> int:
        return len(self._by_mpan)

    def find(self, mpan: Mpan) -> Installation:
        """Raise UnknownInstallation."""
        try:
            return self._by_mpan[mpan]
        except KeyError:
            raise UnknownInstallation(f"MPAN {mpan}") from None

    def of_device(self, device: Eui64) -> Installation:
        """The installation that this device is part of; raise UnknownInstallation."""
        try:
            return self._by_device[device]
        except KeyError:
            raise UnknownInstallation(f"device {device}") from None
