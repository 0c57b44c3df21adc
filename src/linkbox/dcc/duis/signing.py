"""Making the XML signature of DUIS, by splicing text.

Profile (reference dcc.md 4.1): enveloped signature as the last child of the root; SignedInfo in exclusive C14N; one
Reference with URI "" whose only transform is enveloped-signature, so that its digest is over inclusive C14N; ECDSA
P-256 with SHA-256, r and s raw; the signer is named by issuer and serial, no certificate inside.
"""

from __future__ import annotations

from binascii import b2a_base64
from functools import lru_cache
from hashlib import sha256

from linkbox.dcc.duis.xmltext import DS, escape
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import Certificate, Signer

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_REFERENCE = (
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{ECDSA_SHA256}"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod><ds:DigestValue>'
)
# Alone, as it is signed, SignedInfo declares the namespace; inside Signature, that does.
_ALONE = f'<ds:SignedInfo xmlns:ds="{DS}">{_REFERENCE}'.encode()
START_TO_DIGEST = f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>{_REFERENCE}'.encode()
"""How a signature begins inside a document, as we and the DCC's tool write it."""
_INFO_END = b"</ds:DigestValue></ds:Reference></ds:SignedInfo>"
_INFO_END_AND_VALUE = _INFO_END + b"<ds:SignatureValue>"
_ENDS = {b"</sr:Request>": b"<sr:Request ", b"</sr:Response>": b"<sr:Response "}


def sign(unsigned: bytes, signer: Signer) -> bytes:
    """Sign a canonical, unsigned Request or Response as ``encode_request`` and ``encode_response`` give it.

    Anything else is first to go through ``canonical_unsigned``. LocalProtocolError is raised where it plainly did not.
    """
    end = unsigned[unsigned.rfind(b"<") :]
    if end not in _ENDS or not unsigned.startswith(_ENDS[end]) or b":Signature" in unsigned:
        raise LocalProtocolError("document to sign", "must be a canonical, unsigned sr:Request or sr:Response")
    digest = b2a_base64(sha256(unsigned).digest(), newline=False)
    value = b2a_base64(signer.sign(_ALONE + digest + _INFO_END), newline=False)
    return b"".join(
        (unsigned[: -len(end)], START_TO_DIGEST, digest, _INFO_END_AND_VALUE, value, _key_info(signer.certificate), end)
    )


def signed_info(digest: bytes) -> bytes:
    """The canonical SignedInfo around ``digest``, which is base64: what the key signs."""
    return _ALONE + digest + _INFO_END


@lru_cache(maxsize=64)
def _key_info(certificate: Certificate) -> bytes:
    """All that follows the signature's value, but for the end of the root."""
    issuer = escape(certificate.issuer)
    return (
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial>"
        f"<ds:X509IssuerName>{issuer}</ds:X509IssuerName><ds:X509SerialNumber>{certificate.serial}</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo></ds:Signature>"
    ).encode()
