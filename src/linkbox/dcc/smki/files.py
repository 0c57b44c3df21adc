"""How a key infrastructure lies in a folder: one file per certificate, one encrypted file per key.

``authorities/<n>-<name>.der``, ``certificates/<eui>-<role>-<ds|ka>.pem``, ``keys/<same stem>.p8``; the role is the two
hex digits of the certificate's OU, or ``device``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki.authority import Authority
from linkbox.dcc.smki.certificate import Certificate
from linkbox.dcc.smki.keys import KeyAgreer, KeySigner, certificate_from_file_bytes, load_agreer, load_signer
from linkbox.dcc.smki.roles import KeyUsage, Role
from linkbox.dcc.smki.testpki import TestPki
from linkbox.dcc.smki.truststore import TrustStore

_OWNER_ONLY = 0o600


def stem(eui: Eui64, role: Role | None, usage: KeyUsage) -> str:
    """The file name, without its ending, of a certificate and of its key."""
    return f"{eui}-{'device' if role is None else role.ou}-{usage.lower()}"


def encrypted_pkcs8(key: ec.EllipticCurvePrivateKey, password: bytes) -> bytes:
    """The key as an encrypted PKCS#8 structure, PEM; raise LocalProtocolError for an empty password."""
    if not password:
        raise LocalProtocolError("password of a key file", "must not be empty")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))


def write_pki(pki: TestPki, folder: Path, password: bytes, *, device_keys: bool = True) -> None:
    """Write everything that ``pki`` has issued so far; key files can be read by their owner only.

    Without ``device_keys`` devices have certificates only: encrypting takes some milliseconds for each key.
    """
    for name in ("authorities", "certificates", "keys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, authority in enumerate(pki.authorities()):
        name = re.sub(r"[^A-Za-z0-9]+", "-", authority.subject).strip("-").lower()
        (folder / "authorities" / f"{number}-{name}.der").write_bytes(authority.der)
    for certificate in pki.certificates():
        name = stem(certificate.eui, certificate.role, certificate.usage)
        (folder / "certificates" / f"{name}.pem").write_bytes(certificate.pem())
        if certificate.role is None and not device_keys:
            continue
        key = pki.private_key(certificate.eui, certificate.role, certificate.usage)
        _write_secret(folder / "keys" / f"{name}.p8", encrypted_pkcs8(key, password))


def _write_secret(file: Path, data: bytes) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)


def read_trust(folder: Path) -> TrustStore:
    """The certificates of a folder that ``write_pki`` laid out, each checked to descend from its root."""
    authorities = [Authority.from_der(f.read_bytes()) for f in sorted((folder / "authorities").glob("*.der"))]
    certificates = read_certificates(folder / "certificates")
    roots = [a for a in authorities if a.is_root]
    if not roots:
        raise LocalProtocolError(f"folder {folder / 'authorities'}", "must hold a root certificate")
    return TrustStore(certificates, roots=roots, issuers=[a for a in authorities if not a.is_root])


def read_certificates(folder: Path) -> tuple[Certificate, ...]:
    """Every certificate in the files ``*.pem`` and ``*.der`` of ``folder``, by file name."""
    files = sorted(f for f in folder.iterdir() if f.suffix in (".pem", ".der"))
    return tuple(certificate_from_file_bytes(f.read_bytes()) for f in files)


def read_signer(folder: Path, eui: Eui64, role: Role | None, password: bytes) -> KeySigner:
    """The signer of ``eui`` in ``role`` from a folder that ``write_pki`` laid out."""
    return load_signer(*_pair(folder, stem(eui, role, KeyUsage.DIGITAL_SIGNATURE)), password)


def read_agreer(folder: Path, eui: Eui64, role: Role | None, password: bytes) -> KeyAgreer:
    """The key agreement of ``eui`` in ``role`` from a folder that ``write_pki`` laid out."""
    return load_agreer(*_pair(folder, stem(eui, role, KeyUsage.KEY_AGREEMENT)), password)


def _pair(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / "keys" / f"{name}.p8", folder / "certificates" / f"{name}.pem"
