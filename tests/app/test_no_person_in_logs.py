"""No MPAN, name, address, e-mail or phone number reaches a log or the error stream, whatever is logged: an evening with
people who say no, and the commands that handle people, with every logger at its most talkative."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.identifiers import InvalidIdentifier, Mpan

_LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(name)s %(message)s")
logging.disable(logging.NOTSET)
"""
_LINKBOX = _LOUD + "from linkbox.app.cli import main\nmain(sys.argv[1:])\n"
_DIGITS = re.compile(r"(?<![0-9])[0-9]{13}(?![0-9])")
_EMAIL = re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}")
NEW_CUSTOMER = "Gwendolyn Featherstonehaugh"
ADDRESS = "17 Cellar Street"


def loud(code: str, *arguments: object, folder: Path) -> str:
    """What a process writes to its logs and its error stream."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return done.stderr


def leaks(text: str, secrets: Collection[str] = ()) -> set[str]:
    """What of a person stands in a text: any MPAN, any e-mail address, any of the secrets."""
    found = {word for word in _DIGITS.findall(text) if _is_mpan(word)}
    found |= set(_EMAIL.findall(text))
    return found | {secret for secret in secrets if secret.casefold() in text.casefold()}


def _is_mpan(word: str) -> bool:
    try:
        Mpan(word)
    except InvalidIdentifier:
        return False
    return True


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with an evening on which people are held, told, and say no; and everything that was logged meanwhile."""
    folder = tmp_path_factory.mktemp("logs")
    options = ("--starts", "00:00", "--hours", "1.5", "--say-no-share", "0.5", "--authorisation", "one", "--out", "out")
    return folder, loud(_LINKBOX, "demo", *options, folder=folder)


def people_of(folder: Path) -> set[str]:
    """MPANs, addresses and numbers of everybody in the store, and the operators' names."""
    store = SqliteStore(folder / "out" / "linkbox.sqlite")
    notices: Iterable[dict[str, Any]] = [dict(row.body) for row in store.rows("notice")]
    found = {str(mpan) for row in store.customer_events() if (mpan := row.get("mpan"))}
    found |= {str(row.body["mpan"]) for row in store.rows("command")}
    found |= {str(notice["to"]) for notice in notices if notice.get("to")}
    found |= {str(row.body["value"]) for row in store.rows("personal") if row.body["kind"] == "name"}
    store.close()
    return found - {"", "{}"}


def test_an_evening_logs_much_and_nobody_in_it(evening: tuple[Path, str]) -> None:
    folder, logged = evening
    people = people_of(folder)
    assert len([p for p in people if p.isdigit()]) > 20
    assert any("@" in p or p.startswith("+") for p in people)
    assert len(logged.splitlines()) > 100, "the loggers are not at work: nothing would be found"
    assert leaks(logged, people) == set()


def test_the_commands_that_handle_people_say_nobody_in_what_they_log(evening: tuple[Path, str]) -> None:
    folder, _ = evening
    store = folder / "out" / "linkbox.sqlite"
    mpan = next(p for p in people_of(folder) if p.isdigit() and _is_mpan(p))
    good, bad, chosen = folder / "good.csv", folder / "bad.csv", folder / "chosen.csv"
    head = "mpan,at,kind,text_version,channel,evidence,tenancy\n"
    line = f"{mpan},2026-01-20T10:00:00Z,given,2026-1,web,{NEW_CUSTOMER} of {ADDRESS},T1\n"
    good.write_text(head + line)
    other = Mpan(mpan)[:-1] + str((int(mpan[-1]) + 1) % 10)
    bad.write_text(head + line.replace("given", "perhaps") + line.replace(mpan, other))
    chosen.write_text(f"mpan,name,address,email\n{mpan},{NEW_CUSTOMER},{ADDRESS},gwen@example.org\n")
    by = ("--ground", "erasure", "--reason", NEW_CUSTOMER, "--by", NEW_CUSTOMER, "--by", "B. Best")
    where = ("--store", store)
    campaign = ("--campaign", "spring", "--text-version", "2026-2", "--out", "letters", "--selection", chosen)
    commands: list[tuple[object, ...]] = [
        ("consents", "import", good, *where),
        ("consents", "import", bad, *where),
        ("consents", "show", mpan, *where),
        ("consents", "show", mpan[:-1] + "x", *where),
        ("consents", "seek", *where, *campaign, "--channel", "e-mail"),
        ("consents", "opt-out", mpan, *where, "--evidence", f"call of {NEW_CUSTOMER}"),
        ("consents", "export", *where, "--out", "facts.csv"),
        ("consents", "reviews", *where),
        ("notices", "list", *where, "--month", "2026-01"),
        ("interventions", "list", *where),
        ("report", "month", *where, "--month", "2026-01"),
        ("clocks", "show", *where),
        ("audit", "redact", *where, "--mpan", mpan, *by),
        ("audit", "redact", *where, "--mpan", mpan, *by, "--yes"),
        ("audit", "redact", *where, "--mpan", mpan + "1", *by),
        ("audit", "retention", *where, "--yes", "--by", NEW_CUSTOMER),
    ]
    secrets = {mpan, other, mpan[:-1], NEW_CUSTOMER, ADDRESS, *people_of(folder)}
    for command in commands:
        logged = loud(_LINKBOX, *command, folder=folder)
        assert "Traceback" not in logged, (command, logged)
        assert leaks(logged, secrets) == set(), (command, logged)


@pytest.mark.parametrize(
    "planted", ["2000000000006", "gwen@example.org", "+447700900123", "Gwendolyn Featherstonehaugh", "17 cellar street"]
)
def test_somebody_who_is_planted_in_a_log_is_found(planted: str, tmp_path: Path) -> None:
    code = _LOUD + "logging.getLogger('linkbox.adapters.anything').debug('told %s', sys.argv[1])\n"
    assert leaks(loud(code, planted, folder=tmp_path), {"+447700900123", NEW_CUSTOMER, ADDRESS})


def test_a_statement_that_fails_shows_none_of_its_values(tmp_path: Path) -> None:
    code = _LOUD + (
        "from pathlib import Path\nfrom linkbox.adapters.store_sql import SqliteStore\n"
        "store = SqliteStore(Path('store.sqlite'))\n"
        "with store.transaction() as tx:\n    tx.append_audit([(1, 'gwen@example.org'), (1, 'gwen@example.org')])\n"
    )
    logged = loud(code, folder=tmp_path)
    assert "IntegrityError" in logged
    assert leaks(logged.replace(code, "")) == set()
