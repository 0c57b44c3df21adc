"""How fast the audit chain is verified, next to SHA-256 alone over the same octets."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from linkbox.base.time import parse_utc
from linkbox.records.audit import AuditEvent, append_all, verify_lines

_ROUNDS = 3
_BEGAN = "2026-01-13T17:00:00Z"


def audit_results(count: int) -> list[dict[str, Any]]:
    """``audit_verify_per_s``: records of the size that an intervention writes; best of some rounds."""
    records, _ = append_all(None, _events(count))
    lines = [record.line() for record in records]
    if not verify_lines(lines).ok:
        raise AssertionError("a chain that was just made does not verify")
    verified = _rate(count, lambda: verify_lines(lines))
    alone = _rate(count, lambda: [hashlib.sha256(line).digest() for line in lines])
    return [{"name": "audit_verify_per_s", "value": verified, "unit": "1/s", "floor": alone}]


def _events(count: int) -> list[AuditEvent]:
    began = parse_utc(_BEGAN)
    return [
        AuditEvent(
            at=began + timedelta(seconds=n),
            stream=("risk", "plan", "command", "device")[n % 4],
            kind="recorded",
            facts={"customer": f"c-{n:016x}", "srv": "7.6", "duration_s": 900, "expected_a": [212.4, 180.25, 90.0]},
        )
        for n in range(count)
    ]


def _rate(count: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return count / min(times)
