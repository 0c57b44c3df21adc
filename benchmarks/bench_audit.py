"""Audit chain: records appended and verified per second on one core, next to SHA-256 alone over the same bytes.

Run: ``python benchmarks/bench_audit.py [--records N] [--json]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from linkbox.records.audit import AuditEvent, append_all, verify_lines


def best_rate(count: int, work: Callable[[], object], repeats: int = 5) -> float:
    """Items per second in the best of several runs."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return count / min(times)


def events(count: int) -> list[AuditEvent]:
    """Events of the size and shape that an intervention writes."""
    began = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
    return [
        AuditEvent(
            at=began + timedelta(seconds=n),
            stream=("risk", "plan", "command", "device")[n % 4],
            kind="recorded",
            facts={"customer": f"c-{n:016x}", "srv": "7.6", "duration_s": 900, "expected_a": [212.4, 180.25, 90.0]},
        )
        for n in range(count)
    ]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    count = arguments.records
    written = events(count)
    began = time.perf_counter()
    records, _ = append_all(None, written)
    append_per_s = count / (time.perf_counter() - began)
    lines = [record.line() for record in records]
    assert verify_lines(lines).ok

    def hash_alone() -> None:
        for line in lines:
            hashlib.sha256(line).hexdigest()

    results = [
        {"name": "append", "value": append_per_s, "unit": "records/s", "floor": None},
        {
            "name": "verify",
            "value": best_rate(count, lambda: verify_lines(lines)),
            "unit": "records/s",
            "floor": best_rate(count, hash_alone),
        },
    ]
    if arguments.json:
        print(json.dumps({"bench": "audit", "results": results}))
        return
    for row in results:
        floor = f" (SHA-256 alone: {row['floor']:,.0f})" if row["floor"] else ""
        print(f"{row['name']}: {row['value']:,.0f} {row['unit']}{floor}")


if __name__ == "__main__":
    main()
