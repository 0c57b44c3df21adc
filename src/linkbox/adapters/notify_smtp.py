"""Notices by e-mail: SMTP in a thread, for the standard library's client waits for its server."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from linkbox.operation.ports import PeerRefused, PeerUnreachable
from linkbox.records.messages import address_of, email_of

_PEER = "mail server"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mail is handed over. ``tls``: ``starttls`` (must be offered), ``implicit`` or ``none`` (tests only)."""

    host: str
    port: int = 587
    sender: str = "Linkbox Networks <notices@linkbox.invalid>"
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 20.0


class SmtpNoticeChannel:
    """Hands each notice to a mail server. Errors never name the receiver."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver. A server that takes a mail twice is told by its Message-ID."""
        if not address_of(notice, "email", "e-mail"):
            raise PeerRefused(_PEER, "the notice has no address")
        await asyncio.to_thread(self._send, notice)

    def _send(self, notice: Mapping[str, Any]) -> None:
        try:
            mail = email_of(notice, sender=self._server.sender)
        except ValueError as error:
            raise PeerRefused(_PEER, "the address or the subject can not be written in a mail") from error
        try:
            with self._connect() as client:
                client.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise _failure(code, "the receiver was not accepted") from error
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code, "it was not accepted") from error
        except (OSError, smtplib.SMTPException) as error:
            raise PeerUnreachable(_PEER, type(error).__name__) from error

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.tls == "implicit":
            context = ssl.create_default_context()
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        if server.tls == "starttls":
            client.starttls(context=ssl.create_default_context())
        if server.user:
            client.login(server.user, server.password)
        return client


def _failure(code: int, what: str) -> PeerUnreachable:
    """RFC 5321: 5yz is for good, 4yz is for now."""
    kind = PeerRefused if code >= 500 else PeerUnreachable
    return kind(_PEER, f"{what}: SMTP {code}")
