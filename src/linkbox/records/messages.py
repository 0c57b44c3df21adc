"""A queued notice in the form in which it leaves: an e-mail, a text message, a supplier's files. The same each time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from linkbox.records.canonical import canonical_json


def email_of(notice: Mapping[str, Any], *, sender: str) -> EmailMessage:
    """The notice as an e-mail from ``sender`` (an address, with or without a name).

    Its Message-ID is the notice's own id, so that a mail system can drop a second copy."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2].rstrip("> ") or "localhost"
    mail["From"], mail["To"] = sender, address_of(notice, "email", "e-mail") or "undisclosed-recipients:;"
    mail["Subject"] = str(notice["subject"])
    mail["Date"] = format_datetime(datetime.fromisoformat(notice["at"]))
    mail["Message-ID"] = f"<{notice['id']}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(str(notice["body"]), charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = str(notice.get("language", "en"))
    return mail


def address_of(notice: Mapping[str, Any], *names: str) -> str:
    """Where a notice goes: ``to`` itself, or the first of ``names`` among the fields that a campaign knew."""
    to = notice.get("to", "")
    if isinstance(to, Mapping):
        return next((str(to[name]) for name in names if to.get(name)), "")
    return str(to)


def text_message_of(notice: Mapping[str, Any]) -> str:
    """The words of a text message."""
    return str(notice.get("short") or notice.get("subject") or notice["body"])


def supplier_files(notice: Mapping[str, Any]) -> dict[str, bytes]:
    """A supplier's notice as files by name: CSV, canonical JSON, and beside each a detached signature (DER).

    Without a key there are no signatures. A signature is checked with any tool, for instance
    ``openssl dgst -sha256 -verify KEY.pem -signature FILE.sig FILE``."""
    contents = {"csv": str(notice["csv"]).encode(), "json": canonical_json(notice["json"])}
    name = quote(str(notice["id"]), safe=" ")
    files = {f"{name}.{kind}": octets for kind, octets in contents.items()}
    signed = {kind: bytes.fromhex(notice["signatures"][kind]) for kind in contents}
    return files | {f"{name}.{kind}.sig": octets for kind, octets in signed.items() if octets}
