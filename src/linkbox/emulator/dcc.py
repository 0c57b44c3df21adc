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
from linkbox.dcc.duis.bodies import DevicePrenotification, ReadInventory, SignedPreCommand, UpdateInventory
from linkbox.dcc.duis.response import Acknowledgement, DspInventory, PreCommand, ResponseBody
from linkbox.dcc.eligibility import Allowed, UserRole, may_execute, profile_named
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.exchange.commands import PlannedCommand, planned_commands
from linkbox.dcc.exchange.dsp import DspExchange, accept_signed, broker_command, transform, user_command
from linkbox.dcc.exchange.services import SIGNED, TRANSFORM
from linkbox.dcc.exchange.traffic import Pacer, Waiting
from linkbox.dcc.exchange.traffic import admit as admit_by_pace
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import KeyUsage, Role, TestPki
from linkbox.emulator.access import WRONG_DEVICE_TYPE, Door, Rejection, admit
from linkbox.emulator.building import Builder, issue_certificates
from linkbox.emulator.choice import choose
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.contactor import closed_fraction
from linkbox.emulator.draws import Draws
from linkbox.emulator.faults import FaultKind, FaultRule
from linkbox.emulator.field import Field
from linkbox.emulator.home import Home, level_spans
from linkbox.emulator.remembered import RememberedSecrets
from linkbox.emulator.spoil import spoil_xml_signature
from linkbox.emulator.stock import Stock, StockRefused
from linkbox.emulator.timeline import AnswerDue

