"""The emulated DCC: three services, the devices behind them, answers at a virtual time. Sans I/O and deterministic.

Everything follows from the configuration, the installations and the sequence of posts with their times: posting the
same again to a new emulator gives the same world. All chance is keyed by seed and request, so that it does not matter
in which order requests arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from linkbox.base.identifiers import Eui64, Mpan, RequestId
from linkbox.base.time import require_utc
from linkbox.dcc.duis import ServiceRequest, ServiceResponse, encode_response, sign
from linkbox.dcc.duis.bodies import SignedPreCommand
from linkbox.dcc.duis.response import Acknowledgement, PreCommand, ResponseBody
from linkbox.dcc.eligibility import UserRole, profile_named
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange.commands import NotForDevices
from linkbox.dcc.exchange.dsp import DspExchange, accept_signed, broker_command, transform
from linkbox.dcc.exchange.services import SIGNED, TRANSFORM
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import KeyUsage, Role, TestPki
from linkbox.emulator.access import WRONG_DEVICE_TYPE, Device, Door, Rejection, admit
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.contactor import closed_fraction
from linkbox.emulator.draws import Draws
from linkbox.emulator.faults import FaultKind
from linkbox.emulator.field import Field
from linkbox.emulator.home import Home, build_home, device_types, issue_certificates
from linkbox.emulator.spoil import spoil_xml_signature
from linkbox.emulator.timeline import AnswerDue

_XML = "application/xml"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_LOCAL_DELIVERY = "E17"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """What goes back on the connection of a post."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message for the user's receive endpoint, due at ``at``. ``request_id`` is None for alerts."""

    at: datetime
    body: bytes = field(repr=False)
    request_id: RequestId | None


