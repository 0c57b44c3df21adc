"""Somebody moves out while their charger is held: the demo's street frees it, and asks the new tenant by letter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers import ConsentEvent, ConsentKind
from linkbox.study.evening import Evening
from linkbox.study.population import CONSENT_TEXT
from linkbox.twin.street import Minute
from tests.study.evenings import SHORT, Ended


def test_a_move_frees_the_charger_and_the_new_tenant_gets_a_letter(live: Callable[..., Ended], tmp_path: Path) -> None:
    moved: dict[str, Mpan] = {}

    def watch(evening: Evening, minute: Minute) -> None:
        held = [c for c in evening.controller.desk.commands.values() if c.holding and c.confirmed]
        if not moved and held:
            moved["home"] = held[0].mpan
            message = {
                "event_id": "move-1",
                "event": "tenancy_change",
                "mpan": str(held[0].mpan),
                "at": format_utc(minute.at),
                "tenancy": "T9",
            }
            assert evening.controller.receive_customer(message) is None

    ended = live(replace(SHORT, hours=1.7), tmp_path, watch=watch)
    evening, home = ended.evening, moved["home"]
    file = evening.controller.desk.customers
    asked = [e for e in file.history(home) if isinstance(e, ConsentEvent)][-1]
    assert (asked.kind, asked.tenancy, asked.text_version) == (ConsentKind.SOUGHT, "T9", CONSENT_TEXT)
    (letter,) = (tmp_path / "notices" / "consent").glob("*.json")
    written = json.loads(letter.read_text("utf-8"))
    assert written["channel"] == "letter"
    assert written["text_version"] == CONSENT_TEXT
    assert len(written["body"]) > 200
    assert str(home) not in letter.read_text("utf-8")
    (row,) = evening.store.rows("seeking")
    assert row.state == "sought"
    ends = [end for start, end, _ in evening.world.open_spans()[home] if start <= asked.at.timestamp()]
    assert max(ends) <= (asked.at + timedelta(minutes=2)).timestamp(), "free within a minute, and the switch's polling"
