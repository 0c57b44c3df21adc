"""Building the homes of an emulated world from installations, configuration and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from linkbox.base.identifiers import Eui64, Mpan
from linkbox.dcc.gbcs.controllers import APC, NO_CONTROLLER, hcalcs
from linkbox.dcc.gbcs.objects import SLOTS
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import Certificate, KeyUsage, TestPki, TrustStore
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.contactor import Polling
from linkbox.emulator.device import DeviceKeys
from linkbox.emulator.draws import Draws
from linkbox.emulator.esme import Esme
from linkbox.emulator.faults import Target
from linkbox.emulator.home import APC_SLOT, Home, with_faults
from linkbox.emulator.network import Hub, Switch
from linkbox.emulator.remembered import RememberedSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What all homes of one world share."""

    config: EmulatorConfig
    draws: Draws
    pki: TestPki
    trust: TrustStore
    broker: Certificate
    not_installed: frozenset[Mpan]
    proportional: frozenset[Mpan]

    def home(self, installation: Installation) -> Home:
        """A home whose switch has never been commanded; in ``not_installed`` ones it waits in its box."""
        target = Target(names=frozenset({*installation.devices, installation.mpan}), region=installation.region)
        installed = installation.mpan not in self.not_installed
        home = Home(
            installation=installation,
            hub=_hub(installation, installed=installed),
            esme=self._esme(installation, installed=installed),
            switch=Switch(eui=installation.hcalcs, joined=frozenset({installation.esme}) if installed else frozenset()),
            keys={device: self._keys(device) for device in installation.devices},
            polling=self._polling(installation),
            target=target,
            clock_drift=self._drift(installation),
            install_code=install_code(installation.hcalcs),
            apc=None if installation.apc is None else self._standalone(installation.apc, installation.label),
        )
        return with_faults(home, self.config.faults, self.draws)

    def _keys(self, device: Eui64) -> DeviceKeys:
        signer, agreement = self.pki.signer(device, None), RememberedSecrets(self.pki.agreer(device, None))
        return DeviceKeys(signer=signer, agreement=agreement, broker=self.broker, trust=self.trust)

    def _polling(self, installation: Installation) -> Polling:
        low, high = self.config.hcalcs_poll_s
        interval_s = low + int(self.draws.uniform("poll interval", installation.hcalcs) * (high - low + 1))
        return Polling(
            interval_s=interval_s,
            phase_s=int(self.draws.uniform("poll phase", installation.hcalcs) * interval_s),
        )

    def _drift(self, installation: Installation) -> timedelta:
        most = self.config.clock_drift_s
        return timedelta(seconds=round(self.draws.between(-most, most, "clock drift", installation.esme)))

    def _esme(self, installation: Installation, *, installed: bool) -> Esme:
        labels, controllers = [""] * SLOTS, [NO_CONTROLLER] * SLOTS
        proportional = installation.mpan in self.proportional
        if installed:
            labels[installation.slot - 1] = installation.label
            controllers[installation.slot - 1] = APC if proportional else hcalcs(installation.hcalcs)
        return Esme(
            eui=installation.esme,
            labels=tuple(labels),
            controllers=tuple(controllers),
            boost_controls=tuple(number == installation.slot for number in range(1, SLOTS + 1)),
            joined=frozenset({installation.hcalcs}) if installed else frozenset(),
            precedence=self.config.precedence,
        )

    def _standalone(self, eui: Eui64, label: str) -> Esme:
        """A standalone APC takes commands as a meter does, for the one controller that it is."""
        labels, controllers = [""] * SLOTS, [NO_CONTROLLER] * SLOTS
        labels[APC_SLOT - 1], controllers[APC_SLOT - 1] = label, APC
        return Esme(eui=eui, labels=tuple(labels), controllers=tuple(controllers), precedence=self.config.precedence)


def issue_certificates(installations: Iterable[Installation], pki: TestPki) -> None:
    """Have the PKI issue what the homes' devices need, so that a trust store made later knows them."""
    for installation in installations:
        for device in installation.devices:
            pki.certificate(device, None, KeyUsage.DIGITAL_SIGNATURE)
            pki.certificate(device, None, KeyUsage.KEY_AGREEMENT)


def install_code(device: Eui64) -> bytes:
    """The install code printed on an emulated device: 16 octets made of its EUI. Not a secret: it is emulated."""
    return device.octets * 2


def _hub(installation: Installation, *, installed: bool) -> Hub:
    if not installed:
        return Hub(eui=installation.chf)
    return Hub(
        eui=installation.chf,
        log={installation.hcalcs: install_code(installation.hcalcs)},
        on_network=frozenset({installation.hcalcs}),
    )
