"""Runs the command line as a process would, and keeps what came out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from linkbox.app.cli import main
from linkbox.app.wire_io import PASSWORD_VARIABLE
from linkbox.base.identifiers import Mpan

USER, DSP, METER = "90-B3-D5-1F-30-02-00-00", "90-B3-D5-1F-30-00-00-02", "00-DB-12-34-56-78-90-A0"
STRANGER = "90-B3-D5-1F-30-03-00-00"
HUB, SWITCH = "00-DB-12-34-56-78-02-01", "00-DB-12-34-56-78-05-01"
PASSWORD = "only for tests"
HOME = Mpan.from_core("120000000001")
COLUMNS = "mpan,chf,gpf,esme,hcalcs,slot,label,region,hub"
HOMES = f"{COLUMNS}\n{HOME},{HUB},,{METER},{SWITCH},3,EV CHARGER,South,dual-band\n"
WHO = ("--originator", USER, "--target", METER, "--counter", "1001")
HOLD = ("--srv", "7.6", *WHO, "--index", "3", "--duration", "60")


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class _Stream(io.TextIOWrapper):
    """Standard input or output that is not a terminal."""

    def __init__(self, data: bytes = b"") -> None:
        self.raw_buffer = io.BytesIO(data)
        super().__init__(self.raw_buffer, "utf-8", write_through=True)


@contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[_Stream, _Stream]]:
    kept = sys.stdin, sys.stdout, sys.stderr
    out, err = _Stream(), _Stream()
    sys.stdin, sys.stdout, sys.stderr = _Stream(stdin), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept


def linkbox(*words: object, stdin: bytes = b"") -> Done:
    """``linkbox`` with these words."""
    code: Any = None
    with _streams(stdin) as (out, err):
        try:
            main([str(word) for word in words])
        except SystemExit as left:
            code = left.code
    return Done(int(code or 0), out.raw_buffer.getvalue(), err.raw_buffer.getvalue().decode())


def right(*words: object, stdin: bytes = b"") -> Done:
    """As ``linkbox``, for a command that must succeed."""
    done = linkbox(*words, stdin=stdin)
    assert done.code == 0, done.text + done.err
    return done


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test PKI of a user, a stranger and one home, made by the command line."""
    folder = tmp_path_factory.mktemp("wire")
    (folder / "homes.csv").write_text(HOMES)
    (folder / "password").write_text(PASSWORD + "\n")
    words = ("--inventory", folder / "homes.csv", "--user", USER, "--user", STRANGER)
    right("pki", "create", folder / "pki", "--seed", "tests", *words, "--password-file", folder / "password")
    return folder / "pki"


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password of the key files in the environment."""
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)


def key_of(pki: Path, eui: str, role: str, usage: str = "ds") -> tuple[object, ...]:
    """The options that name a key of the folder."""
    stem = f"{eui}-{role}-{usage}"
    return "--key", pki / "keys" / f"{stem}.p8", "--certificate", pki / "certificates" / f"{stem}.pem"
