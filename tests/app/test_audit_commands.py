"""``linkbox audit export``, ``redact`` and ``retention`` on a store that an evening left."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from linkbox.adapters.store_sql import SqliteStore
from linkbox.adapters.timestamp import HttpTimeStamper
from linkbox.dcc.smki import KeyUsage, Role
from linkbox.operation.checkpoint_desk import keep_stamp, to_stamp
from linkbox.study.scenario import Scenario
from linkbox.study.wiring import USER, cast, read_street
from tests.adapters.test_timestamp import authority, serving
from tests.app.commandline import call

__all__ = ["authority"]

WHO = ("--ground", "erasure", "--reason", "request 4711", "--by", "A. Able", "--by", "B. Best")


@pytest.fixture
def evening(uninterrupted: Path, tmp_path: Path) -> Path:
    """A copy of the evening's folder, with the private key of its records beside it."""
    folder = tmp_path / "evening"
    shutil.copytree(uninterrupted / "evening", folder)
    scenario = Scenario.from_record(json.loads((folder / "scenario.json").read_text()))
    network = read_street(scenario.feeder)
    key = cast(scenario, network, [True] * network.homes).pki.private_key(USER, Role.OTHER, KeyUsage.DIGITAL_SIGNATURE)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder


def held_mpan(folder: Path) -> str:
    store = SqliteStore(folder / "linkbox.sqlite")
    mpan = next(str(row.body["mpan"]) for row in store.rows("command") if row.body["kind"] == "hold")
    store.close()
    return mpan


def test_a_dossier_of_a_store_an_event_and_a_period_verifies_with_file_and_public_key(
    evening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, key, out = evening / "linkbox.sqlite", evening / "key.pem", evening / "out.jsonl"
    event = next(evening.glob("reports/LB-*.jsonl")).stem
    period = ("--since", "2026-01-13T00:00:00Z", "--until", "2026-01-15T00:00:00Z")
    for more in ((), ("--event", event), period, ("--mpans",), ("--no-values",)):
        said = call(capsys, "audit", "export", "--store", store, "--key", key, "--out", out, *more)
        assert said.code == 0, said.error
        assert "Dossier verified." in said.out
        said = call(capsys, "audit", "verify", out, "--public-key", evening / "records-key.pem")
        assert (said.code, "the key that you trust" in said.out) == (0, True)
        assert (held_mpan(evening) in out.read_text()) == (more == ("--mpans",))


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--event", "LB-20200101-001"), "is not in this store"),
        (("--event", "x", "--since", "2026-01-13T00:00:00Z"), "not together with"),
        (("--since", "2026-01-13T00:00:00Z", "--until", "2026-01-13T00:00:00Z"), "must be after --since"),
        (("--since", "yesterday"), "must be a time with its zone"),
        (("--since", "2020-01-13T00:00:00Z", "--until", "2020-01-14T00:00:00Z"), "has no record in this store"),
    ],
)
def test_what_can_not_be_exported_is_said(
    arguments: tuple[str, ...], rule: str, evening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--store", evening / "linkbox.sqlite", "--key", evening / "key.pem", "--out", evening / "out.jsonl")
    said = call(capsys, "audit", "export", *where, *arguments)
    assert said.code == 2
    assert rule in said.error
    assert not (evening / "out.jsonl").exists()


def test_a_customer_is_redacted_only_when_it_is_said_twice(evening: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, mpan = evening / "linkbox.sqlite", held_mpan(evening)
    about = ("--store", store, "--mpan", mpan, *WHO, "--json")
    told = json.loads(call(capsys, "audit", "redact", *about).out)
    assert (told["tokens"], told["redacted"]) == (1, False)
    told = json.loads(call(capsys, "audit", "redact", *about, "--yes").out)
    assert (told["tokens"], told["redacted"]) == (1, True)
    told = json.loads(call(capsys, "audit", "redact", *about, "--yes").out)
    assert (told["tokens"], told["note"]) == (0, "nothing is held of this person")
    out = evening / "out.jsonl"
    said = call(capsys, "audit", "export", "--store", store, "--key", evening / "key.pem", "--out", out)
    assert "1 customers' tokens were redacted" in said.out
    assert "Dossier verified." in said.out


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((*WHO[:-2], "--mpan", "2000000000008"), "it takes 2 different names"),
        ((*WHO, "--mpan", "123"), "must be exactly 13 decimal digits"),
        (WHO, "either --mpan or --person"),
        ((*WHO, "--person", "x"), "must be a name"),
    ],
)
def test_a_redaction_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], rule: str, evening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = call(capsys, "audit", "redact", "--store", evening / "linkbox.sqlite", *arguments)
    assert said.code == 2
    assert rule in said.error


