"""How fast the audit chain is verified, next to SHA-256 alone over the same octets."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from linkbox.app.audit_parallel import scan_on_all_cores
from linkbox.base.time import parse_utc
from linkbox.records.audit import AuditEvent, append_all, verify_lines
from linkbox.records.chain import ENTRY_AT, FACTS_START

_ROUNDS = 3
_BEGAN = "2026-01-13T17:00:00Z"
LIMIT_PER_S = 500_000.0


def audit_results(count: int) -> list[dict[str, Any]]:
    """Records of the size that an intervention writes, best of some rounds: ``audit_verify_per_s`` as the command does
    it, on all cores; on one core, by the clock and by its processor time, with the digests alone that a chain takes (of
    each entry and of each record's facts) as their floors."""
    records, _ = append_all(None, _events(count))
    lines = [record.line() for record in records]
    if not verify_lines(lines).ok or not verify_lines(lines, scan_all=scan_on_all_cores).ok:
        raise AssertionError("a chain that was just made does not verify")
    parts = [part for line in lines for part in _digested(line)]
    every, _ = _rates(count, lambda: verify_lines(lines, scan_all=scan_on_all_cores))
    wall, cpu = _rates(count, lambda: verify_lines(lines))
    floor_wall, floor_cpu = _rates(count, lambda: _digests(parts))
    return [
        {"name": "audit_verify_per_s", "value": every, "unit": "1/s", "floor": LIMIT_PER_S},
        {"name": "audit_verify_one_core_per_s", "value": wall, "unit": "1/s", "floor": floor_wall},
        {"name": "audit_verify_per_cpu_s", "value": cpu, "unit": "1/s", "floor": floor_cpu},
        {"name": "audit_verify_of_sha256", "value": cpu / floor_cpu, "unit": "", "floor": 1.0},
    ]


def _digested(line: bytes) -> tuple[bytes, bytes]:
    """What of a line is digested: the entry and the facts."""
    end = line.find(b"}", ENTRY_AT) + 1
    return line[ENTRY_AT:end], line[end + len(FACTS_START) : -1]


def _digests(parts: Sequence[bytes]) -> None:
    for part in parts:
        hashlib.sha256(part).digest()


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


def _rates(count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Per second by the clock, and by this process's own processor time; the best round of each."""
    walls, cpus = [], []
    for _ in range(_ROUNDS):
        began, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    return count / min(walls), count / min(cpus)
