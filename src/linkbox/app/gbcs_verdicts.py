"""Verdicts on GBCS messages: is it signed, by whom; is its MAC right; is a Pre-Command what was asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.app.duis_verdicts import signer_facts
from linkbox.app.wire_io import as_input, bad_input, password, read_octets
from linkbox.base.identifiers import Eui64
from linkbox.base.time import format_utc
from linkbox.dcc.duis import decode_request
from linkbox.dcc.exchange.correlation import sign_correlated
from linkbox.dcc.gbcs import Cra, Message, decode, verify_mac, verify_signature
from linkbox.dcc.gbcs.times import read_date_time
from linkbox.dcc.smki import KeyAgreement, KeyUsage, Role, Signer, TrustStore, load_agreer


def signed_pre_command(data: bytes, request: Path | None, signer: Signer) -> bytes:
    """The Signed Pre-Command. Raise PreCommandMismatch, which says what differs, for one that was not asked for."""
    if request is None:
        raise bad_input("--request", "", "must be given: nothing is signed that was not asked for")
    with as_input(str(request)):
        asked = decode_request(read_octets(request))
    return sign_correlated(asked, data, signer)


def agreement(key: Path | None, certificate: Path | None, password_file: Path | None) -> KeyAgreement | None:
    """The key agreement of the options, or None."""
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        raise bad_input("--key, --key-certificate", "", "must be given together")
    secret = password(password_file)
    with as_input(str(key)):
        return load_agreer(key, certificate, secret)


def verified(
    data: bytes, trust: TrustStore, at: datetime, *, agreement: KeyAgreement | None, peer: str | None
) -> dict[str, Any]:
    """What of a message's protection could be checked; raise RemoteProtocolError where a check fails."""
    message = decode(data)
    told: dict[str, Any] = {"verdict": "nothing was verified", "signature": "none", "mac": "none"}
    if message.mac is not None:
        told["mac"] = "there, but not checked: no key was given"
    if message.signature is not None:
        proof = verify_signature(data, trust=trust, at=at)
        told.update({"verdict": "verified", "signature": "right", "signed_by": signer_facts(proof.signer)})
    if message.mac is not None and agreement is not None:
        other = _peer(message, agreement, trust, peer)
        verify_mac(data, agreement, trust.find(other, KeyUsage.KEY_AGREEMENT, at=at))
        told.update({"verdict": "verified", "mac": f"right, between {agreement.certificate.eui} and {other}"})
    stamped = message.date_time
    return {**told, "signed_at": None if stamped is None else format_utc(read_date_time(stamped)), **_ends(message)}


def _peer(message: Message, agreement: KeyAgreement, trust: TrustStore, named: str | None) -> Eui64:
    """The other end of the MAC. Whoever is the originator of a command, its MAC is the broker's."""
    if named is not None:
        with as_input("--peer"):
            return Eui64(named)
    mine = agreement.certificate.eui
    if message.cra is not Cra.COMMAND:
        return message.recipient if message.originator == mine else message.originator
    if message.recipient != mine:
        return message.recipient
    brokers = [c.eui for c in trust if c.role is Role.ACCESS_CONTROL_BROKER and c.usage is KeyUsage.KEY_AGREEMENT]
    return brokers[0] if brokers else message.originator


def _ends(message: Message) -> dict[str, Any]:
    return {
        "message": message.cra.name,
        "message_code": f"{message.message_code:04X}",
        "originator": str(message.originator),
        "recipient": str(message.recipient),
        "counter": message.originator_counter,
    }
