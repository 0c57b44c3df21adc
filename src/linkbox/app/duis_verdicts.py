"""Verdicts on DUIS messages: is it valid, is it signed, by whom and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.app.duis_messages import is_response, read_any
from linkbox.app.wire_io import as_input
from linkbox.base.time import format_utc
from linkbox.dcc.duis import SchemaViolation, ServiceRequest, ServiceResponse, read_request, read_response
from linkbox.dcc.duis.xsd import OfficialSchema
from linkbox.dcc.smki import Certificate, TrustStore


def verified(data: bytes, trust: TrustStore, at: datetime) -> dict[str, Any]:
    """Who signed the message, and what it is. Raise RemoteProtocolError with exactly what is wrong."""
    read: Any = read_response if is_response(data) else read_request
    proof = read(data, trust=trust, at=at)
    return {"verdict": "verified", "signed_by": signer_facts(proof.signer), **_facts(proof.value)}


def signer_facts(certificate: Certificate) -> dict[str, Any]:
    """A signer's certificate in a few lines."""
    role = certificate.role
    return {
        "eui": str(certificate.eui),
        "role": "device" if role is None else f"{role.ou} {role.name}",
        "serial": str(certificate.serial),
        "issuer": certificate.issuer,
        "valid_from": format_utc(certificate.not_before),
        "valid_to": format_utc(certificate.not_after),
    }


def _facts(message: ServiceRequest | ServiceResponse) -> dict[str, Any]:
    """What the message is. Only a response says when it was made: requests and signatures bear no time."""
    code_or_variant: dict[str, Any] = (
        {"response_code": message.response_code, "signed_at": format_utc(message.response_at)}
        if isinstance(message, ServiceResponse)
        else {"command_variant": message.command_variant, "signed_at": None}
    )
    return {
        "message": type(message).__name__,
        "request_id": None if message.request_id is None else str(message.request_id),
        "srv": message.srv,
        "body": type(message.body).__name__,
        **code_or_variant,
    }


def validated(data: bytes, xsd: Path | None) -> dict[str, Any]:
    """What a valid message is. Raise RemoteProtocolError with everything that is wrong with another."""
    message = read_any(data)
    checked = ["structure", "service"]
    if xsd is not None:
        with as_input("--xsd"):
            official = OfficialSchema(xsd, message.schema_version)
        issues = official.issues(data)
        if issues:
            raise SchemaViolation("DUIS message", "must follow the official schema", issues=issues)
        checked.append(f"official schema {message.schema_version}")
    return {"verdict": "valid", "schema_version": message.schema_version, "checked": checked, **_facts(message)}
