"""Signatures and MACs, against the published set and between keys of a test PKI."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import (
    BadMac,
    PreCommandMismatch,
    add_mac,
    add_mac_with_secret,
    decode,
    encode,
    mac_with_secret,
    sign,
    sign_pre_command,
    signed_part,
    verify_mac,
    verify_mac_with_secret,
    verify_signature,
)
from linkbox.dcc.smki import BadSignature, KeyUsage, Role, TestPki, UnknownCertificate
from tests.dcc_gbcs.test_envelope import BROKER, ESME, PRE_COMMAND, USER
from tests.dcc_gbcs.vectors import Capture, messages, named, needs_vectors, say, secret_of, trust

PUBLISHED_AT = datetime(2020, 1, 1, tzinfo=UTC)  # within the validity of the published certificates
NOW = datetime(2026, 1, 13, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki() -> TestPki:
    return TestPki("gbcs", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@needs_vectors
def test_every_published_signature_verifies(capsys: Capture) -> None:
    signed = {name: data for name, data in messages().items() if decode(data).signature is not None}
    for name, data in signed.items():
        verified = verify_signature(data, trust=trust(), at=PUBLISHED_AT)
        assert verified.value == decode(data), name
        assert verified.signer.eui == verified.value.originator, name
    say(capsys, f"signatures: {len(signed)} verified")
    assert len(signed) > 50


@needs_vectors
def test_every_published_mac_verifies_and_is_rebuilt(capsys: Capture) -> None:
    protected = {name: decode(data) for name, data in messages().items() if decode(data).mac is not None}
    for name, message in protected.items():
        data, secret = messages()[name], secret_of(message)
        assert verify_mac_with_secret(data, secret) == message, name
        unprotected = decode(data[data.index(b"\xdf") : -12])
        assert add_mac_with_secret(unprotected, secret) == data, name
        assert mac_with_secret(message, secret) == message.mac, name
    say(capsys, f"MACs: {len(protected)} verified and rebuilt")
    assert len(protected) > 40


@needs_vectors
@pytest.mark.parametrize("name", named("PRECOMMAND"))
def test_a_published_pre_command_is_the_inside_of_its_command(name: str) -> None:
    pre_command, command = messages()[name], decode(messages()[name.replace("PRECOMMAND", "COMMAND")])
    assert signed_part(command) == pre_command[1:]


def test_a_signed_message_verifies_and_a_changed_one_does_not(pki: TestPki) -> None:
    signed = sign(decode(PRE_COMMAND), pki.signer(USER, Role.NETWORK_OPERATOR))
    data = encode(signed)
    assert verify_signature(data, trust=pki.trust_store(), at=NOW).value == signed
    for place in (10, 40, len(data) - 70, len(data) - 1):
        changed = data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
        with pytest.raises(RemoteProtocolError):
            verify_signature(changed, trust=pki.trust_store(), at=NOW)


def test_the_signature_under_a_mac_verifies_too(pki: TestPki) -> None:
    signed = sign(decode(PRE_COMMAND), pki.signer(USER, Role.NETWORK_OPERATOR))
    meter = pki.certificate(ESME, None, KeyUsage.KEY_AGREEMENT)
    data = add_mac(signed, pki.agreer(BROKER, Role.ACCESS_CONTROL_BROKER), meter)
    assert verify_signature(data, trust=pki.trust_store(), at=NOW).raw == data


def test_a_signature_needs_a_certificate_that_is_valid_then_and_has_the_role(pki: TestPki) -> None:
    data = encode(sign(decode(PRE_COMMAND), pki.signer(USER, Role.NETWORK_OPERATOR)))
    with pytest.raises(UnknownCertificate):
        verify_signature(data, trust=pki.trust_store(), at=datetime(2025, 12, 31, tzinfo=UTC))
    with pytest.raises(UnknownCertificate):
        verify_signature(data, trust=pki.trust_store(), at=NOW, role=Role.SUPPLIER)
    assert verify_signature(data, trust=pki.trust_store(), at=NOW, role=Role.NETWORK_OPERATOR)


def test_an_unsigned_message_is_not_verified(pki: TestPki) -> None:
    with pytest.raises(BadSignature, match="unsigned"):
        verify_signature(PRE_COMMAND, trust=pki.trust_store(), at=NOW)


def test_during_a_renewal_either_certificate_verifies() -> None:
    old = TestPki("old", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    new = TestPki("new", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    signers = [p.signer(USER, Role.NETWORK_OPERATOR) for p in (old, new)]
    both = old.trust_store().with_(new.certificates())
    for signer in signers:
        data = encode(sign(decode(PRE_COMMAND), signer))
        assert verify_signature(data, trust=both, at=NOW).signer == signer.certificate
    stranger = TestPki("other", NOW, NOW).signer(USER, Role.NETWORK_OPERATOR)
    with pytest.raises(BadSignature):
        verify_signature(encode(sign(decode(PRE_COMMAND), stranger)), trust=both, at=NOW)


def test_only_the_originator_signs_and_only_once(pki: TestPki) -> None:
    signer = pki.signer(USER, Role.NETWORK_OPERATOR)
    with pytest.raises(LocalProtocolError, match="originator"):
        sign(decode(PRE_COMMAND), pki.signer(BROKER, Role.ACCESS_CONTROL_BROKER))
    with pytest.raises(LocalProtocolError, match="unsigned"):
        sign(sign(decode(PRE_COMMAND), signer), signer)


def test_either_end_verifies_a_mac_and_nobody_else(pki: TestPki) -> None:
    broker, meter = pki.agreer(BROKER, Role.ACCESS_CONTROL_BROKER), pki.agreer(ESME, None)
    data = add_mac(decode(PRE_COMMAND), broker, meter.certificate)
    assert verify_mac(data, meter, broker.certificate) == verify_mac(data, broker, meter.certificate)
    with pytest.raises(BadMac):
        verify_mac(data, pki.agreer(USER, Role.NETWORK_OPERATOR), meter.certificate)
    with pytest.raises(BadMac):
        verify_mac(data[:-1] + bytes((data[-1] ^ 1,)), meter, broker.certificate)
    with pytest.raises(BadMac, match="no MAC header"):
        verify_mac(PRE_COMMAND, meter, broker.certificate)


def test_a_mac_is_not_added_twice_nor_with_half_a_secret(pki: TestPki) -> None:
    protected = decode(add_mac_with_secret(decode(PRE_COMMAND), bytes(32)))
    with pytest.raises(LocalProtocolError, match="no MAC"):
        add_mac_with_secret(protected, bytes(32))
    with pytest.raises(LocalProtocolError, match="32 octets"):
        add_mac_with_secret(decode(PRE_COMMAND), bytes(16))


@pytest.mark.parametrize("received", [PRE_COMMAND, PRE_COMMAND[:-1]])
def test_a_pre_command_is_signed_with_or_without_its_last_octet_alike(pki: TestPki, received: bytes) -> None:
    signed = sign_pre_command(received, expected=PRE_COMMAND, signer=pki.signer(USER, Role.NETWORK_OPERATOR))
    assert signed[:-65] == PRE_COMMAND[:-1]
    assert len(signed) == 133  # as reference dcc.md section 5.6 says of this very message
    assert verify_signature(signed, trust=pki.trust_store(), at=NOW).value.signature == signed[-64:]


@pytest.mark.parametrize(
    ("place", "value", "named_part"),
    [
        (2, 2, "cra must be"),
        (10, 1, "originator_counter must be 1766940660265"),
        (19, 1, "originator must be"),
        (28, 1, "recipient must be"),
        (32, 0x56, "message_code must be"),
        (len(PRE_COMMAND) - 5, 0x3D, "payload must be"),  # 61 minutes
        (len(PRE_COMMAND) - 2, 0x11, "payload must be"),  # on, not off
        (0, 0, "readable unsigned command"),
    ],
)
def test_a_pre_command_that_is_not_what_was_asked_for_is_never_signed(
    pki: TestPki, place: int, value: int, named_part: str
) -> None:
    received = PRE_COMMAND[:place] + bytes((value,)) + PRE_COMMAND[place + 1 :]
    with pytest.raises(PreCommandMismatch, match=named_part):
        sign_pre_command(received, expected=PRE_COMMAND, signer=pki.signer(USER, Role.NETWORK_OPERATOR))


def test_a_pre_command_with_more_behind_it_is_never_signed(pki: TestPki) -> None:
    signer = pki.signer(USER, Role.NETWORK_OPERATOR)
    for received in (PRE_COMMAND + b"\x00", PRE_COMMAND[:-1] + b"\x40" + bytes(64), b"", PRE_COMMAND[:-2]):
        with pytest.raises(PreCommandMismatch):
            sign_pre_command(received, expected=PRE_COMMAND, signer=signer)


def test_a_pre_command_of_another_originator_is_not_ours_to_sign(pki: TestPki) -> None:
    with pytest.raises(LocalProtocolError, match="originator"):
        sign_pre_command(PRE_COMMAND, expected=PRE_COMMAND, signer=pki.signer(BROKER, Role.ACCESS_CONTROL_BROKER))
