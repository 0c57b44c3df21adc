"""``linkbox audit verify``: exit code 0 for an intact dossier, 1 for one that was changed, 2 for another file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.app.audit_parallel import scan_on_all_cores
from linkbox.records.audit import EMPTY_CHAIN, verify_lines
from tests.app.commandline import call

Lines = list[bytes]


@pytest.fixture
def dossier(uninterrupted: Path) -> Path:
    return uninterrupted / "evening" / "audit.jsonl"


def pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_exported_evening_is_intact(dossier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "audit", "verify", dossier)
    assert said.code == 0
    assert "The record is intact." in said.out
    assert "signed to the end" in said.out


def test_key_held_from_elsewhere_is_told_apart(
    dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = json.loads(dossier.read_bytes().split(b"\n")[0])["dossier"]["public_key"]
    (tmp_path / "own.pem").write_text(own)
    (tmp_path / "other.pem").write_bytes(pem(ec.derive_private_key(7, ec.SECP256R1()).public_key()))
    said = call(capsys, "audit", "verify", dossier, "--public-key", tmp_path / "own.pem")
    assert (said.code, "the key that you trust" in said.out) == (0, True)
    said = call(capsys, "audit", "verify", dossier, "--public-key", tmp_path / "other.pem")
    assert (said.code, "NOT the key that you trust" in said.error) == (1, True)


def changed(lines: Lines) -> Lines:
    at = next(i for i, line in enumerate(lines) if b'"opened"' in line)
    return [*lines[:at], lines[at].replace(b'"intervention":"LB-', b'"intervention":"LC-'), *lines[at + 1 :]]


TAMPERED: dict[str, Callable[[Lines], Lines]] = {
    "a record was changed": changed,
    "a record was dropped": lambda lines: [*lines[:40], *lines[41:]],
    "two records were exchanged": lambda lines: [*lines[:40], lines[41], lines[40], *lines[42:]],
    "a record was put in again": lambda lines: [*lines[:40], lines[39], *lines[40:]],
    "the end was cut off": lambda lines: [*lines[:-20], *lines[-3:]],
    "the checkpoint was taken out": lambda lines: [*lines[:-3], *lines[-2:]],
    "the seal was taken out": lambda lines: [*lines[:-2], b""],
    "the title was changed": lambda lines: [lines[0].replace(b'"seed":34', b'"seed":35'), *lines[1:]],
    "the last line end is missing": lambda lines: lines[:-1],
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_tampering_is_found(kind: str, dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = dossier.read_bytes().split(b"\n")
    bent = b"\n".join(TAMPERED[kind](lines))
    assert bent != dossier.read_bytes()
    (tmp_path / "bent.jsonl").write_bytes(bent)
    said = call(capsys, "audit", "verify", tmp_path / "bent.jsonl")
    assert said.code == 1
    assert "DOSSIER NOT VERIFIED." in said.error
    assert "Traceback" not in said.error


@pytest.mark.parametrize("at_share", [0.0, 0.2, 0.5, 0.8, 0.999])
def test_any_changed_byte_is_found(
    at_share: float, dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(dossier.read_bytes())
    data[int(at_share * len(data))] ^= 0x01
    (tmp_path / "bent.jsonl").write_bytes(data)
    assert call(capsys, "audit", "verify", tmp_path / "bent.jsonl").code in {1, 2}


@pytest.mark.parametrize("content", [b"", b"Dear all,\n", b"{}\n", b"\x00\xff\xfe" * 50, b'{"dossier":{}}\n'])
def test_file_that_is_no_dossier_is_refused(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letter").write_bytes(content)
    said = call(capsys, "audit", "verify", tmp_path / "letter")
    assert said.code == 2
    assert "not a Linkbox dossier" in said.error


def test_file_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "audit", "verify", tmp_path / "none.jsonl")
    assert said.code == 2
    assert str(tmp_path / "none.jsonl") in said.error


def test_file_that_is_no_key_is_refused_by_its_name(
    dossier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.pem").write_text("no key")
    said = call(capsys, "audit", "verify", dossier, "--public-key", tmp_path / "key.pem")
    assert said.code == 2
    assert str(tmp_path / "key.pem") in said.error


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_all_cores_together_find_what_one_finds(workers: int, dossier: Path) -> None:
    lines = dossier.read_bytes().split(b"\n")
    records = [line for line in lines if line.startswith(b'{"digest"')]
    scan = partial(scan_on_all_cores, workers=workers, worth_it=2)
    alone = verify_lines(records)
    assert alone.ok
    assert verify_lines(records, scan_all=scan) == alone
    for at in (1, len(records) // 2, len(records) - 1):
        bent = [*records[:at], records[at].replace(b'"seq":', b'"seq" :'), *records[at + 1 :]]
        assert scan(bent, EMPTY_CHAIN, set()) is None
        assert verify_lines(bent, scan_all=scan) == verify_lines(bent)