def test_while_a_controller_works_on_the_store_nothing_writes_into_its_chain(
    evening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = evening / "linkbox.sqlite"
    owner = SqliteStore(place, owner=True)
    before = owner.audit_lines()
    finding = ("market", "finding", evening, "LB-20260113-001", "one-off", "--who", "A")
    clock = ("clocks", "decide", "F1", "reinforced", "--store", place, "--by", "A", "--reason", "r")
    redaction = ("audit", "redact", "--store", place, "--mpan", held_mpan(evening), *WHO, "--yes")
    retention = ("audit", "retention", "--store", place, "--yes", "--by", "A")
    for command in (finding, redaction, retention):
        said = call(capsys, *command)
        assert said.code == 1, (command, said)
        assert "in use: another Linkbox works on it" in said.error
    said = call(capsys, *clock)
    assert (said.code, "handed to the controller" in said.out) == (0, True)
    assert [item.kind for item in owner.pending_inbox()] == ["clock_decision"]
    assert owner.audit_lines() == before
    assert call(capsys, "clocks", "show", "--store", place).code == 0  # who only looks is let in
    owner.close()
    assert call(capsys, *clock).code == 0


def test_periods_are_shown_and_what_is_due_is_removed(evening: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("audit", "retention", "--store", evening / "linkbox.sqlite", "--json")
    rules = json.loads(call(capsys, *where, "--show").out)["rules"]
    assert all(rule["reason"] and rule["source"] for rule in rules.values())
    due = json.loads(call(capsys, *where).out)["due"]
    assert due["invitation"]["due"] > 0  # the evening was long ago
    done = json.loads(call(capsys, *where, "--yes", "--by", "A. Able").out)["done"]
    assert done["invitation"] == due["invitation"]["due"]
    assert json.loads(call(capsys, *where).out)["due"] == "nothing"


_WRONG = (
    '[[rule]]\nkind = "hold"\naction = "remove"\ndays = 10\ndated_by = "end"\nreason = "r"\nsource = "s"\n'
    '[[rule]]\nkind = "wish"\naction = "burn"\ndays = 1\nreason = "r"\nsource = "s"\n'
    '[[rule]]\nkind = "personal"\naction = "remove"\ndays = 9\ndated_by = "at"\nreason = "r"\nsource = "s"\n'
)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("x = ", ["is not TOML"]),
        ("redaction_names = 9\nmore = 1\n", ["must be 1 to 5", "is not known"]),
        ('[[rule]]\nkind = "hold"\n', ["action: '': must be given", "reason", "source"]),
        (
            _WRONG,
            ["must be at least 31", "is not a kind of record", "must be one of remove, redact, keep", "redact is for"],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_policy_is_said_at_once(
    text: str, rules: list[str], evening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = evening / "own.toml"
    policy.write_text(text)
    where = ("--store", evening / "linkbox.sqlite", "--policy", policy)
    said = call(capsys, "audit", "retention", *where)
    assert said.code == 2
    for rule in rules:
        assert rule in said.error


def test_a_time_stamp_is_verified_offline_with_the_authoritys_certificate(
    evening: Path, authority: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SqliteStore(evening / "linkbox.sqlite")
    at = Scenario.from_record(json.loads((evening / "scenario.json").read_text())).end
    asked = to_stamp(store, at)
    assert asked is not None
    with serving(authority) as served:
        answer = asyncio.run(HttpTimeStamper(served.url, timeout_s=20.0).stamp(asked.octets))
    with store.transaction() as tx:
        keep_stamp(tx, store, asked, answer, at)
    store.close()
    out = evening / "out.jsonl"
    call(capsys, "audit", "export", "--store", evening / "linkbox.sqlite", "--key", evening / "key.pem", "--out", out)
    said = call(capsys, "audit", "verify", out)
    assert "1 time stamps, not checked" in said.out
    said = call(capsys, "audit", "verify", out, "--tsa-certificate", authority / "ca.pem")
    assert (said.code, "1 good time stamps" in said.out) == (0, True)
    (evening / "no.pem").write_text("no")
    assert call(capsys, "audit", "verify", out, "--tsa-certificate", evening / "no.pem").code == 2
