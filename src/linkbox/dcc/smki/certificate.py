"""Organisation and device certificates of the Smart Metering Key Infrastructure, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from linkbox.base.identifiers import Eui64
from linkbox.base.time import require_utc
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki.roles import KeyUsage, Role

UNIQUE_IDENTIFIER = x509.ObjectIdentifier("2.5.4.45")
HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
SIGNATURE_OCTETS = 64
_ECDSA_SHA256 = ec.ECDSA(SHA256())


class InvalidCertificate(RemoteProtocolError):
    """The bytes are not a certificate of the SMKI profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One SMKI end-entity certificate.

    ``role`` is None for a device; ``issuer`` is the RFC 4514 text, e.g. ``CN=Z1,OU=07``. Equality is that of ``der``.
    Source: reference dcc.md section 6.
    """

    der: bytes = field(repr=False)
    eui: Eui64 = field(compare=False)
    role: Role | None = field(compare=False)
    usage: KeyUsage = field(compare=False)
    serial: int = field(compare=False)
    issuer: str = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    public_key: ec.EllipticCurvePublicKey = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Raise InvalidCertificate unless ``der`` is a P-256 certificate of an organisation or a device."""
        return _read(lambda: x509.load_der_x509_certificate(der))

    @classmethod
    def from_pem(cls, pem: bytes) -> Certificate:
        """As ``from_der``, from the PEM text."""
        return _read(lambda: x509.load_pem_x509_certificate(pem))

    def pem(self) -> bytes:
        """The PEM text, as files hold it."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)

    def valid_at(self, at: datetime) -> bool:
        """Whether ``at`` lies within the validity period, both ends included as X.509 says."""
        return self.not_before <= require_utc(at) <= self.not_after

    def verify(self, data: bytes, raw_signature: bytes) -> bool:
        """Whether ``raw_signature`` (r and s, 32 octets each, big-endian) signs ``data`` under this key."""
        if len(raw_signature) != SIGNATURE_OCTETS or self.usage is not KeyUsage.DIGITAL_SIGNATURE:
            return False
        r = int.from_bytes(raw_signature[:32])
        s = int.from_bytes(raw_signature[32:])
        try:
            self.public_key.verify(encode_dss_signature(r, s), data, _ECDSA_SHA256)
        except InvalidSignature:
            return False
        return True

    def __reduce__(self) -> tuple[Callable[[bytes], Certificate], tuple[bytes]]:
        return Certificate.from_der, (self.der,)


# Everything that cryptography raises on bytes that are no certificate; it parses the parts lazily, one by one.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    CryptographyDeprecationWarning,  # where warnings are errors: a certificate that a later release will refuse
    x509.UnsupportedGeneralNameType,
)


def _read(load: Callable[[], x509.Certificate]) -> Certificate:
    try:
        return _from_x509(load())
    except UNREADABLE as error:
        raise InvalidCertificate("certificate", f"must be readable X.509: {error}") from error


def _from_x509(cert: x509.Certificate) -> Certificate:
    public_key = cert.public_key()
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or public_key.curve.name != "secp256r1":
        raise InvalidCertificate("certificate public key", "must be on the curve P-256")
    if cert.serial_number <= 0:
        raise InvalidCertificate("certificate serial", "must be positive")
    return Certificate(
        der=cert.public_bytes(Encoding.DER),
        usage=_usage(cert),
        eui=_eui(cert),
        role=_role(cert),
        serial=cert.serial_number,
        issuer=cert.issuer.rfc4514_string(),
        not_before=cert.not_valid_before_utc,
        not_after=cert.not_valid_after_utc,
        public_key=public_key,
    )


def _usage(cert: x509.Certificate) -> KeyUsage:
    try:
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise InvalidCertificate("certificate keyUsage", "must be present") from error
    if usage.key_cert_sign or usage.digital_signature == usage.key_agreement:
        raise InvalidCertificate("certificate keyUsage", "must be either digitalSignature or keyAgreement")
    return KeyUsage.DIGITAL_SIGNATURE if usage.digital_signature else KeyUsage.KEY_AGREEMENT


def _eui(cert: x509.Certificate) -> Eui64:
    identifiers = cert.subject.get_attributes_for_oid(UNIQUE_IDENTIFIER)
    octets = _hardware_serial(cert) if not identifiers else identifiers[0].value
    if (
        len(identifiers) > 1 or not isinstance(octets, bytes) or len(octets) != 9 or octets[0] != 0
    ):  # BIT STRING: unused bits, then the EUI
        raise InvalidCertificate("certificate EUI-64", "must be one x500UniqueIdentifier or hardwareModuleName")
    return Eui64.from_octets(octets[1:])


def _hardware_serial(cert: x509.Certificate) -> bytes | None:
    """The EUI of a device certificate, in the shape of a BIT STRING's content; None if it is not there."""
    try:
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    values = [n.value for n in names if isinstance(n, x509.OtherName) and n.type_id == HARDWARE_MODULE_NAME]
    if len(values) != 1 or values[0][-10:-8] != b"\x04\x08":  # ends with OCTET STRING hwSerialNum of 8
        return None
    return b"\x00" + values[0][-8:]


def _role(cert: x509.Certificate) -> Role | None:
    units = cert.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not units and not cert.subject.get_attributes_for_oid(UNIQUE_IDENTIFIER):
        return None
    if len(units) != 1:
        raise InvalidCertificate("certificate OU", "an organisation certificate must have exactly one role")
    try:
        return Role.from_ou(str(units[0].value))
    except ValueError as error:
        raise InvalidCertificate("certificate OU", f"must be a known role: {units[0].value!r}") from error