_XML = "application/xml"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_LOCAL_DELIVERY = "E17"
_ON_DEMAND, _NON_DEVICE = 1, 8


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
        not_installed: Iterable[Mpan] = (),
        proportional: Iterable[Mpan] = (),
    ) -> None:
        """Build the world. ``certificate_role`` is the user's role in its GBCS certificates.

        In homes ``not_installed`` the HCALCS is not notified, joined or labelled yet; in ``proportional`` ones a
        proportional controller stands in its place. The PKI issues all that the world and the user need, so
        ``pki.trust_store()`` is complete afterwards.
        """
        homes, waiting = tuple(installations), frozenset(not_installed)
        issue_certificates(homes, pki)
        pki.signer(user_eui, certificate_role)
        pki.agreer(user_eui, certificate_role)
        pki.signer(user_eui, Role.XML_SIGNING)
        self._signer = pki.signer(config.broker, Role.DSP_XML_SIGNING)
        agreement = RememberedSecrets(pki.agreer(config.broker, Role.ACCESS_CONTROL_BROKER))
        pki.signer(config.broker, Role.ACCESS_CONTROL_BROKER)
        trust = pki.trust_store()
        draws = Draws(config.seed)
        broker = pki.certificate(config.broker, Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
        builder = Builder(
            config=config,
            draws=draws,
            pki=pki,
            trust=trust,
            broker=broker,
            not_installed=waiting,
            proportional=frozenset(proportional),
        )
        self._config = config
        self._field = Field(
            config=config,
            draws=draws,
            agreement=agreement,
            trust=trust,
            homes=[builder.home(home) for home in homes],
            user=user_eui,
        )
        self._pacer = Pacer(allowances=config.allowances)
        self._stock = Stock(homes, gbcs_version=config.gbcs_version)
        for home in homes:
            if home.mpan in waiting:
                self._stock.forget(home.hcalcs)
        self._door = Door(
            trust=trust,
            users={user_eui: user_role},
            stock=self._stock,
            broker=config.broker,
            registered={},
            profile=profile_named(config.profile),
            authentication_code=config.authentication_code,
        )
        self._certificate_roles = {user_eui: certificate_role}
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

    def levels(self, mpan: Mpan, start: datetime, end: datetime) -> tuple[tuple[datetime, datetime, float], ...]:
        """Spans of [start, end) with the fraction of its rating that the home's proportional controller allowed the
        charger, as far as is decided by now; 1.0 throughout where there is none."""
        return level_spans(self._field.home_of(mpan), require_utc(start), require_utc(end))

    def device_truth(self, mpan: Mpan) -> Home:
        """The devices of a home as they are, for tests and demonstrations."""
        return self._field.home_of(mpan)

    def press_boost(self, mpan: Mpan, *, minutes: int, at: datetime) -> None:
        """The consumer presses the boost button at ``at``."""
        self._advance(at)
        self._field.boost(mpan, minutes=minutes, at=self._now)

    def settle(self, at: datetime) -> None:
        """Let the world go on until ``at``; what falls due waits for ``run_until``."""
        self._advance(at)

    def add_fault(self, rule: FaultRule, *, at: datetime) -> None:
        """Let a fault strike from ``at`` on."""
        self._advance(at)
        self._field.change_faults((*self._field.faults.rules, rule))

    def clear_faults(self, *, at: datetime) -> None:
        """Let nothing go wrong any more, from ``at`` on."""
        self._advance(at)
        self._field.change_faults(())

    def resolve_quarantine(self, request_id: RequestId, *, release: bool, at: datetime) -> None:
        """The user tells the DCC to process (or delete) a quarantined command."""
        self._advance(at)
        self._field.resolve(request_id, release=release, at=self._now)

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
        self._pace(request)
        code, content = self._serve(request)
        reply = self._reply(request.request_id, request.srv, code, content)
        self._replies[key] = (digest, reply)
        return reply

    def _pace(self, request: ServiceRequest) -> None:
        """Take a token of every allowance that the request falls under; raise Rejection where one has none left."""
        if not self._pacer.allowances:
            return
        region = self._field.region_of(request.request_id.target)
        waiting = Waiting(request_id=request.request_id, srv=request.srv, region=region, since=self._now)
        admission = admit_by_pace(self._pacer, [waiting], at=self._now)
        self._pacer = admission.pacer
        if not admission.requests:
            raise self._rejection(request, self._config.throttle_code, "over the allowance: try again later")

    def _serve(self, request: ServiceRequest) -> tuple[str, ResponseBody]:
        try:
            if request.command_variant == TRANSFORM:
                return "I0", self._transform(request)
            if request.command_variant == _NON_DEVICE:
                return self._non_device(request)
            return "I99", self._accept(request)
        except Rejection:
            raise
        except LocalProtocolError as error:
            raise self._rejection(request, WRONG_DEVICE_TYPE, error.rule) from error
        except StockRefused as refused:
            raise self._rejection(request, refused.code, refused.rule) from refused
        except RemoteProtocolError as error:
            code = error.response_code or self._config.authentication_code
            raise self._rejection(request, code, str(error)) from error

    def _transform(self, request: ServiceRequest) -> PreCommand:
        exchange = transform(request, self._chosen(request))
        self._field.exchanges[request.request_id] = exchange
        assert exchange.pre_command is not None  # noqa: S101 - transform() always gives one
        return PreCommand(gbcs_version=self._config.gbcs_version, payload=exchange.pre_command)

    def _accept(self, request: ServiceRequest) -> Acknowledgement:
        if request.command_variant == SIGNED and isinstance(request.body, SignedPreCommand):
            issued = self._field.exchanges.get(request.request_id, DspExchange(request=request))
            exchange = accept_signed(issued, request.body.payload, trust=self._door.trust, at=self._now)
        elif request.command_variant == _ON_DEMAND:
            exchange = self._non_critical(request)
        else:
            raise self._rejection(request, _LOCAL_DELIVERY, "not available for local delivery")
        self._field.dispatch(exchange, self._now)
        return Acknowledgement()

    def _chosen(self, request: ServiceRequest) -> PlannedCommand:
        """The form of the command that suits the device."""
        return choose(request, planned_commands(request), stock=self._stock, generation=self._config.meter_generation)

    def _non_critical(self, request: ServiceRequest) -> DspExchange:
        """In the user's own name if the device knows the user's role for this, else in the broker's."""
        planned, user = self._chosen(request), request.request_id.originator
        role, code = self._certificate_roles.get(user), planned.use_case.message_code
        known = may_execute(self._door.profile, certificate_role=role, message_code=code, at=self._now)
        if isinstance(known, Allowed):
            return user_command(request, planned)
        counter = _broker_counter(request.request_id, self._now)
        return broker_command(request, planned, broker=self._config.broker, counter=counter)

    def _non_device(self, request: ServiceRequest) -> tuple[str, ResponseBody]:
        match request.body:
            case ReadInventory(search=search):
                return "I0", DspInventory(devices=self._stock.read(search))
            case DevicePrenotification() as body:
                self._stock.prenotify(body)
            case UpdateInventory() as body:
                self._stock.change(body)
        return "I99", Acknowledgement()

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


def _broker_counter(request_id: RequestId, at: datetime) -> int:
    """The broker's own counter: rises with time, and does not depend on what else arrives at the same moment."""
    milliseconds = int(at.timestamp() * 1000)
    return milliseconds << 16 | int.from_bytes(sha256(str(request_id).encode()).digest()[:2])


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
