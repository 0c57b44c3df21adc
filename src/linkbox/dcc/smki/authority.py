"""Certification authorities, and the check that a certificate descends from a root."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from linkbox.dcc.smki.certificate import UNREADABLE, Certificate, InvalidCertificate

_LONGEST_CHAIN = 4


class Untrusted(InvalidCertificate):
    """A certificate does not descend from any of the roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root or an issuing authority: it signs certificates and nothing else."""

    der: bytes = field(repr=False)
    subject: str = field(compare=False)
    issuer: str = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)

    @classmethod
    def from_der(cls, der: bytes) -> Authority:
        """Raise InvalidCertificate unless ``der`` is a certificate that may sign certificates."""
        try:
            return cls._from_x509(x509.load_der_x509_certificate(der))
        except UNREADABLE as error:
            raise InvalidCertificate("authority certificate", f"must be readable X.509: {error}") from error

    @classmethod
    def _from_x509(cls, cert: x509.Certificate) -> Authority:
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
        basic = cert.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not (usage.key_cert_sign and basic.ca):
            raise InvalidCertificate("authority certificate", "must be allowed to sign certificates")
        return cls(
            der=cert.public_bytes(Encoding.DER),
            subject=cert.subject.rfc4514_string(),
            issuer=cert.issuer.rfc4514_string(),
            not_before=cert.not_valid_before_utc,
            not_after=cert.not_valid_after_utc,
        )

    @property
    def is_root(self) -> bool:
        """Whether it names itself as issuer."""
        return self.subject == self.issuer

    def signed(self, der: bytes) -> bool:
        """Whether this authority issued the certificate ``der``: name, signature."""
        try:
            x509.load_der_x509_certificate(der).verify_directly_issued_by(x509.load_der_x509_certificate(self.der))
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True


def require_descent(certificate: Certificate, *, roots: Iterable[Authority], issuers: Iterable[Authority]) -> None:
    """Raise Untrusted unless a chain of at most four authorities leads from ``certificate`` to one of ``roots``."""
    authorities = (*issuers, *(roots := tuple(roots)))
    child_der, child_issuer = certificate.der, certificate.issuer
    for _ in range(_LONGEST_CHAIN):
        parent = next((a for a in authorities if a.subject == child_issuer and a.signed(child_der)), None)
        if parent is None:
            break
        if parent in roots:
            return
        child_der, child_issuer = parent.der, parent.issuer
    raise Untrusted(f"certificate {certificate.serial} of {certificate.eui}", "must descend from a trusted root")
