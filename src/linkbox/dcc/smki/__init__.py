"""SMKI: certificates, trust, signers, and the proof type ``Verified``."""

from linkbox.dcc.smki.authority import Authority, Untrusted
from linkbox.dcc.smki.certificate import Certificate, InvalidCertificate
from linkbox.dcc.smki.hsm import HsmSigner
from linkbox.dcc.smki.keys import KeyAgreement, KeyAgreer, KeySigner, Signer, load_agreer, load_signer
from linkbox.dcc.smki.roles import KeyUsage, Role
from linkbox.dcc.smki.testpki import TestPki
from linkbox.dcc.smki.truststore import TrustStore, UnknownCertificate
from linkbox.dcc.smki.verified import BadSignature, Verified, verify_signed

__all__ = [
    "Authority",
    "BadSignature",
    "Certificate",
    "HsmSigner",
    "InvalidCertificate",
    "KeyAgreement",
    "KeyAgreer",
    "KeySigner",
    "KeyUsage",
    "Role",
    "Signer",
    "TestPki",
    "TrustStore",
    "UnknownCertificate",
    "Untrusted",
    "Verified",
    "load_agreer",
    "load_signer",
    "verify_signed",
]
