"""What every emulated device does with a command before it acts: MAC, signature, authority, counter.

Source: reference dcc.md sections 5.2, 5.10 and 10. A command that fails a check is not answered; the device sends an
alert to the command's originator instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import Eui64
from linkbox.dcc.eligibility import Profile, Refused, may_execute
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs import alerts
from linkbox.dcc.gbcs.envelope import Message, encode
from linkbox.dcc.gbcs.protection import add_mac, sign, verify_mac, verify_message
from linkbox.dcc.gbcs.registry import USE_CASES
from linkbox.dcc.gbcs.usecase import AlertCase
from linkbox.dcc.smki import Certificate, KeyAgreement, KeyUsage, Role, Signer, TrustStore

MALFORMED, NO_AUTHORITY, NOT_AUTHENTIC, OUT_OF_ORDER = 0x8F1E, alerts.NO_AUTHORITY, 0x8F3D, 0x8F60
NOT_SUPPORTED = alerts.COMMAND_NOT_SUPPORTED
REPLAY_PROTECTED = frozenset({0x0055, 0x011E, 0x011F, 0x005F, 0x0054, 0x011A, 0x0001, 0x0002})
"""Message codes for which a device compares counters (reference 5.10); reads, labels and joins are exempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeys:
    """A device's own keys, whom it trusts, and the broker's key agreement certificate, which protects commands."""

    signer: Signer
    agreement: KeyAgreement
    broker: Certificate
    trust: TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAlert:
    """An alert on its way to ``recipient``, on behalf of which ``user`` and counter if that is the broker.

    ``device`` sends it; None is the home's meter.
    """

    case: AlertCase[Any]
    code: int
    value: object
    recipient: Eui64
    user: Eui64 | None = None
    user_counter: int | None = None
    device: Eui64 | None = None

    @property
    def addressee(self) -> Eui64:
        """The user whom the DSP gives the alert to."""
        return self.recipient if self.user is None else self.user


class CommandRefused(RemoteProtocolError):
    """A command failed a check of the device, which answers with an alert."""

    def __init__(self, alert_code: int, rule: str) -> None:
        self.alert_code = alert_code
        super().__init__("command", rule)


def authenticate(data: bytes, *, keys: DeviceKeys, at: datetime) -> tuple[Message, Role | None]:
    """The command, and the role of its originator's certificate; raise CommandRefused."""
    try:
        message = verify_mac(data, keys.agreement, keys.broker)
        if message.signature is None:
            return message, keys.trust.find(message.originator, KeyUsage.KEY_AGREEMENT, at=at).role
        verified = verify_message(message, raw=data, trust=keys.trust, at=at)
    except RemoteProtocolError as error:
        raise CommandRefused(NOT_AUTHENTIC, str(error)) from error
    return verified.value, verified.signer.role


def authorise(
    message: Message,
    role: Role | None,
    *,
    eui: Eui64,
    counters: Mapping[Eui64, int],
    supported: Collection[int],
    profile: Profile,
    at: datetime,
) -> None:
    """Raise CommandRefused unless the device ``eui`` is to carry out ``message``."""
    code = message.message_code
    if message.recipient != eui:
        raise CommandRefused(MALFORMED, f"must be for {eui}, is for {message.recipient}")
    if code not in supported:
        raise CommandRefused(NOT_SUPPORTED, f"message code {code:04X} is not supported")
    verdict = may_execute(profile, certificate_role=role, message_code=code, at=at)
    if isinstance(verdict, Refused):
        raise CommandRefused(NO_AUTHORITY, verdict.rule)
    if USE_CASES[code].critical and message.signature is None:
        raise CommandRefused(NOT_AUTHENTIC, "a critical command must be signed")
    last = counters.get(message.originator, -1)
    if code in REPLAY_PROTECTED and message.originator_counter <= last:
        raise CommandRefused(OUT_OF_ORDER, f"counter {message.originator_counter} must be above {last}")


def accepted(counters: Mapping[Eui64, int], message: Message) -> Mapping[Eui64, int]:
    """The last accepted counters, per originator, after ``message``."""
    if message.message_code not in REPLAY_PROTECTED:
        return counters
    return {**counters, message.originator: message.originator_counter}


def protect(command: Message, response: Message, *, keys: DeviceKeys, at: datetime) -> bytes:
    """The response as it is sent: signed if the command was, else with a MAC for its recipient."""
    if command.signature is not None:
        return encode(sign(response, keys.signer))
    if response.recipient == keys.broker.eui:
        return add_mac(response, keys.agreement, keys.broker)
    peer = keys.trust.find(response.recipient, KeyUsage.KEY_AGREEMENT, at=at)
    return add_mac(response, keys.agreement, peer)


def refusal_alert(alert_code: int, refused: Message, at: datetime) -> DeviceAlert:
    """The alert about a refused command, for its originator."""
    whole = at.replace(microsecond=0)
    case: AlertCase[Any] = alerts.GENERIC_CRITICAL
    value: object = alerts.GenericAlert(alert_code=alert_code, at=whole)
    if alert_code == NOT_SUPPORTED:
        code, counter = refused.message_code, refused.originator_counter
        case = alerts.ECS100
        value = alerts.CommandNotSupported(at=whole, message_code=code, originator_counter=counter)
    return DeviceAlert(
        case=case,
        code=alert_code,
        value=value,
        recipient=refused.originator,
        user=refused.supplementary_party,
        user_counter=refused.supplementary_counter,
    )


def alert_octets(alert: DeviceAlert, *, originator: Eui64, counter: int, keys: DeviceKeys) -> bytes:
    """The alert as it is sent, signed by the device; ``counter`` is the device's own."""
    message = alert.case.alert(
        alert.value,
        originator=originator,
        recipient=alert.recipient,
        counter=counter,
        user=alert.user,
        user_counter=alert.user_counter,
    )
    return encode(sign(message, keys.signer))
