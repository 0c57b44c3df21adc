"""Redaction and retention on a store that Linkbox has worked on: what goes, what stays, what the chain says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.app.retention_policy import read_policy
from linkbox.base.errors import InvalidInput
from linkbox.control.authorisation import ONE_OPERATOR, AuthorisationRequest
from linkbox.control.policy import ControlPolicy
from linkbox.operation import contact_desk, redaction, retention_desk
from linkbox.operation.dossiers import Reader, dossier_of_event, dossier_of_period, dossier_of_store
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.operators import Word, WordKind, sealed
from linkbox.operation.ports import Row
from linkbox.operation.redaction import Request
from linkbox.records.contact import Channel, Contact
from linkbox.records.dossier import DossierVerdict, verify_dossier
from linkbox.records.signing import fingerprint, signer
from tests.adapters.postgresql import schema_of_its_own
from tests.operation.rig import CHARGERS, START, Plan, Rig, assert_memory_equals_store, mpan

KEY = ec.derive_private_key(20260113, ec.SECP256R1())
CODES = {"Asha": b"a" * 32}
BY = Request(ground="erasure", reason="request 4711 of Mrs Miller", by=("A. Able", "B. Best"))
ADDRESS = "miller@example.org"


@pytest.fixture(params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A street on which one operator must approve, over a store of each kind."""
    control = ControlPolicy(authorisation=replace(ONE_OPERATOR, rules=ONE_OPERATOR.rules[-1:]))
    with schema_of_its_own() if request.param == "postgresql" else nullcontext() as url:
        store = SqliteStore(tmp_path / "store.sqlite") if url is None else PostgresqlStore(url)
        made = Rig(store, Plan(control=control), base_a=(160.0, 60.0, 60.0), drawing=set(range(CHARGERS)))
        key = RecordsKey(key_id=fingerprint(KEY.public_key())[:16], sign=signer(KEY))
        made.site = replace(made.site, notices=NoticeSetup(records_key=key), operators=CODES)
        made.start()
        yield made
        store.close()


async def live(rig: Rig) -> str:
    """An overload that an operator approves load control for; customers have chosen e-mail. Which customer is held."""
    chosen = Contact(channel=Channel.EMAIL, address=ADDRESS)
    for home in range(CHARGERS):
        rig.controller.act(lambda s, home=home: contact_desk.choose(s, mpan(home), chosen))  # type: ignore[misc]
    await rig.run(1.5)
    request: Any = rig.intervention.request
    word = Word(
        kind=WordKind.APPROVE,
        intervention_id=rig.intervention.id,
        who="Asha",
        why="rang Mr Jones at 01632 960001",
        said_at="2026-01-13T17:02:00Z",
        digest=AuthorisationRequest.from_record(request).digest,
    )
    rig.controller.receive_operator(sealed(word, CODES["Asha"]))
    await rig.run(50)
    rig.base_a, rig.drawing = (20.0, 20.0, 20.0), set()
    await rig.run(60)
    assert not rig.intervention.open
    rig.controller.seal()
    return str(rig.commands()[0].mpan)


def dossier(rig: Rig, **options: Any) -> bytes:
    return dossier_of_store(rig.store, {"test": 1}, KEY, at=rig.clock.now(), **options)


def verdict(rig: Rig, **options: Any) -> DossierVerdict:
    return verify_dossier(dossier(rig, **options))


async def test_nothing_of_a_person_stands_in_the_chain_in_clear(rig: Rig) -> None:
    await live(rig)
    chain = "\n".join(rig.store.audit_lines())
    for personal in ("Asha", "Jones", "01632", ADDRESS, *(str(mpan(n)) for n in range(CHARGERS))):
        assert personal not in chain, personal
    assert rig.facts("operator", "approve")[0]["who"] == "Asha"  # it can be read, by who has what is beside
    found = verdict(rig)
    assert found.ok
    assert found.beside.shown >= 4
    assert b"Asha" in dossier(rig)
    assert b"Asha" not in dossier(rig, reader=Reader(values=False))


async def test_a_redacted_customer_can_not_be_found_again_and_everything_still_verifies(
    rig: Rig, tmp_path: Path
) -> None:
    await live(rig)
    home = rig.commands()[0].mpan
    before, token = rig.store.audit_lines(), rig.controller.desk.tokens[home]
    with rig.store.transaction() as tx:  # what several evenings would have taught
        tx.put("habit", Row(key=str(home), state="", owner=str(home), body={}))
    found = redaction.find_customer(rig.store, home)
    assert {name: count > 0 for name, count in found.counts().items()} == {
        "tokens": True,
        "values": False,
        "contacts": True,
        "habits": True,
        "notices": True,
    }
    record = redaction.redact(rig.store, found, BY, at=rig.clock.now())
    assert not redaction.find_customer(rig.store, home)
    assert rig.store.audit_lines()[:-1] == before
    assert "Miller" not in rig.store.audit_lines()[-1]
    after = verdict(rig)
    assert after.ok
    assert after.beside.customers_redacted == 1
    others = {row.key for row in rig.store.rows("pseudonym", states=["held"])}
    assert token not in others
    assert ADDRESS not in str([n.body for n in rig.store.rows("notice") if n.body.get("customer") == token])
    assert rig.store.row("contact", str(home)) is None
    assert rig.store.row("habit", str(home)) is None
    rig.start()  # the controller goes on, and knows the customer under a new token
    assert_memory_equals_store(rig)
    rig.controller.act(lambda s: s.audit("customer", "seen", customer=s.customer(home)))
    assert rig.controller.desk.tokens[home] != token
    assert rig.audit("redaction", "redacted")[0].seq == record.seq
    assert verdict(rig, reader=Reader(mpans=True)).ok


