"""A small world for tests: a user, an emulated DCC and some homes, joined in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from linkbox.base.identifiers import Eui64, Mpan, RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse, read_response
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad, ReadAlcsData, ResetAuxiliaryLoad
from linkbox.dcc.eligibility import PROFILES, UserRole
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange import Exchange, open_exchange, receive_reply, receive_response, request_of
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import Role, TestPki, TrustStore, Verified
from linkbox.emulator import DccEmulator, Delivery, EmulatorConfig, FaultKind, FaultPlan, FaultRule

START = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER = Eui64("90-B3-D5-1F-30-02-00-00")


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def installation(number: int, region: str = "South") -> Installation:
    return Installation(
        mpan=Mpan.from_core(f"{120000000000 + number}"),
        chf=Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, 2, number // 256, number % 256])),
        gpf=None,
        esme=Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, 0, number // 256, number % 256])),
        hcalcs=Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, 5, number // 256, number % 256])),
        slot=3,
        label="EV CHARGER",
        region=region,
        hub="dual-band",
    )


def new_pki() -> TestPki:
    return TestPki("tests", datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def faults(*rules: FaultRule) -> FaultPlan:
    return FaultPlan(rules=rules)


def always(kind: FaultKind, **fields: object) -> FaultRule:
    return FaultRule(kind=kind, **fields)  # type: ignore[arg-type]  # a test's shorthand


@dataclass(kw_only=True)
class World:
    """The user's and the DCC's side. ``profile`` is what the user believes to be in force."""

    config: EmulatorConfig = field(default_factory=EmulatorConfig)
    homes: tuple[Installation, ...] = (installation(1), installation(2))
    profile: str = "secmp0046"
    user_role: UserRole = UserRole.ELECTRICITY_DISTRIBUTOR
    certificate_role: Role = Role.NETWORK_OPERATOR
    proportional: bool = False
    not_installed: bool = False
    exchanges: dict[RequestId, Exchange] = field(default_factory=dict)
    unmatched: list[ServiceResponse] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    posts: list[tuple[datetime, str, bytes]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pki = new_pki()
        self.dcc = self.new_dcc()
        self.trust: TrustStore = self.pki.trust_store()
        self.xml_signer = self.pki.signer(USER, Role.XML_SIGNING)
        self.gbcs_signer = self.pki.signer(USER, self.certificate_role)
        self.agreement = self.pki.agreer(USER, self.certificate_role)

    def new_dcc(self) -> DccEmulator:
        return DccEmulator(
            self.config,
            self.homes,
            self.pki,
            USER,
            user_role=self.user_role,
            certificate_role=self.certificate_role,
            proportional=[home.mpan for home in self.homes] if self.proportional else (),
            not_installed=[home.mpan for home in self.homes] if self.not_installed else (),
        )

    def open(self, request: ServiceRequest, at: datetime) -> Exchange:
        exchange = open_exchange(
            request, xml_signer=self.xml_signer, profile=PROFILES[self.profile], role=self.user_role, at=at
        )
        self.exchanges[request.request_id] = exchange
        return exchange

    def post(self, exchange: Exchange, at: datetime) -> Exchange:
        """Post what the exchange wants posted, and take the reply."""
        assert exchange.outgoing is not None
        self.posts.append((at, exchange.service, exchange.outgoing))
        reply = self.dcc.post(exchange.service, exchange.outgoing, at=at)
        exchange = receive_reply(
            exchange,
            reply.body,
            trust=self.trust,
            xml_signer=self.xml_signer,
            gbcs_signer=self.gbcs_signer,
            at=at,
        )
        self.exchanges[exchange.request.request_id] = exchange
        return exchange

    def send(self, request: ServiceRequest, at: datetime) -> Exchange:
        """Open the request and post whatever has to be posted until only the asynchronous answer is awaited."""
        exchange = self.post(self.open(request, at), at)
        return self.post(exchange, at) if exchange.outgoing is not None and not exchange.is_final else exchange

    def run_until(self, at: datetime) -> None:
        """Let the world go on; take what is delivered."""
        for delivery in self.dcc.run_until(at):
            self.deliveries.append(delivery)
            self.take(delivery.body, delivery.at)

    def take(self, body: bytes, at: datetime) -> None:
        try:
            response: Verified[ServiceResponse] = read_response(body, trust=self.trust, at=at)
        except RemoteProtocolError as error:
            self.refused.append(str(error))
            return
        request_id = request_of(response.value)
        if request_id is None:
            self.unmatched.append(response.value)
            return
        self.exchanges[request_id] = receive_response(
            self.exchanges[request_id], response, trust=self.trust, at=at, agreement=self.agreement
        )

    def result(self, request: ServiceRequest) -> Exchange:
        return self.exchanges[request.request_id]


def request(body: object, srv: str, counter: int, home: int = 1, variant: int = 4) -> ServiceRequest:
    request_id = RequestId(USER, installation(home).esme, counter)
    return ServiceRequest(request_id=request_id, command_variant=variant, srv=srv, body=body)  # type: ignore[arg-type]


def hold(counter: int, minutes: int = 60, home: int = 1) -> ServiceRequest:
    return request(DeactivateAuxiliaryLoad(index=3, duration_min=minutes), "7.6", counter, home)


def release(counter: int, home: int = 1) -> ServiceRequest:
    return request(ResetAuxiliaryLoad(index=3), "7.8", counter, home)


def read(counter: int, home: int = 1) -> ServiceRequest:
    return request(ReadAlcsData(), "7.7", counter, home, variant=1)
