"""Opening a signed DUIS message: the profile is checked to the letter, nothing is forgiven.

There are two ways to the same answer. A message whose signature was spliced in as text, as ours and the DCC's are, is
cut as text: one parse is enough. Any other is taken apart element by element.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, NoReturn, TypeAlias

from linkbox.dcc.duis.document import SIGNATURE
from linkbox.dcc.duis.signing import ECDSA_SHA256, ENVELOPED, EXCLUSIVE_C14N, SHA256, START_TO_DIGEST, signed_info
from linkbox.dcc.duis.xmltext import DS, MALFORMED_CODE, MAX_OCTETS, Element, exclusive, inclusive, parse
from linkbox.dcc.smki import BadSignature

_DS = f"{{{DS}}}"


def _empty(name: str, algorithm: str) -> str:
    return f'<ds:{name} Algorithm="{re.escape(algorithm)}"(?:/>|></ds:{name}>)'


_SPLICED_START = f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'.encode()
_VALUES = (
    "([A-Za-z0-9+/]{43}=)</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    "<ds:SignatureValue>([A-Za-z0-9+/]{76}(?:(?:&#13;)?\n)?[A-Za-z0-9+/]{10}==)</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>([ !-%'-;=?-~]*)</ds:X509IssuerName>"
    "<ds:X509SerialNumber>([0-9]{1,50})</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>(</sr:Re(?:quest|sponse)>)"
)
_AFTER_START = re.compile(_VALUES.encode())
"""What follows START_TO_DIGEST, with which nearly every signature begins: comparing octets beats a pattern."""
_SPLICED = re.compile(
    (
        re.escape(_SPLICED_START.decode())
        + _empty("CanonicalizationMethod", EXCLUSIVE_C14N)
        + _empty("SignatureMethod", ECDSA_SHA256)
        + '<ds:Reference URI=""><ds:Transforms>'
        + _empty("Transform", ENVELOPED)
        + "</ds:Transforms>"
        + _empty("DigestMethod", SHA256)
        + "<ds:DigestValue>"
        + _VALUES
    ).encode()
)


PlainMatcher: TypeAlias = Callable[[bytes], re.Match[str] | None]


class SignedDocument(NamedTuple):
    """A document whose signature is there and whose digest matches; whose key made it is still to be checked.

    ``content`` is what was signed, as canonical bytes without the signature, ``root`` the same parsed, where that was
    needed, ``plain`` its match, where that was enough; ``signed_info`` is what the key signed.
    """

    content: bytes
    root: Element | None
    plain: re.Match[str] | None
    signed_info: bytes
    signature: bytes
    issuer: str
    serial: int


class Unsigned(BadSignature):
    """The document bears no signature at all."""


def open_signed(data: bytes, plain: PlainMatcher | None = None) -> SignedDocument:
    """Take the signature off ``data`` and check the digest. Raise MalformedXml, Unsigned or BadSignature.

    What ``plain`` matches is a whole document's canonical form, well-formed: it needs no parse.
    """
    at = data.rfind(_SPLICED_START)
    spliced = _spliced(data, at) if at > 0 and len(data) <= MAX_OCTETS else None
    return _open_parsed(data) if spliced is None else _open_spliced(data[:at], spliced, plain)


def _spliced(data: bytes, at: int) -> re.Match[bytes] | None:
    """The match of the signature at ``at`` and of all that follows it, to the end."""
    if data.startswith(START_TO_DIGEST, at):
        return _AFTER_START.fullmatch(data, at + len(START_TO_DIGEST))
    return _SPLICED.fullmatch(data, at)


def _open_spliced(start: bytes, spliced: re.Match[bytes], plain: PlainMatcher | None) -> SignedDocument:
    digest, value, issuer, serial, end = spliced.groups()
    content, root = start + end, None
    found = None if plain is None else plain(content)
    if found is not None:
        content = found.string.encode("latin-1")
    else:
        root = parse(content)
        if root.find(f".//{SIGNATURE}") is not None:
            _refuse("Signature", "must be exactly one, the last child of the root")
        content = inclusive(root)
    if sha256(content).digest() != binascii.a2b_base64(digest):
        _refuse("DigestValue", "must be the digest of the document")
    signature = binascii.a2b_base64(value.replace(b"&#13;", b""))
    return SignedDocument(
        content=content,
        root=root,
        plain=found,
        signed_info=signed_info(digest),
        signature=signature,
        issuer=issuer.decode("ascii"),
        serial=int(serial),
    )


def _open_parsed(data: bytes) -> SignedDocument:
    root = parse(data)
    signature = _only_signature(root)
    (info, value, key_info) = _children(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    digest = _require_profile(info)
    issuer, serial = _issuer_serial(key_info)
    info_bytes, raw_signature = exclusive(info), _base64(value, 64)
    _remove(root, signature)
    content = inclusive(root)
    if sha256(content).digest() != digest:
        _refuse("DigestValue", "must be the digest of the document")
    return SignedDocument(
        content=content,
        root=root,
        plain=None,
        signed_info=info_bytes,
        signature=raw_signature,
        issuer=issuer,
        serial=serial,
    )


def _refuse(what: str, rule: str) -> NoReturn:
    raise BadSignature(what, rule, response_code=MALFORMED_CODE)


def _only_signature(root: Element) -> Element:
    signatures = list(root.iter(SIGNATURE))
    if not signatures:
        raise Unsigned("document", "must be signed", response_code=MALFORMED_CODE)
    if len(signatures) != 1 or root[-1] is not signatures[0]:
        _refuse("Signature", "must be exactly one, the last child of the root")
    return signatures[0]


def _remove(root: Element, signature: Element) -> None:
    """Take ``signature``, the last child, out of ``root`` and keep the text behind it, as the transform does."""
    tail, before = signature.tail, signature.getprevious()
    root.remove(signature)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        root.text = (root.text or "") + tail


def _children(parent: Element, *names: str) -> list[Element]:
    """The children of ``parent``, which must be exactly ``names`` with nothing but white space between."""
    kids = list(parent)
    if [kid.tag for kid in kids] != [_DS + name for name in names]:
        _refuse(_name(parent), "must hold exactly " + ", ".join(names))
    if any(text and text.strip() for text in (parent.text, *(kid.tail for kid in kids))):
        _refuse(_name(parent), "must not hold text")
    return kids


def _attributes(element: Element, expected: dict[str, str]) -> None:
    if dict(element.items()) != expected:
        _refuse(_name(element), f"must have exactly the attributes {expected}")


def _leaf(element: Element) -> str:
    if len(element) or element.attrib:
        _refuse(_name(element), "must hold text only")
    return element.text or ""


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _base64(element: Element, octets: int) -> bytes:
    text = "".join(_leaf(element).split())
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        value = b""
    if len(value) != octets:
        _refuse(_name(element), f"must be {octets} octets in base64")
    return value


def _require_profile(info: Element) -> bytes:
    """The digest value of a SignedInfo that follows the profile to the letter."""
    method, signing, reference = _children(info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    transforms, digest_method, digest_value = _children(reference, "Transforms", "DigestMethod", "DigestValue")
    (transform,) = _children(transforms, "Transform")
    for empty in (info, transforms):
        _attributes(empty, {})
    _attributes(reference, {"URI": ""})
    for element, algorithm in (
        (method, EXCLUSIVE_C14N),
        (signing, ECDSA_SHA256),
        (transform, ENVELOPED),
        (digest_method, SHA256),
    ):
        _children(element)
        _attributes(element, {"Algorithm": algorithm})
    return _base64(digest_value, 32)


def _issuer_serial(key_info: Element) -> tuple[str, int]:
    (data,) = _children(key_info, "X509Data")
    (pair,) = _children(data, "X509IssuerSerial")
    name, number = _children(pair, "X509IssuerName", "X509SerialNumber")
    for element in (key_info, data, pair):
        _attributes(element, {})
    digits = _leaf(number).strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 50):
        _refuse("X509SerialNumber", "must be a decimal number of at most 50 digits")
    return _leaf(name), int(digits)
