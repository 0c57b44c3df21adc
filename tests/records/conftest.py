"""Chains to verify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from linkbox.records.audit import AuditEvent, AuditRecord, append_all

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
STREAMS = ("risk", "market", "command")


def event(number: int) -> AuditEvent:
    return AuditEvent(
        at=START + timedelta(seconds=number),
        stream=STREAMS[number % 3],
        kind="recorded",
        facts={"number": number, "current_a": [212.5, 0.1, -3.0], "text": "5 °C ✓"},
    )


def make_chain(count: int) -> tuple[AuditRecord, ...]:
    return append_all(None, [event(n) for n in range(count)])[0]


@pytest.fixture
def chain() -> tuple[AuditRecord, ...]:
    return make_chain(12)
