"""The pages on the store and on HTTP name every table, column, kind, snapshot and path that there is, and no other."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from linkbox.adapters import store_sql
from linkbox.adapters.gateway_http import DEFAULT_PATHS
from linkbox.adapters.inbound_customers import PATH as CUSTOMERS_PATH
from linkbox.adapters.inbound_http import MAX_MESSAGE_BYTES, ReadingIn, create_inbound_app
from linkbox.app.retention_policy import read_policy
from linkbox.customers import TenancyChange
from linkbox.market import RemoteProtocolError
from linkbox.operation import customer_messages
from linkbox.operation.desk import Desk
from tests.docs.evenings import Played
from tests.docs.guides import DOCS, ROOT, blocks

STORE = (DOCS / "reference" / "store.md").read_text("utf-8")
HTTP = (DOCS / "reference" / "http.md").read_text("utf-8")


def cells(page: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    text = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return [row for row in rows[1:] if not set(row[0]) <= {"-", " "}]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_every_table_is_described_with_its_columns() -> None:
    described = {code(row[0])[0]: code(row[1]) for row in cells(STORE, "Tables")}
    assert described == {t.name: [c.name for c in t.columns] for t in store_sql.METADATA.tables.values()}


def test_every_kind_of_entity_that_the_operation_writes_is_described() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "linkbox" / "operation").glob("*.py"))
    written = set(re.findall(r"""(?:tx\.put|\.queue|\.rows)\(\s*"([a-z_]+)\"""", sources))
    described = {code(row[0])[0] for row in cells(STORE, "Kinds of entity")}
    assert written - described == set()
    assert {kind for kind in described if f'"{kind}"' not in sources} == set()


def test_every_kind_of_entity_has_a_retention_period_or_a_reason_to_be_kept() -> None:
    described = {code(row[0])[0] for row in cells(STORE, "Kinds of entity")}
    ruled = {rule.kind: rule for rule in read_policy(None).rules}
    assert set(ruled) == described | {"reading", "inbox"}
    assert all(rule.reason and rule.source for rule in ruled.values())


def test_the_store_of_an_evening_holds_what_the_page_says(
    held: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "linkbox-demo").symlink_to(held.folder)
    monkeypatch.chdir(tmp_path)
    ((_, example),) = blocks(DOCS / "reference" / "store.md")
    exec(compile(example, "store.md", "exec"), {})  # noqa: S102 - the page's own example
    printed = {(*line.split()[1:], "")[:2] for line in capsys.readouterr().out.splitlines()}
    states = {code(row[0])[0]: code(row[2]) for row in cells(STORE, "Kinds of entity")}
    plain = {kind: values for kind, values in states.items() if values}
    assert {kind for kind, _ in printed} <= set(states)
    assert {kind: state for kind, state in printed if kind in plain and state not in plain[kind]} == {}
    store = sqlite3.connect(tmp_path / "linkbox-demo" / "linkbox.sqlite")
    snapshots = {name for (name,) in store.execute("SELECT name FROM snapshot")}
    store.close()
    assert {code(row[0])[0] for row in cells(STORE, "Snapshots")} == snapshots


def paths(app: FastAPI) -> set[str]:
    found = [route for route in app.routes if isinstance(route, Route)]
    return {f"{method} {route.path}" for route in found for method in route.methods or ()}


class NobodyHome:
    """A front that is never asked."""

    desk: Desk

    def receive_dcc(self, body: bytes) -> str | None:
        raise AssertionError

    def receive_market(self, body: bytes) -> RemoteProtocolError | None:
        raise AssertionError

    def receive_reading(self, *_: object) -> str | None:
        raise AssertionError


def test_every_inbound_path_is_described() -> None:
    app = create_inbound_app(NobodyHome())
    described = {code(row[0])[0] for row in cells(HTTP, "Into Linkbox") if row[0].startswith("`POST")}
    assert described == paths(app) | {f"POST {CUSTOMERS_PATH}", "POST /ingest/batch"}


def test_the_paths_to_the_dcc_are_described() -> None:
    described = {code(row[0])[0] for row in cells(HTTP, "Out of Linkbox, to the DCC")}
    assert described == {f"POST {path}" for path in DEFAULT_PATHS.values()}


def test_the_longest_body_is_told() -> None:
    assert f"{MAX_MESSAGE_BYTES:,} bytes" in HTTP


def test_the_example_messages_are_taken() -> None:
    examples = re.findall(r"```json\n(.*?)```", HTTP, re.DOTALL)
    (move,) = [text for text in examples if "tenancy_change" in text]
    (reading,) = [text for text in examples if text != move]
    told = customer_messages.read(json.loads(move), recorded_at=datetime(2026, 1, 13, tzinfo=UTC))
    assert isinstance(told.event, TenancyChange)
    assert ReadingIn.model_validate_json(reading).current_a == [49.1, 46.9, 47.8]
