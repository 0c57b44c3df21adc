"""One emulated home: hub, meter and switch with their keys and their state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from linkbox.base.identifiers import Eui64
from linkbox.dcc.gbcs.controllers import NO_CONTROLLER, hcalcs
from linkbox.dcc.gbcs.objects import SLOTS
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import Certificate, KeyUsage, TestPki, TrustStore
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.contactor import Contactor, Polling, instruct
from linkbox.emulator.draws import Draws
from linkbox.emulator.esme import Esme, MeterKeys, poll
from linkbox.emulator.faults import FaultKind, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The devices of one installation. ``esme`` and ``contactor`` change, the rest stays."""

    installation: Installation
    esme: Esme
    keys: MeterKeys
    polling: Polling
    target: Target
    hub_offline: tuple[tuple[datetime, datetime], ...]
    contactor: Contactor = field(default_factory=Contactor)

    def hub_reachable(self, at: datetime) -> bool:
        """Whether the communications hub is on line at ``at``."""
        return not any(start <= at < end for start, end in self.hub_offline)


def issue_certificates(installation: Installation, pki: TestPki) -> None:
    """Have the PKI issue what the home's devices need, so that a trust store made later knows them."""
    for device in installation.devices:
        pki.certificate(device, None, KeyUsage.DIGITAL_SIGNATURE)
        pki.certificate(device, None, KeyUsage.KEY_AGREEMENT)


def build_home(
    installation: Installation,
    *,
    config: EmulatorConfig,
    draws: Draws,
    pki: TestPki,
    trust: TrustStore,
    broker: Certificate,
) -> Home:
    """A home whose switch has never been commanded."""
    target = Target(names=frozenset({*installation.devices, installation.mpan}), region=installation.region)
    low, high = config.hcalcs_poll_s
    interval_s = low + int(draws.uniform("poll interval", installation.hcalcs) * (high - low + 1))
    return Home(
        installation=installation,
        esme=_esme(installation),
        keys=MeterKeys(
            signer=pki.signer(installation.esme, None),
            agreement=pki.agreer(installation.esme, None),
            broker=broker,
            trust=trust,
        ),
        polling=Polling(
            interval_s=interval_s,
            phase_s=int(draws.uniform("poll phase", installation.hcalcs) * interval_s),
            offline=tuple(config.faults.periods(FaultKind.HCALCS_OFFLINE, target, draws=draws)),
        ),
        target=target,
        hub_offline=tuple(config.faults.periods(FaultKind.HUB_OFFLINE, target, draws=draws)),
    )


def _esme(installation: Installation) -> Esme:
    labels, controllers = [""] * SLOTS, [NO_CONTROLLER] * SLOTS
    labels[installation.slot - 1] = installation.label
    controllers[installation.slot - 1] = hcalcs(installation.hcalcs)
    return Esme(eui=installation.esme, labels=tuple(labels), controllers=tuple(controllers))


def switch_polls(home: Home, index: int, at: datetime) -> Home:
    """The home after the switch of slot ``index`` has polled its meter at ``at``."""
    esme, told = poll(home.esme, index, at=at)
    return replace(home, esme=esme, contactor=instruct(home.contactor, told, at=at))


def device_types(installation: Installation) -> dict[Eui64, str]:
    """The inventory's device type of each device of the home."""
    types = {installation.chf: "CHF", installation.esme: "ESME", installation.hcalcs: "HCALCS"}
    return types if installation.gpf is None else types | {installation.gpf: "GPF"}
