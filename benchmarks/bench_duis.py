"""DUIS: requests built and signed, responses verified and read, next to the raw cryptographic rates of the same run.

Run: ``python benchmarks/bench_duis.py [--json] [--seconds 1.0]``. One process, one core. A rate is the best of five
rounds, since what else the machine does can only slow it down.

``sign`` is a typed request to signed XML. ``verify`` is signed bytes to a typed, verified response, over 256 messages
of 256 meters. ``verify_boxed`` is the same for responses as DCC Boxed writes them, ``verify_parsed`` for responses that
need the XML parser. ``verify_request`` is what the other side does.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from reporting import report

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import (
    ServiceRequest,
    ServiceResponse,
    decode_request,
    encode_request,
    encode_response,
    read_request,
    read_response,
    sign,
)
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad
from linkbox.dcc.duis.response import GbcsPayload
from linkbox.dcc.duis.xmltext import DS, RA, SR
from linkbox.dcc.smki import KeyUsage, Role, TestPki

AT = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER, DSP = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("90-B3-D5-1F-30-00-00-02")
FLOORS = {"sign": 30_000.0, "verify": 12_000.0}
ROUNDS = 5

pki = TestPki("bench", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
user, dsp = pki.signer(USER, Role.XML_SIGNING), pki.signer(DSP, Role.DSP_XML_SIGNING)
trust = pki.trust_store()


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often ``work`` runs in a second, in the best of the rounds."""
    best, count = 0.0, 1
    for _ in range(ROUNDS):
        took = 0.0
        while took < seconds / ROUNDS:
            begin = time.perf_counter()
            for _ in range(count):
                work()
            took = time.perf_counter() - begin
            best = max(best, count / took)
            count = max(count, int(count * min(4.0, seconds / ROUNDS / max(took, 1e-9)) * 1.1) + 1)
    return best


def request(counter: int) -> ServiceRequest:
    """A deactivation for one of 256 meters."""
    meter = Eui64.from_octets(bytes.fromhex("00DB1234567890") + bytes([counter % 256]))
    return ServiceRequest(
        request_id=RequestId(USER, meter, counter),
        command_variant=4,
        srv="7.6",
        body=DeactivateAuxiliaryLoad(index=3, duration_min=60),
    )


def response(counter: int) -> bytes:
    """The answer of its meter, unsigned; the payload has the length of a 7.6 response."""
    asked = request(counter).request_id
    return encode_response(
        ServiceResponse(
            request_id=asked,
            response_id=RequestId(asked.target, asked.originator, counter),
            response_code="I0",
            response_at=AT,
            srv="7.6",
            body=GbcsPayload(payload=bytes(range(115))),
        )
    )


def boxed(unsigned: bytes) -> bytes:
    """A response as DCC Boxed writes it: spare namespaces, not in canonical order, an XML declaration in front."""
    spare = f' xmlns:ns3="{DS}" xmlns:ra="{RA}"'.encode()
    name = f' xmlns:sr="{SR}"'.encode()
    signed = sign(unsigned.replace(name, spare + name, 1), dsp).replace(spare + name, name + spare, 1)
    return b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>' + signed


def measure(seconds: float) -> list[dict[str, object]]:
    """All rates of one core."""
    requests = [request(n) for n in range(1001, 1257)]
    to_sign, to_encode = itertools.cycle(requests), itertools.cycle(requests)
    signed_requests = itertools.cycle([sign(encode_request(r), user) for r in requests])
    unsigned_requests = itertools.cycle([encode_request(r) for r in requests])
    responses = itertools.cycle([sign(response(n), dsp) for n in range(1001, 1257)])
    as_boxed = itertools.cycle([boxed(response(n)) for n in range(1001, 1257)])
    as_others = itertools.cycle([boxed(response(n)).replace(b"?><", b"?>\n<") for n in range(1001, 1257)])
    key = pki.private_key(USER, Role.XML_SIGNING, KeyUsage.DIGITAL_SIGNATURE)
    algorithm, message = ec.ECDSA(SHA256(), deterministic_signing=True), encode_request(requests[0])
    signature, public = key.sign(message, algorithm), key.public_key()
    works: dict[str, Callable[[], object]] = {
        "raw_sign": lambda: key.sign(message, algorithm),
        "raw_verify": lambda: public.verify(signature, message, algorithm),
        "sign": lambda: sign(encode_request(next(to_sign)), user),
        "verify": lambda: read_response(next(responses), trust=trust, at=AT),
        "verify_boxed": lambda: read_response(next(as_boxed), trust=trust, at=AT),
        "verify_parsed": lambda: read_response(next(as_others), trust=trust, at=AT),
        "verify_request": lambda: read_request(next(signed_requests), trust=trust, at=AT),
        "encode_request": lambda: encode_request(next(to_encode)),
        "decode_request": lambda: decode_request(next(unsigned_requests)),
    }
    return [
        {"name": name, "value": round(rate(work, seconds)), "unit": "1/s", "floor": FLOORS.get(name)}
        for name, work in works.items()
    ]


if __name__ == "__main__":
    report("duis", __doc__, measure)
