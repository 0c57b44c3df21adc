"""Time stamps by RFC 3161: asking an authority over HTTP, and checking its answers offline.

The protocol is rfc3161-client's (the extra ``timestamp``). What is trusted is the authority's own root, given by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509

from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.ports import PeerUnreachable
from linkbox.records.stamps import CheckStamp

MEDIA_TYPE, ANSWER_TYPE = "application/timestamp-query", "application/timestamp-reply"
_PEER = "time-stamping authority"
_LONGEST_ANSWER = 100_000
_MISSING = "the extra 'timestamp' is not installed"


class HttpTimeStamper:
    """Asks an authority at a URL, as RFC 3161, section 3.4, has it. Certificates are asked for with each stamp, so that
    it can be checked with the root alone."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        """Raise InvalidInput where the extra is not installed."""
        self._url, self._timeout = url, aiohttp.ClientTimeout(total=timeout_s)
        self._library = _library("time stamps")

    async def stamp(self, octets: bytes) -> bytes:
        """See TimeStamper."""
        client = self._library
        builder = client.TimestampRequestBuilder(data=octets, hash_algorithm=client.HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = await self._post(request.as_bytes())
        wrong = _wrong_answer(client, answer, request)
        if wrong:
            raise PeerUnreachable(_PEER, wrong)
        return answer

    async def _post(self, body: bytes) -> bytes:
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as http,
                http.post(self._url, data=body, headers={"Content-Type": MEDIA_TYPE}) as answer,
            ):
                if answer.status != 200:
                    raise PeerUnreachable(_PEER, f"HTTP {answer.status}")
                return await answer.content.read(_LONGEST_ANSWER)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PeerUnreachable(_PEER, type(error).__name__) from error


def _wrong_answer(client: Any, answer: bytes, request: Any) -> str:
    """Why an answer is none to this request: status, nonce, imprint. Its signature is the reader's to check."""
    try:
        read = client.decode_timestamp_response(answer)
        if int(read.status) not in (0, 1):
            return f"it refused: status {int(read.status)} {' '.join(map(str, read.status_string))}".strip()
        info = read.tst_info
        same = info.nonce == request.nonce and info.message_imprint.message == request.message_imprint.message
        return "" if same else "its answer is about something else"
    except ValueError as error:
        return f"its answer can not be read ({type(error).__name__})"


def stamp_checker(certificate: Path) -> CheckStamp:
    """Checks answers against the root (and intermediates) in a PEM file. Raise InvalidInput for anything else."""
    client = _library("--tsa-certificate")
    roots = _certificates(certificate)

    def check(answer: bytes, octets: bytes) -> datetime | str:
        builder = client.VerifierBuilder()
        for root in roots:
            builder = builder.add_root_certificate(root)
        try:
            read = client.decode_timestamp_response(answer)
            builder.build().verify_message(read, octets)
        except (ValueError, client.VerificationError) as error:
            return str(error) or type(error).__name__
        stamped: datetime = read.tst_info.gen_time
        return stamped.astimezone(UTC)

    return check


def _certificates(path: Path) -> Sequence[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        rule = f"can not be read as certificates in PEM ({type(error).__name__})"
        raise InvalidInput("certificate", [Issue(where="--tsa-certificate", value=str(path), rule=rule)]) from error
    return found


def _library(where: str) -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        raise InvalidInput("time stamps", [Issue(where=where, value="", rule=_MISSING)]) from error
    return rfc3161_client