class DccEmulator:
    """DSP, communications hubs, meters and switches. Not safe for threads; one event loop is fine."""

    def __init__(
        self,
        config: EmulatorConfig,
        installations: Iterable[Installation],
        pki: TestPki,
        user_eui: Eui64,
        *,
        user_role: UserRole = UserRole.ELECTRICITY_DISTRIBUTOR,
        certificate_role: Role = Role.NETWORK_OPERATOR,
    ) -> None:
        """Build the world. ``certificate_role`` is the user's role in its GBCS certificates.

        The PKI issues all that the world and the user need, so ``pki.trust_store()`` is complete afterwards.
        """
        homes = tuple(installations)
        for home in homes:
            issue_certificates(home, pki)
        pki.signer(user_eui, certificate_role)
        pki.agreer(user_eui, certificate_role)
        pki.signer(user_eui, Role.XML_SIGNING)
        self._signer = pki.signer(config.broker, Role.DSP_XML_SIGNING)
        agreement = pki.agreer(config.broker, Role.ACCESS_CONTROL_BROKER)
        pki.signer(config.broker, Role.ACCESS_CONTROL_BROKER)
        trust = pki.trust_store()
        draws = Draws(config.seed)
        broker = pki.certificate(config.broker, Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
        self._config = config
        self._field = Field(
            config=config,
            draws=draws,
            agreement=agreement,
            trust=trust,
            homes=[build_home(h, config=config, draws=draws, pki=pki, trust=trust, broker=broker) for h in homes],
        )
        self._door = Door(
            trust=trust,
            users={user_eui: user_role},
            devices=_directory(homes, config.broker),
            profile=profile_named(config.profile),
            authentication_code=config.authentication_code,
        )
        self._now = _BEGINNING
        self._due: list[Delivery] = []
        self._replies: dict[tuple[RequestId, int], tuple[bytes, HttpReply]] = {}
        self._attempts: Counter[tuple[RequestId, int]] = Counter()

    def post(self, service: str, body: bytes, *, at: datetime) -> HttpReply:
        """Take a request posted to service S, T or D at ``at``; the answer goes back on the same connection.

        The identical request again gets the identical answer, and has no second effect.
        """
        self._advance(at)
        try:
            request = admit(self._door, service, body, at=self._now)
            return self._once(request, body)
        except Rejection as rejection:
            return self._reject(rejection)

    def next_event_at(self) -> datetime | None:
        """When something happens next without any post; None if nothing does."""
        return self._due[0].at if self._due else self._field.timeline.next_at()

    def run_until(self, at: datetime) -> list[Delivery]:
        """Let the world go on up to and including ``at``; the messages that fell due, in the order of their times."""
        self._advance(at)
        due, self._due = self._due, []
        return due

    def closed_fraction(self, mpan: Mpan, start: datetime, end: datetime) -> float:
        """The share of [start, end) in which the charger's contactor is closed, as far as is decided by now."""
        return closed_fraction(self._field.home_of(mpan).contactor, require_utc(start), require_utc(end))

    def device_truth(self, mpan: Mpan) -> Home:
        """The devices of a home as they are, for tests and demonstrations."""
        return self._field.home_of(mpan)

    def dsp_truth(self, request_id: RequestId) -> DspExchange | None:
        """Where a request stands at the DSP; None if it never got so far."""
        return self._field.exchanges.get(request_id)

    def _advance(self, at: datetime) -> None:
        """Let everything up to ``at`` happen. A time before now counts as now: the world does not go back."""
        self._now = max(require_utc(at), self._now)
        for moment, event in self._field.timeline.until(self._now):
            if isinstance(event, AnswerDue):
                self._due.append(self._delivery(moment, event))
            else:
                self._field.happen(moment, event)

    def _once(self, request: ServiceRequest, body: bytes) -> HttpReply:
        key, digest = (request.request_id, request.command_variant), sha256(body).digest()
        known = self._replies.get(key)
        if known is not None:
            if known[0] != digest:
                raise self._rejection(request, self._config.reused_request_code, "the Request ID was used before")
            return known[1]
        self._attempts[key] += 1
        if self._field.strikes(FaultKind.THROTTLE, request, self._now, self._attempts[key]) is not None:
            raise self._rejection(request, self._config.throttle_code, "too many requests: try again later")
        code, content = self._serve(request)
        reply = self._reply(request.request_id, request.srv, code, content)
        self._replies[key] = (digest, reply)
        return reply

    def _serve(self, request: ServiceRequest) -> tuple[str, ResponseBody]:
        try:
            if request.command_variant == TRANSFORM:
                return "I0", self._transform(request)
            return "I99", self._accept(request)
        except NotForDevices as error:
            raise self._rejection(request, WRONG_DEVICE_TYPE, error.rule) from error
        except Rejection:
            raise
        except RemoteProtocolError as error:
            code = error.response_code or self._config.authentication_code
            raise self._rejection(request, code, str(error)) from error

    def _transform(self, request: ServiceRequest) -> PreCommand:
        exchange = transform(request)
        self._field.exchanges[request.request_id] = exchange
        assert exchange.pre_command is not None  # noqa: S101 - transform() always gives one
        return PreCommand(gbcs_version=self._config.gbcs_version, payload=exchange.pre_command)

    def _accept(self, request: ServiceRequest) -> Acknowledgement:
        if request.command_variant == SIGNED and isinstance(request.body, SignedPreCommand):
            issued = self._field.exchanges.get(request.request_id, DspExchange(request=request))
            exchange = accept_signed(issued, request.body.payload, trust=self._door.trust, at=self._now)
        elif request.command_variant == 1:
            counter = _broker_counter(request.request_id, self._now)
            exchange = broker_command(request, broker=self._config.broker, counter=counter)
        else:
            raise self._rejection(request, _LOCAL_DELIVERY, "not available for local delivery")
        self._field.dispatch(exchange, self._now)
        return Acknowledgement()

    def _rejection(self, request: ServiceRequest, code: str, rule: str) -> Rejection:
        return Rejection(code, rule, request_id=request.request_id, srv=request.srv)

    def _reject(self, rejection: Rejection) -> HttpReply:
        if rejection.request_id is None or rejection.srv is None:
            return HttpReply(status=400, content_type="text/plain", body=rejection.rule.encode())
        code = rejection.response_code or self._config.authentication_code
        return self._reply(rejection.request_id, rejection.srv, code, Acknowledgement())

    def _reply(self, request_id: RequestId, srv: str, code: str, content: ResponseBody) -> HttpReply:
        response = ServiceResponse(
            request_id=request_id,
            response_id=None,
            response_code=code,
            response_at=_to_millisecond(self._now),
            srv=srv,
            body=content,
            schema_version=self._config.schema_version,
        )
        unsigned = encode_response(response)
        body = sign(unsigned, self._signer) if self._config.sign_replies else unsigned
        return HttpReply(status=200, content_type=_XML, body=body)

    def _delivery(self, at: datetime, answer: AnswerDue) -> Delivery:
        body = sign(encode_response(answer.response), self._signer)
        return Delivery(at=at, body=spoil_xml_signature(body) if answer.spoilt else body, request_id=answer.request_id)


def _directory(homes: Iterable[Installation], broker: Eui64) -> dict[Eui64, Device]:
    devices = {broker: Device(device_type="broker")}
    for home in homes:
        devices |= {eui: Device(device_type=kind) for eui, kind in device_types(home).items()}
    return devices


def _broker_counter(request_id: RequestId, at: datetime) -> int:
    """The broker's own counter: rises with time, and does not depend on what else arrives at the same moment."""
    milliseconds = int(at.timestamp() * 1000)
    return milliseconds << 16 | int.from_bytes(sha256(str(request_id).encode()).digest()[:2])


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
