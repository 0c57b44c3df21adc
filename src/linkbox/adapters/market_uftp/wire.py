"""Sealing and unsealing: a plain message to the bytes that go out, and bytes that came in to a verified plain message.

Sealing is deterministic (Ed25519, and XML in one form): the same message gives the same bytes, so a crash in between
changes nothing. Of what comes in, nothing leaves here but a plain message or RemoteProtocolError. Sources: Shapeshifter
specification 3.1.0, message transport mechanism; OWASP XML Security (no document types, no entities, bounded size)."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from linkbox.adapters.market_uftp.keys import SigningKey
from linkbox.adapters.market_uftp.plain import absent, misfits, to_plain, to_type, types_by_name
from linkbox.base.time import parse_utc
from linkbox.market.errors import RemoteProtocolError

MAX_SIGNED_BYTES = 256_000
"""No message of the protocol's daily use is a tenth as long: 100 ISPs are 6,000 bytes."""

_MAX_ATTRIBUTE = 2_000
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml\s[^>]*\?>")
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([^\"']*)[\"']")
_INTEGER = re.compile(r"[+-]?\d{1,12}")
_DECIMAL = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})")
_INTEGERS = re.compile(r"Start|Duration|Revision|\w*Power\w*")
_DECIMALS = re.compile(r"Price|Penalty|NetSettlement|\w*Factor")
_SENT_BY = {
    "DSO": {"FlexRequest", "FlexOfferResponse", "FlexOfferRevocationResponse", "FlexOrder", "FlexSettlement"},
    "AGR": {"FlexRequestResponse", "FlexOffer", "FlexOfferRevocation", "FlexOrderResponse", "FlexSettlementResponse"},
}
_EITHER = {"TestMessage", "TestMessageResponse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """Somebody who may write to us: domain, role (``AGR`` or ``DSO``), and public signature key."""

    domain: str
    role: str
    public_key: bytes


class UftpWire:
    """One participant's end of the wire."""

    def __init__(self, domain: str, role: str, key: SigningKey, correspondents: tuple[Correspondent, ...]) -> None:
        self.domain, self.role = domain, role
        self._key = key
        self._keys = {(c.domain, c.role): c.public_key for c in correspondents}

    def seal(self, message: Mapping[str, Any]) -> bytes:
        """The SignedMessage of a plain message, as UTF-8 XML. Raises ValueError or TypeError for no message of ours."""
        from nacl.bindings import crypto_sign
        from shapeshifter_uftp.uftp import SignedMessage, UsefRole

        sealed = crypto_sign(_render(to_type(message)), self._key.secret)
        wrapper = SignedMessage(sender_domain=self.domain, sender_role=UsefRole(self.role), body=sealed)
        return _render(wrapper)

    def unseal(self, body: bytes) -> dict[str, Any]:
        """The message in a SignedMessage, verified, with its sender's ``sender_role``.

        ``problem`` is in it where the message is genuine and well formed and yet not for us; UFTP answers that with a
        response. Raises RemoteProtocolError for anything else that is wrong."""
        wrapper = _parse(body, "SignedMessage")
        domain, role = wrapper.sender_domain, str(wrapper.sender_role)
        public_key = self._keys.get((domain, role))
        if public_key is None:
            raise RemoteProtocolError(419, "Unknown SenderDomain: no key is known for this domain and role")
        inner = _opened(wrapper.body, public_key)
        kind = _root(_text(inner))
        if kind not in types_by_name():
            raise RemoteProtocolError(400, "Invalid Message: not a message that is spoken here")
        message = to_plain(_parse(inner, kind))
        _check_times(message)
        if message["sender_domain"] != domain:
            raise RemoteProtocolError(400, "Mismatch SenderDomain")
        if kind not in _SENT_BY[role] | _EITHER:
            raise RemoteProtocolError(400, f"Invalid Sender combination: {role} sends no {kind}")
        if message["recipient_domain"] != self.domain:
            message["problem"] = "Unknown RecipientDomain"
        return message | {"sender_role": role}


def _check_times(message: Mapping[str, Any]) -> None:
    """The specification's pattern lets 31 February and an hour 25 through."""
    for name in ("time_stamp", "expiration_date_time"):
        try:
            parse_utc(message.get(name, "2000-01-01T00:00:00Z"))
        except (ValueError, OverflowError) as error:
            raise RemoteProtocolError(400, f"{name} is no moment") from error


def _opened(sealed: bytes, public_key: bytes) -> bytes:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import CryptoError

    try:
        return bytes(crypto_sign_open(sealed, public_key))
    except (CryptoError, ValueError, TypeError) as error:
        raise RemoteProtocolError(401, "the seal does not fit the sender's key") from error


def _render(message: Any) -> bytes:
    serializer, _ = _tools()
    text: str = serializer.render(message)
    return text.encode("utf-8")


@cache
def _tools() -> tuple[Any, Any]:
    """The library's serializer, and a parser that takes nothing that the types do not know."""
    from shapeshifter_uftp.transport import serializer
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig

    logging.getLogger("shapeshifter-uftp").setLevel(logging.CRITICAL)  # it would log messages in full
    strict = ParserConfig(
        fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
    )
    return serializer, XmlParser(config=strict)


def _text(body: bytes) -> str:
    """The XML as text; refused before any parser sees it where it is long, not UTF-8, or more than plain elements."""
    if len(body) > MAX_SIGNED_BYTES:
        raise RemoteProtocolError(400, f"longer than {MAX_SIGNED_BYTES} bytes")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(400, "not UTF-8") from error
    declared = _DECLARATION.match(text)
    encoding = None if declared is None else _ENCODING.search(declared[0])
    if encoding is not None and encoding[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise RemoteProtocolError(400, "not UTF-8")
    plain = text[0 if declared is None else declared.end() :]
    if "<!" in plain or "<?" in plain:
        raise RemoteProtocolError(400, "document types, entities, comments and instructions are not taken")
    return plain


def _root(text: str) -> str:
    found = re.match(r"\s*<([A-Za-z]{1,64})[\s/>]", text)
    return "" if found is None else found[1]


def _parse(body: bytes, kind: str) -> Any:
    """A message of the type ``kind``, complete and in form."""
    from lxml import etree
    from shapeshifter_uftp.uftp import SignedMessage

    text = _text(body)
    _, parser = _tools()
    target = SignedMessage if kind == "SignedMessage" else types_by_name()[kind]
    if _root(text) != kind:
        raise RemoteProtocolError(400, f"not a {kind}")
    hard = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(text.encode("utf-8"), hard)
        _check_numbers(tree)
        given = [str(name) for name in tree.attrib]  # the parser clears what it has read
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            message = parser.parse(etree.ElementTree(tree), target)
        wrong = [*absent(target, given), *misfits(message)]
    except RemoteProtocolError:
        raise
    except Exception as error:  # whatever the libraries make of hostile XML, it is the sender's fault
        raise RemoteProtocolError(400, f"not as the schema has it: {type(error).__name__}") from error
    if wrong:
        raise RemoteProtocolError(400, "not as the schema has it: " + "; ".join(wrong[:10]))
    return message


def _check_numbers(tree: Any) -> None:
    """Numbers as XML Schema writes them, and of a size that a calculation can bear."""
    for element in tree.iter():
        for name, value in element.attrib.items():
            if len(value) > _MAX_ATTRIBUTE and name != "Body":
                raise RemoteProtocolError(400, f"{name[:40]} is too long")
            if name == "Duration" or _INTEGERS.fullmatch(name):
                _match(_INTEGER, name, value)
            elif _DECIMALS.fullmatch(name):
                _match(_DECIMAL, name, value)


def _match(pattern: re.Pattern[str], name: str, value: str) -> None:
    if not pattern.fullmatch(value.strip()):
        raise RemoteProtocolError(400, f"{name} is not a number of the protocol")
