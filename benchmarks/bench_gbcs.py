"""GBCS: envelopes decoded, Pre-Commands correlated and signed, next to the raw cryptographic rates of the same run.

Run: ``python benchmarks/bench_gbcs.py [--json] [--seconds 1.0]``. One process, one core. A rate is the best of five
rounds, since what else the machine does can only slow it down.

``precommand`` is the whole of what a user does with a Pre-Command: build what the request must give, compare it octet
by octet, sign. ``decode`` is over a mix of messages: signed command under a MAC, signed response, unsigned response
with 17 values under a MAC, Pre-Command, signed alert.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from reporting import report

from linkbox.base.identifiers import Eui64
from linkbox.dcc.gbcs import (
    add_mac,
    alerts,
    decode,
    ecs47,
    ecs61a,
    encode,
    read_value,
    sign,
    sign_pre_command,
    verify_mac_with_secret,
    verify_signature,
)
from linkbox.dcc.gbcs.controllers import ALCS, hcalcs
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.smki import KeyUsage, Role, TestPki

AT = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER, BROKER = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("90-B3-D5-1F-30-00-00-02")
ESME, HCALCS = Eui64("00-DB-12-34-56-78-90-A0"), Eui64("00-DB-12-34-56-78-90-A5")
COMMAND = ecs47.DeactivateLoad(index=3, duration_min=60)
FLOORS = {"decode": 300_000.0, "precommand": 40_000.0}
ROUNDS = 5

pki = TestPki("bench", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def rate(work: Callable[[], object], seconds: float, per_call: int = 1) -> float:
    """How often ``work`` runs in a second, times ``per_call``."""
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
    return best * per_call


def pre_command(counter: int = 1001) -> bytes:
    """What the DSP sends to be signed."""
    return ecs47.build_pre_command(COMMAND, originator=USER, recipient=ESME, counter=counter)


def messages() -> tuple[bytes, ...]:
    """The mix to decode."""
    meter, broker = pki.agreer(ESME, None), pki.agreer(BROKER, Role.ACCESS_CONTROL_BROKER)
    command = sign(decode(pre_command()), pki.signer(USER, Role.NETWORK_OPERATOR))
    response = sign(ecs47.build_response(command, Results.all_well(2)), pki.signer(ESME, None))
    read = ecs61a.build_command(
        ecs61a.ReadSwitchData(), originator=BROKER, recipient=ESME, counter=7, user=USER, user_counter=1002
    )
    data = ecs61a.SwitchData(
        labels=("EV charger", "", "", "", ""),
        controllers=(hcalcs(HCALCS), ALCS, ALCS, ALCS, ALCS),
        special_days=(),
        schedule=(),
        states=(True,) * 5,
    )
    refusal = alerts.GenericAlert(alert_code=alerts.NO_AUTHORITY, at=AT)
    alert = alerts.GENERIC_CRITICAL.alert(refusal, originator=ESME, recipient=USER, counter=5)
    return (
        pre_command(),
        add_mac(command, broker, meter.certificate),
        encode(response),
        add_mac(ecs61a.build_response(read, data), meter, broker.certificate),
        encode(sign(alert, pki.signer(ESME, None))),
    )


def measure(seconds: float) -> list[dict[str, object]]:
    """All rates of one core."""
    mix, received, signer = messages(), pre_command(), pki.signer(USER, Role.NETWORK_OPERATOR)
    key = pki.private_key(USER, Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE)
    raw_algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
    signature, signed_response, trust = key.sign(received, raw_algorithm), mix[2], pki.trust_store()
    read_response, switched = decode(mix[3]), decode(mix[2])
    agreer = pki.agreer(BROKER, Role.ACCESS_CONTROL_BROKER)
    meter = pki.certificate(ESME, None, KeyUsage.KEY_AGREEMENT)
    secret = agreer.shared_secret(meter)
    works: dict[str, tuple[Callable[[], object], int]] = {
        "raw_sign": (lambda: key.sign(received, raw_algorithm), 1),
        "raw_verify": (lambda: key.public_key().verify(signature, received, raw_algorithm), 1),
        "raw_agree": (lambda: agreer.shared_secret(meter), 1),
        "decode": (lambda: [decode(data) for data in mix], len(mix)),
        "encode": (lambda: encode(switched), 1),
        "rebuild": (pre_command, 1),
        "precommand": (lambda: sign_pre_command(received, expected=pre_command(), signer=signer), 1),
        "verify_response": (lambda: verify_signature(signed_response, trust=trust, at=AT), 1),
        "verify_mac": (lambda: verify_mac_with_secret(mix[3], secret), 1),
        "read_switching_response": (lambda: read_value(switched), 1),
        "read_switch_data": (lambda: read_value(read_response), 1),
    }
    return [
        {"name": name, "value": round(rate(work, seconds, per_call)), "unit": "1/s", "floor": FLOORS.get(name)}
        for name, (work, per_call) in works.items()
    ]


if __name__ == "__main__":
    report("gbcs", __doc__, measure)
