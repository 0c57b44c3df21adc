"""How fast the wire is: rates of one core, each next to the limit that cryptography sets, measured in the same rounds.

A rate is the best of several short rounds, by the processor time that this process used: what else the machine does
can only slow a round down. Work and limit take turns, so that both meet the same machine.
"""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse, encode_request, encode_response, read_response, sign
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad
from linkbox.dcc.duis.response import GbcsPayload
from linkbox.dcc.gbcs import add_mac, decode, ecs47, encode, sign_pre_command
from linkbox.dcc.gbcs import sign as sign_message
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.smki import KeyUsage, Role, TestPki

AT = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER, DSP = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("90-B3-D5-1F-30-00-00-02")
_FLEET = 256
_ROUNDS = 10
_HEAD = struct.Struct(">3sQB8sB8sB")
_COMMAND = ecs47.DeactivateLoad(index=3, duration_min=60)

Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Some work, the limit that it can not beat, and how many of each one call does."""

    name: str
    work: Work
    limit: Work
    per_call: int = 1


class _Meters:
    """Keys and messages of a small fleet."""

    def __init__(self) -> None:
        self.pki = TestPki("bench", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        self.user = self.pki.signer(USER, Role.XML_SIGNING)
        self.dsp = self.pki.signer(DSP, Role.DSP_XML_SIGNING)
        self.operator = self.pki.signer(USER, Role.NETWORK_OPERATOR)
        self.euis = [Eui64.from_octets(bytes.fromhex("00DB1234567890") + bytes([n])) for n in range(_FLEET)]

    def requests(self) -> list[ServiceRequest]:
        body = DeactivateAuxiliaryLoad(index=3, duration_min=60)
        return [
            ServiceRequest(request_id=RequestId(USER, meter, 1001 + n), command_variant=4, srv="7.6", body=body)
            for n, meter in enumerate(self.euis)
        ]

    def responses(self) -> list[bytes]:
        return [sign(encode_response(self._response(request)), self.dsp) for request in self.requests()]

    def _response(self, request: ServiceRequest) -> ServiceResponse:
        rid = request.request_id
        return ServiceResponse(
            request_id=rid,
            response_id=RequestId(rid.target, rid.originator, rid.counter),
            response_code="I0",
            response_at=AT,
            srv="7.6",
            body=GbcsPayload(payload=bytes(115)),
        )

    def pre_command(self, meter: Eui64, counter: int) -> bytes:
        return ecs47.build_pre_command(_COMMAND, originator=USER, recipient=meter, counter=counter)

    def envelopes(self) -> list[bytes]:
        """Pre-Command, signed command under a MAC, signed response: what a critical exchange has."""
        meter, broker = self.euis[0], self.pki.agreer(DSP, Role.ACCESS_CONTROL_BROKER)
        peer = self.pki.certificate(meter, None, KeyUsage.KEY_AGREEMENT)
        pre_command = self.pre_command(meter, 1001)
        command = sign_message(decode(pre_command), self.operator)
        response = ecs47.build_response(command, Results.all_well(2))
        answer = encode(sign_message(response, self.pki.signer(meter, None)))
        return [pre_command, add_mac(command, broker, peer), answer]


def pairs() -> list[Pair]:
    """What is measured, each with its limit."""
    meters = _Meters()
    requests, responses = itertools.cycle(meters.requests()), itertools.cycle(meters.responses())
    counters = itertools.cycle(list(zip(meters.euis, itertools.count(1001), strict=False)))
    envelopes, trust = meters.envelopes(), meters.pki.trust_store()
    key = meters.pki.private_key(USER, Role.XML_SIGNING, KeyUsage.DIGITAL_SIGNATURE)
    algorithm, octets = ec.ECDSA(SHA256(), deterministic_signing=True), bytes(600)
    signature, public = key.sign(octets, algorithm), key.public_key()

    def precommand() -> bytes:
        meter, counter = next(counters)
        asked = meters.pre_command(meter, counter)
        return sign_pre_command(asked[:-1], expected=asked, signer=meters.operator)

    def raw_sign() -> bytes:
        return key.sign(octets, algorithm)

    return [
        Pair(name="sign", work=lambda: sign(encode_request(next(requests)), meters.user), limit=raw_sign),
        Pair(
            name="verify",
            work=lambda: read_response(next(responses), trust=trust, at=AT),
            limit=lambda: public.verify(signature, octets, algorithm),
        ),
        Pair(name="precommand", work=precommand, limit=raw_sign),
        Pair(
            name="decode",
            work=lambda: [decode(data) for data in envelopes],
            limit=lambda: [_HEAD.unpack_from(data) for data in envelopes],
            per_call=len(envelopes),
        ),
    ]


def rates(pair: Pair, seconds: float) -> tuple[float, float]:
    """The best rate of a pair's work and of its limit, per second of processor time."""
    share = seconds / _ROUNDS / 2
    counts = [_calls(work, share) for work in (pair.work, pair.limit)]
    best = [0.0, 0.0]
    for _ in range(_ROUNDS):
        for which, work in enumerate((pair.work, pair.limit)):
            best[which] = max(best[which], counts[which] / _timed(work, counts[which]))
    return best[0] * pair.per_call, best[1] * pair.per_call


def _calls(work: Work, seconds: float) -> int:
    """About how many calls fill so many seconds."""
    count = 1
    while (took := _timed(work, count)) < seconds / 4:
        count *= 2
    return max(1, int(count * seconds / took))


def _timed(work: Work, count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        work()
    return max(time.process_time() - begin, 1e-9)


def results(*, seconds: float, exchanges: int) -> list[dict[str, Any]]:
    """All results, in the form that every bench prints."""
    found = []
    for pair in pairs():
        value, limit = rates(pair, seconds)
        found.append({"name": pair.name, "value": round(value), "unit": "1/s per core", "floor": round(limit)})
    if exchanges:
        from linkbox.app.bench_exchange import measure

        found.append(measure(exchanges))
    return found


def table(found: list[dict[str, Any]]) -> str:
    """The results as lines of text."""
    head = f"{'name':12}{'value':>10}  {'unit':14}{'floor':>10}"
    rows = [f"{r['name']:12}{r['value']:>10}  {r['unit']:14}{r['floor']:>10}" for r in found]
    notes = [f"  {name}: {value}" for r in found for name, value in r.get("details", {}).items()]
    return "\n".join([head, *rows, *notes])
