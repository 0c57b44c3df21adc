"""Dossiers: one file, checked with nothing but itself."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.records.audit import AuditRecord, Coverage, ProblemKind, Unrecordable, head_of, make_checkpoint
from linkbox.records.dossier import NotADossier, export_dossier, verify_dossier
from linkbox.records.signing import NotAPublicKey, checker, fingerprint, load_public_key, public_pem, signer
from tests.records.conftest import START, make_chain

KEY = ec.derive_private_key(20260113, ec.SECP256R1())
OTHER = ec.derive_private_key(7, ec.SECP256R1())
PEM = public_pem(KEY.public_key())


def dossier(first: int = 0, *, hide: str = "", key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    chain = make_chain(12)
    sign = signer(key)
    checkpoints = [make_checkpoint(head_of(chain[:n]), at=START, key_id="audit-1", sign=sign) for n in (4, 8, 12)]
    return export_dossier(
        {"intervention": "I-0001", "feeder": "F1"},
        chain[first:],
        checkpoints,
        public_key=key.public_key(),
        sign=sign,
        at=START + timedelta(hours=14),
        show=lambda record: record.stream != hide,
    )


def test_a_dossier_verifies_from_its_bytes_alone() -> None:
    verdict = verify_dossier(dossier())
    assert verdict.ok
    assert verdict.about == {"intervention": "I-0001", "feeder": "F1"}
    assert verdict.chain.coverage is Coverage.FULL
    assert verdict.key_is_trusted is None
    assert "compare the fingerprint" in verdict.describe()


def test_a_stretch_from_the_middle_of_the_chain_verifies() -> None:
    verdict = verify_dossier(dossier(first=6))
    assert verdict.ok
    assert verdict.chain.records == 6
    assert verdict.chain.checkpoints == 2


def test_facts_for_somebody_else_are_withheld_and_the_rest_verifies() -> None:
    data = dossier(hide="market")
    verdict = verify_dossier(data)
    assert verdict.ok
    assert verdict.chain.withheld == (2, 5, 8, 11)
    records = [AuditRecord.from_line(line) for line in data.split(b"\n")[1:13]]
    assert all((record.facts is None) == (record.stream == "market") for record in records)


def test_the_key_can_be_checked_against_one_held_elsewhere() -> None:
    assert verify_dossier(dossier(), trusted_key=PEM).key_is_trusted is True
    forged = verify_dossier(dossier(key=OTHER), trusted_key=PEM)
    assert forged.chain.ok
    assert forged.key_is_trusted is False
    assert not forged.ok


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    whole = dossier()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]))
    changed = whole[:at] + bytes([byte]) + whole[at + 1 :]
    with contextlib.suppress(NotADossier):  # raised where the title line itself is broken
        assert not verify_dossier(changed).ok


def test_an_altered_record_is_named_with_its_line_in_the_file() -> None:
    changed = dossier().replace(b'"number":4', b'"number":5', 1)
    verdict = verify_dossier(changed)
    assert [(p.kind, p.seq, p.line) for p in verdict.chain.problems] == [(ProblemKind.ALTERED, 5, 6)]
    assert any("sealed" in fault for fault in verdict.faults)


def test_dropped_records_and_checkpoints_are_found_even_at_the_end() -> None:
    lines = dossier().split(b"\n")
    assert not verify_dossier(b"\n".join(lines[:12] + lines[13:])).ok
    assert not verify_dossier(b"\n".join(lines[:15] + lines[16:])).ok
    without_seal = verify_dossier(b"\n".join([*lines[:16], b""]))
    assert "the seal is missing" in without_seal.faults


def test_a_rewritten_file_sealed_anew_with_another_key_does_not_pass_as_the_old_one() -> None:
    forged = dossier(key=OTHER)
    title = json.loads(forged.split(b"\n")[0])
    title["dossier"]["public_key"] = PEM.decode()
    relabelled = json.dumps(title, sort_keys=True, separators=(",", ":")).encode() + forged[forged.index(b"\n") :]
    assert not verify_dossier(relabelled).ok


def test_personal_data_is_refused_in_the_title() -> None:
    with pytest.raises(Unrecordable):
        export_dossier(
            {"customer": Mpan.from_core("120000000001")},
            make_chain(1),
            [],
            public_key=KEY.public_key(),
            sign=signer(KEY),
            at=START,
        )


@given(st.binary(max_size=300))
def test_rubbish_is_no_dossier(data: bytes) -> None:
    with pytest.raises(NotADossier):
        verify_dossier(data)


@pytest.mark.parametrize("title", ['{"dossier":{}}', '{"dossier":{"format":"linkbox-dossier-2"}}', "[]", "{}", "null"])
def test_another_format_is_refused_by_name(title: str) -> None:
    with pytest.raises(NotADossier, match="line 1"):
        verify_dossier(title.encode() + b"\n")


def test_a_dossier_without_records_is_whole_but_unsigned() -> None:
    data = export_dossier({}, [], [], public_key=KEY.public_key(), sign=signer(KEY), at=START)
    assert verify_dossier(data).ok
    assert verify_dossier(data).chain.coverage is Coverage.NONE


def test_signatures_are_the_same_for_the_same_message_and_checked_without_raising() -> None:
    sign, check = signer(KEY), checker(KEY.public_key())
    assert sign(b"message") == sign(b"message")
    assert check(b"message", sign(b"message"))
    assert not check(b"other", sign(b"message"))
    assert not check(b"message", b"")
    assert not check(b"message", b"\x30\x06\x02\x01\x00\x02\x01\x00")


def test_a_key_that_is_not_p256_is_refused() -> None:
    wrong = ec.derive_private_key(5, ec.SECP384R1()).public_key()
    pem = wrong.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for text in (pem, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(NotAPublicKey):
            load_public_key(text)
    with pytest.raises(NotAPublicKey):
        verify_dossier(dossier(), trusted_key=pem)
    assert len(fingerprint(KEY.public_key())) == 64
