"""A key infrastructure for tests, emulator and demo: root, issuing authorities, leaves, all from one seed."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding

from linkbox.base.identifiers import Eui64
from linkbox.base.time import require_utc
from linkbox.dcc.smki.authority import Authority
from linkbox.dcc.smki.certificate import HARDWARE_MODULE_NAME, UNIQUE_IDENTIFIER, Certificate
from linkbox.dcc.smki.keys import KeyAgreer, KeySigner
from linkbox.dcc.smki.roles import KeyUsage, Role
from linkbox.dcc.smki.truststore import TrustStore

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ORGANISATION_POLICY = x509.ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")
_DEVICE_POLICY = x509.ObjectIdentifier("1.2.826.0.1.1800000.1.2.1.4")
_HARDWARE_TYPE_DER = bytes.fromhex("0603883701")  # 2.999.1, the arc for examples
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_SERIAL_BITS = 126


class TestPki:
    """Deterministic in ``seed``: the same seed gives the same keys, serials and certificates, byte for byte.

    Never for production: whoever knows the seed knows every key. Certificates follow the SMKI profile (reference
    dcc.md section 6); organisations are valid from ``valid_from`` to ``valid_to``, devices for ever.
    """

    __test__ = False  # the name begins like a test class; pytest must not collect it

    def __init__(self, seed: str, valid_from: datetime, valid_to: datetime) -> None:
        self._seed = seed
        self._valid = (require_utc(valid_from), require_utc(valid_to))
        self._issued: dict[tuple[Eui64, Role | None, KeyUsage], tuple[ec.EllipticCurvePrivateKey, Certificate]] = {}
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.root = self._authority("Linkbox Test Root", Role.ROOT, None)
        self.organisation_issuer = self._authority("Linkbox Test O1", Role.ISSUING_AUTHORITY, self.root)
        self.device_issuer = self._authority("Linkbox Test D1", Role.ISSUING_AUTHORITY, self.root)

    def signer(self, eui: Eui64, role: Role | None) -> KeySigner:
        """The digital-signature key of ``eui`` in ``role`` (None: a device)."""
        return KeySigner(*self._issue(eui, role, KeyUsage.DIGITAL_SIGNATURE))

    def agreer(self, eui: Eui64, role: Role | None) -> KeyAgreer:
        """The key-agreement key of ``eui`` in ``role`` (None: a device)."""
        return KeyAgreer(*self._issue(eui, role, KeyUsage.KEY_AGREEMENT))

    def certificate(self, eui: Eui64, role: Role | None, usage: KeyUsage) -> Certificate:
        """The certificate of ``eui``, issued on first use."""
        return self._issue(eui, role, usage)[1]

    def private_key(self, eui: Eui64, role: Role | None, usage: KeyUsage) -> ec.EllipticCurvePrivateKey:
        """The bare private key, for writing key files of a test system."""
        return self._issue(eui, role, usage)[0]

    def trust_store(self) -> TrustStore:
        """A store of every certificate issued so far. They are ours, so their descent needs no check."""
        return TrustStore(cert for _, cert in self._issued.values())

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate issued so far, in the order of issue."""
        return tuple(cert for _, cert in self._issued.values())

    def authorities(self) -> tuple[Authority, ...]:
        """The root, then the issuing authorities."""
        return (self.root, self.organisation_issuer, self.device_issuer)

    def _derive(self, label: str, octets: int) -> bytes:
        return HKDF(algorithm=SHA256(), length=octets, salt=b"linkbox test pki", info=label.encode()).derive(
            self._seed.encode()
        )

    def _key(self, label: str) -> ec.EllipticCurvePrivateKey:
        if label not in self._keys:
            secret = int.from_bytes(self._derive("key " + label, 48)) % (_P256_ORDER - 1) + 1
            self._keys[label] = ec.derive_private_key(secret, ec.SECP256R1())
        return self._keys[label]

    def _issue(self, eui: Eui64, role: Role | None, usage: KeyUsage) -> tuple[ec.EllipticCurvePrivateKey, Certificate]:
        holder = (eui, role, usage)
        if holder not in self._issued:
            label = f"{eui} {'device' if role is None else role.ou} {usage}"
            key = self._key(label)
            builder = self._leaf(label, key, usage)
            builder = self._as_device(builder, eui) if role is None else self._as_organisation(builder, eui, role)
            issuer = self.device_issuer if role is None else self.organisation_issuer
            self._issued[holder] = (key, Certificate.from_der(self._sign(builder, issuer)))
        return self._issued[holder]

    def _leaf(self, label: str, key: ec.EllipticCurvePrivateKey, usage: KeyUsage) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .public_key(key.public_key())
            .serial_number(self._serial(label))
            .add_extension(_key_usage(usage), critical=True)
            .add_extension(_short_key_identifier(key.public_key()), critical=False)
        )

    def _as_organisation(self, builder: x509.CertificateBuilder, eui: Eui64, role: Role) -> x509.CertificateBuilder:
        subject = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, role.ou),
                x509.NameAttribute(UNIQUE_IDENTIFIER, b"\x00" + eui.octets, x509.name._ASN1Type.BitString),
            ]
        )
        return _with_policy(builder.subject_name(subject), _ORGANISATION_POLICY, self._valid)

    def _as_device(self, builder: x509.CertificateBuilder, eui: Eui64) -> x509.CertificateBuilder:
        body = _HARDWARE_TYPE_DER + b"\x04\x08" + eui.octets
        name = x509.OtherName(HARDWARE_MODULE_NAME, b"\x30" + bytes([len(body)]) + body)
        builder = builder.subject_name(x509.Name([])).add_extension(x509.SubjectAlternativeName([name]), critical=True)
        return _with_policy(builder, _DEVICE_POLICY, (self._valid[0], _NEVER))

    def _authority(self, name: str, role: Role, parent: Authority | None) -> Authority:
        subject = _authority_name(name, role)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(self._key(subject.rfc4514_string()).public_key())
            .serial_number(self._serial(name))
            .not_valid_before(self._valid[0])
            .not_valid_after(_NEVER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(None), critical=True)
        )
        return Authority.from_der(self._sign(builder, parent, subject))

    def _sign(
        self, builder: x509.CertificateBuilder, issuer: Authority | None, own_name: x509.Name | None = None
    ) -> bytes:
        name = own_name if issuer is None else x509.load_der_x509_certificate(issuer.der).subject
        assert name is not None  # noqa: S101 - only a root has no issuer, and it brings its own name
        key = self._key(name.rfc4514_string())
        builder = builder.issuer_name(name).add_extension(
            x509.AuthorityKeyIdentifier(_short_key_identifier(key.public_key()).digest, None, None), critical=False
        )
        return builder.sign(key, SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)

    def _serial(self, label: str) -> int:
        return int.from_bytes(self._derive("serial " + label, 16)) >> (128 - _SERIAL_BITS) | 1


def _with_policy(
    builder: x509.CertificateBuilder, policy: x509.ObjectIdentifier, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    policies = x509.CertificatePolicies([x509.PolicyInformation(policy, None)])
    return builder.not_valid_before(valid[0]).not_valid_after(valid[1]).add_extension(policies, critical=True)


def _short_key_identifier(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    """Eight octets, as SMKI has it (RFC 5280 4.2.1.2 method 2: 0100 and the low 60 bits of the hash)."""
    digest = x509.SubjectKeyIdentifier.from_public_key(key).digest
    return x509.SubjectKeyIdentifier(bytes([0x40 | digest[-8] & 0x0F]) + digest[-7:])


def _authority_name(name: str, role: Role) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, role.ou),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
        ]
    )


def _key_usage(usage: KeyUsage | None) -> x509.KeyUsage:
    """The keyUsage of a leaf, or of an authority when ``usage`` is None."""
    return x509.KeyUsage(
        digital_signature=usage is KeyUsage.DIGITAL_SIGNATURE,
        key_agreement=usage is KeyUsage.KEY_AGREEMENT,
        key_cert_sign=usage is None,
        crl_sign=usage is None,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        encipher_only=False,
        decipher_only=False,
    )
