"""The three services over mutual TLS, with the gateway that the controller uses."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from linkbox.adapters.gateway_http import HttpDccGateway, mutual_tls
from linkbox.emulator import EmulatorConfig
from linkbox.emulator.standalone import StandaloneConfig, Tls, run_standalone
from linkbox.operation.ports import HttpAnswer, PeerUnreachable

from .world import START, USER, World, hold, installation


class Authority:
    """A CA for one test, with files for OpenSSL."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.certificate = self._sign(self.name, self.key.public_key(), ca=True)
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        signed = self._sign(subject, key.public_key(), ca=False)
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return certificate, secret

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
        issuer = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
        builder = builder.add_extension(identifier, critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        usage = x509.KeyUsage(
            digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())


async def post_over_tls(server: Tls, client: ssl.SSLContext | None) -> HttpAnswer:
    addresses: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def started(found: dict[str, str]) -> None:
        addresses.set_result(found)

    config = StandaloneConfig(
        emulator=EmulatorConfig(), installations=(installation(1),), user=USER, user_endpoint="http://127.0.0.1:9/",
        pki_seed="tests", dcc_port=0, smki_port=None, control_port=None, tls=server,
    )  # fmt: skip
    serving = asyncio.create_task(run_standalone(config, started=started))
    try:
        dcc = (await asyncio.wait_for(addresses, 20))["dcc"]
        assert dcc.startswith("https://")
        exchange = World().open(hold(1), START)
        assert exchange.outgoing is not None
        async with HttpDccGateway(dcc, tls=client) as gateway:
            return await gateway.post(exchange.service, exchange.outgoing)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def test_a_user_with_a_certificate_of_the_dccs_ca_is_served(tmp_path: Path) -> None:
    ca = Authority(tmp_path, "ca")
    certificate, key = ca.issue("dcc")
    mine, my_key = ca.issue("user")
    client = mutual_tls(certificate=mine, key=my_key, dcc_ca=ca.file)
    answer = asyncio.run(post_over_tls(Tls(certificate=certificate, key=key, client_ca=ca.file), client))
    assert answer.status == 200


def test_a_user_without_one_or_with_one_of_another_ca_is_not_served(tmp_path: Path) -> None:
    ca = Authority(tmp_path, "ca")
    certificate, key = ca.issue("dcc")
    server = Tls(certificate=certificate, key=key, client_ca=ca.file)
    (tmp_path / "other").mkdir()
    stranger, its_key = Authority(tmp_path / "other", "other").issue("user")
    for client in (
        ssl.create_default_context(cafile=str(ca.file)),
        mutual_tls(certificate=stranger, key=its_key, dcc_ca=ca.file),
    ):
        with pytest.raises(PeerUnreachable):
            asyncio.run(post_over_tls(server, client))


def test_a_dcc_whose_certificate_is_of_another_ca_gets_nothing(tmp_path: Path) -> None:
    ca = Authority(tmp_path, "ca")
    (tmp_path / "false").mkdir()
    impostor = Authority(tmp_path / "false", "false")
    certificate, key = impostor.issue("dcc")
    mine, my_key = ca.issue("user")
    client = mutual_tls(certificate=mine, key=my_key, dcc_ca=ca.file)
    with pytest.raises(PeerUnreachable):
        asyncio.run(post_over_tls(Tls(certificate=certificate, key=key), client))