async def test_a_redacted_person_is_said_to_be_redacted_and_the_rest_is_shown(rig: Rig) -> None:
    await live(rig)
    found = redaction.find_person(rig.store, "asha")
    assert found.counts()["values"] >= 2
    shown = verdict(rig).beside.shown
    redaction.redact(rig.store, found, replace(BY, ground="objection"), at=rig.clock.now())
    after = verdict(rig)
    assert after.ok
    assert after.beside.redacted == len(found.values)
    assert after.beside.shown == shown - len(found.values) + 3  # who redacted, and why, are values too
    assert "for an objection to processing" in after.describe()
    assert b"Asha" not in dossier(rig)
    assert "(name redacted)" in str(rig.facts("authorisation", "approved"))
    event = dossier_of_event(rig.store, rig.intervention.id, KEY, at=rig.clock.now())
    assert verify_dossier(event).ok
    assert b"Asha" not in event


async def test_who_goes_round_the_command_is_found_out(rig: Rig) -> None:
    """Somebody changes, or deletes, what is beside the chain by hand."""
    await live(rig)
    row = redaction.find_person(rig.store, "Asha").values[0]
    with rig.store.transaction() as tx:
        tx.put("personal", replace(row, body={**row.body, "value": "Ben"}))
    said = verdict(rig)
    assert not said.ok
    assert f"record {row.body['seq']}" in said.describe()
    assert "was altered" in said.describe()
    with rig.store.transaction() as tx:
        tx.remove("personal", row.key)
    assert "is missing, and no record says that it was redacted" in verdict(rig).describe()


@pytest.mark.parametrize(
    ("wrong", "issues"),
    [
        ({"by": ("A. Able",)}, {"--by"}),
        ({"by": ("A. Able", " a. able ")}, {"--by"}),
        ({"ground": "because", "reason": " ", "by": ()}, {"--ground", "--reason", "--by"}),
    ],
)
def test_a_redaction_needs_a_ground_a_reason_and_different_names(wrong: dict[str, Any], issues: set[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(BY, **wrong)
    assert {issue.where for issue in refused.value.issues} == issues


async def test_nothing_of_what_was_redacted_is_left_in_the_files(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    made = Rig(store, Plan(), base_a=(160.0, 60.0, 60.0), drawing={0})
    chosen = Contact(channel=Channel.EMAIL, address=ADDRESS)
    made.controller.act(lambda s: contact_desk.choose(s, mpan(0), chosen))
    await made.run(3)
    assert _anywhere(tmp_path, ADDRESS)
    made.base_a = (20.0, 20.0, 20.0)
    await made.run(90)
    redaction.redact(store, redaction.find_customer(store, mpan(0)), BY, at=made.clock.now())
    store.scrub()
    assert not _anywhere(tmp_path, ADDRESS)
    store.close()
    assert not _anywhere(tmp_path, ADDRESS)


def _anywhere(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.iterdir())


# -- retention ------------------------------------------------------------------------------------------------


async def test_what_is_due_goes_what_is_not_stays_and_the_chain_verifies(rig: Rig) -> None:
    await live(rig)
    policy, said = read_policy(None), list[str]()
    first = rig.clock.now()
    assert retention_desk.carry_out(rig.store, policy, ["A. Able"], first, said.append) == {}
    soon = first + timedelta(days=900)
    counted = {d.rule.kind: d.count for d in retention_desk.due(rig.store, policy, soon) if d.count}
    done = retention_desk.carry_out(rig.store, policy, ["A. Able"], soon, said.append)
    assert counted == {kind: count for kind, count in done.items() if kind not in ("reading", "inbox")}
    assert {"notice", "exchange", "reading", "inbox"} <= set(done)
    assert rig.store.rows("exchange") == rig.store.rows("notice") == rig.store.readings("F1", after=None) == []
    assert rig.store.rows("command") != []
    late = first + timedelta(days=2500)
    done = retention_desk.carry_out(rig.store, policy, ["A. Able"], late, said.append)
    assert {"command", "hold", "intervention", "personal", "pseudonym", "event"} <= set(done)
    assert rig.store.rows("command") == rig.store.rows("intervention") == []
    after = verdict(rig)
    assert after.ok
    assert after.beside.customers_redacted >= 1
    assert "for the end of its retention period" in after.describe()
    assert b"Asha" not in dossier(rig)
    assert retention_desk.carry_out(rig.store, policy, ["A. Able"], late, said.append) == {}
    rig.start()
    assert_memory_equals_store(rig)


async def test_a_dossier_of_a_period_is_under_a_signature_to_its_end(rig: Rig) -> None:
    await live(rig)
    since, until = START + timedelta(minutes=1), START + timedelta(minutes=4)
    data = dossier_of_period(rig.store, since, until, KEY, at=rig.clock.now())
    found = verify_dossier(data)
    assert found.ok
    assert found.chain.coverage.value == "signed to the end"
    assert found.chain.records < len(rig.store.audit_lines())
    with pytest.raises(InvalidInput, match="has no record"):
        dossier_of_period(rig.store, START - timedelta(days=2), START - timedelta(days=1), KEY, at=rig.clock.now())
    other = ec.derive_private_key(7, ec.SECP256R1())
    with pytest.raises(InvalidInput, match="is not the key that signs"):
        dossier_of_store(rig.store, {}, other, at=rig.clock.now())


def test_the_file_is_overwritten_where_rows_are_freed(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "store.sqlite").close()
    store = SqliteStore(tmp_path / "store.sqlite")
    assert store._connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    store.close()
    assert sqlite3.sqlite_version_info >= (3, 20)
