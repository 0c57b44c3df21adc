"""No supplier ever sees another's customer: whoever changes supplier, whenever that becomes known, each supplier's
notices (which are what its files and webhooks carry) and day's files hold the MPANs that it supplied at that time."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linkbox.base.time import parse_utc
from linkbox.control.intervention import Intervention
from linkbox.customers import SupplierChange, event_to_row
from linkbox.operation.supplier_days import supplier_days
from linkbox.records.civil_time import british_time
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.operation.rig import CHARGERS, START, Plan, Rig, after, mpan

FIRST = "Alder Energy"
SUPPLIERS = [FIRST, "Birch Power", "Cedar Light", "Alder"]
"""One whose name begins as another's does."""


def supplied(told: Iterable[SupplierChange], number: str, at: datetime, known_at: datetime) -> str:
    """The naive model: of what was known, the latest change that had happened."""
    mine = [c for c in told if c.mpan == number and c.at <= at and c.recorded_at <= known_at]
    mine.sort(key=lambda c: (c.at, c.recorded_at))
    return mine[-1].supplier if mine else FIRST


class Street:
    """A street under an overload, and everything that was told of its suppliers."""

    def __init__(self) -> None:
        self.rig = Rig(MemoryStore(MemoryDisk()), Plan(), base_a=(160.0, 160.0, 160.0), drawing=set(range(CHARGERS)))
        self.told: list[SupplierChange] = []

    def tell(self, change: SupplierChange, way: str) -> None:
        now = self.rig.clock.now()
        change = replace(change, recorded_at=now)
        if any((c.mpan, c.at, c.recorded_at) == (change.mpan, change.at, now) for c in self.told):
            return  # which of two at the same moment counts is not this test's question
        self.told.append(change)
        if way == "import":
            with self.rig.store.transaction() as tx:
                tx.append_customer_event(event_to_row(change))
        else:
            self.rig.controller.customer_said(change)

    def notices(self) -> list[Mapping[str, Any]]:
        return [n for n in self.rig.notices.delivered.values() if n["audience"] == "supplier"]

    def judge(self) -> int:
        """How many lines were looked at."""
        lines, days = 0, set[str]()
        closed = {
            row.key: Intervention.from_record(row.body).history[-1].at for row in self.rig.store.rows("intervention")
        }
        for notice in self.notices():
            points, known = notice["json"]["points"], closed[notice["intervention"]]
            assert points, "a supplier without a customer in the event is not told of it"
            for point in points:
                lines += 1
                start = parse_utc(point["start"])
                days.add(british_time(start).date().isoformat())
                assert supplied(self.told, point["mpan"], start, known) == notice["supplier"]
                if point["end"] is not None:
                    last = parse_utc(point["end"]) - timedelta(milliseconds=1)
                    assert supplied(self.told, point["mpan"], max(start, last), known) == notice["supplier"]
            mine = {point["mpan"] for point in points}
            assert {row["mpan"] for row in csv.DictReader(io.StringIO(notice["csv"]))} == mine
            others = {str(mpan(n)) for n in range(CHARGERS)} - mine
            everything = json.dumps({**notice, "signatures": None})
            assert [number for number in others if number in everything] == []
        self._judge_days(days)
        self._nobody_is_forgotten(closed)
        return lines

    def _judge_days(self, days: set[str]) -> None:
        told = {(n["supplier"], p["mpan"], p["start"]) for n in self.notices() for p in n["json"]["points"]}
        found = set[tuple[str, str, str]]()
        for day in days:
            for supplier, files in supplier_days(self.rig.store, datetime.fromisoformat(day).date(), None).items():
                rows = list(csv.DictReader(io.StringIO(files[f"{day}.csv"].decode())))
                found |= {(supplier, row["mpan"], row["start"]) for row in rows}
                text = b"".join(files.values()).decode()
                mine = {row["mpan"] for row in rows}
                assert not [n for n in range(CHARGERS) if str(mpan(n)) in text and str(mpan(n)) not in mine]
        assert found == told

    def _nobody_is_forgotten(self, closed: Mapping[str, datetime]) -> None:
        """Every hold of a closed intervention is told to whoever supplied the point at its start."""
        told = {
            (n["intervention"], n["supplier"], p["mpan"], p["start"])
            for n in self.notices()
            for p in n["json"]["points"]
        }
        for hold in self.rig.commands():
            if hold.intervention_id in closed and hold.confirmed and hold.answered_at is not None:
                at = hold.answered_at
                supplier = supplied(self.told, str(hold.mpan), at, closed[hold.intervention_id])
                start = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                assert (hold.intervention_id, supplier, str(hold.mpan), start) in told


moments_s = st.integers(-3 * 86400, 3000) | st.integers(0, 1500)
changes = st.builds(
    lambda home, at_s, supplier: SupplierChange(
        mpan=mpan(home), at=after(at_s), recorded_at=after(at_s), supplier=supplier
    ),
    st.integers(0, CHARGERS - 1),
    moments_s,
    st.sampled_from(SUPPLIERS),
)
histories = st.lists(
    st.tuples(changes, st.sampled_from(["desk", "import"]), st.sampled_from([0, 30, 200, 600])), max_size=10
)


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(history=histories)
def test_each_suppliers_files_hold_only_what_it_supplied_at_the_time(
    history: list[tuple[SupplierChange, str, int]],
) -> None:
    street = Street()

    async def live() -> None:
        await street.rig.run(2)
        for change, way, wait_s in history:
            street.tell(change, way)
            if wait_s:
                await street.rig.run(wait_s / 60)
        street.rig.base_a, street.rig.drawing = (20.0, 20.0, 20.0), set()
        await street.rig.run(40)

    asyncio.run(live())
    assert street.judge() > 0


def test_the_model_tells_apart_what_the_code_might_mix_up() -> None:
    """The judgement itself: a line given to another supplier is noticed."""
    street = Street()
    change = SupplierChange(mpan=mpan(0), at=START + timedelta(minutes=3), recorded_at=START, supplier="Birch Power")

    async def live() -> None:
        street.tell(change, "desk")
        await street.rig.run(8)
        street.rig.base_a, street.rig.drawing = (20.0, 20.0, 20.0), set()
        await street.rig.run(40)

    asyncio.run(live())
    street.judge()
    assert {n["supplier"] for n in street.notices()} == {FIRST, "Birch Power"}
    for wrong in ("Birch Power", "Cedar Light"):
        mixed = next(n for n in street.notices() if n["supplier"] == FIRST)
        key = str(mixed["id"])
        kept = street.rig.notices.delivered[key]
        street.rig.notices.delivered[key] = {**kept, "supplier": wrong}
        try:
            street.judge()
        except AssertionError:
            street.rig.notices.delivered[key] = kept
            continue
        raise AssertionError(f"a notice for {FIRST} that went to {wrong} was not noticed")
