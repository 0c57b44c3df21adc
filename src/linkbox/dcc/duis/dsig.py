"""The XML signature of DUIS: one exact profile, made by splicing text, checked without leniency.

Profile (reference dcc.md 4.1): enveloped signature as the last child of the root; SignedInfo in exclusive C14N; one
Reference with URI "" whose only transform is enveloped-signature, so that its digest is over inclusive C14N; ECDSA
P-256 with SHA-256, r and s raw; the signer is named by issuer and serial, no certificate inside.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn

from linkbox.dcc.duis.document import SIGNATURE
from linkbox.dcc.duis.xmltext import DS, MALFORMED_CODE, Element, escape, exclusive, inclusive, parse
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import BadSignature, Signer

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_DS = f"{{{DS}}}"
_ROOT_ENDS = (b"</sr:Request>", b"</sr:Response>")

_SIGNED_INFO_START = (
    f'<ds:SignedInfo xmlns:ds="{DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{ECDSA_SHA256}"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod><ds:DigestValue>'
).encode()
_SIGNED_INFO_END = b"</ds:DigestValue></ds:Reference></ds:SignedInfo>"
_DECLARATION = f' xmlns:ds="{DS}"'.encode()
_SIGNATURE_START = b"<ds:Signature" + _DECLARATION + b">"


def sign(unsigned: bytes, signer: Signer) -> bytes:
    """Sign a canonical, unsigned Request or Response as ``encode_request`` and ``encode_response`` give it.

    Anything else is first to go through ``canonical_unsigned``. LocalProtocolError is raised where it plainly
    did not.
    """
    end = next((e for e in _ROOT_ENDS if unsigned.endswith(e)), None)
    if end is None or not unsigned.startswith(b"<sr:Re") or b":Signature" in unsigned:
        raise LocalProtocolError("document to sign", "must be a canonical, unsigned sr:Request or sr:Response")
    signed_info = _signed_info(b64encode(sha256(unsigned).digest()))
    value = b64encode(signer.sign(signed_info))
    return b"".join(
        (
            unsigned[: -len(end)],
            _SIGNATURE_START,
            signed_info.replace(_DECLARATION, b"", 1),
            b"<ds:SignatureValue>",
            value,
            b"</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>",
            escape(signer.certificate.issuer).encode(),
            b"</ds:X509IssuerName><ds:X509SerialNumber>",
            b"%d" % signer.certificate.serial,
            b"</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo></ds:Signature>",
            end,
        )
    )


def _signed_info(digest: bytes) -> bytes:
    return _SIGNED_INFO_START + digest + _SIGNED_INFO_END


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """A document whose signature is there and whose digest matches; whose key made it is still to be checked.

    ``content`` is what was signed, as canonical bytes without the signature; ``signed_info`` what the key signed.
    """

    content: bytes
    signed_info: bytes
    signature: bytes
    issuer: str
    serial: int


class Unsigned(BadSignature):
    """The document bears no signature at all."""


def open_signed(data: bytes) -> SignedDocument:
    """Parse ``data``, take the signature off and check the digest. Raise MalformedXml, Unsigned or BadSignature."""
    root = parse(data)
    signature = _only_signature(root)
    (info, value, key_info) = _children(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    digest = _require_profile(info)
    issuer, serial = _issuer_serial(key_info)
    signed_info = exclusive(info)
    raw_signature = _base64(value, 64)
    _remove(root, signature)
    content = inclusive(root)
    if sha256(content).digest() != digest:
        _refuse("DigestValue", "must be the digest of the document")
    return SignedDocument(
        content=content, signed_info=signed_info, signature=raw_signature, issuer=issuer, serial=serial
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
