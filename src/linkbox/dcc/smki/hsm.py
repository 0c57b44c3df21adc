"""A Signer whose key is in a hardware security module, reached through PKCS#11. Needs the package python-pkcs11."""

from __future__ import annotations

import importlib
from hashlib import sha256
from threading import Lock
from typing import Any

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki.certificate import SIGNATURE_OCTETS, Certificate
from linkbox.dcc.smki.roles import KeyUsage

_PROBE = b"linkbox: does this key belong to this certificate?"


class HsmSigner:
    """Signs with the private key ``key_label`` on the token ``token_label``; the key never leaves the token.

    One session, used by one thread at a time. Signatures are not deterministic: the module draws its own numbers.
    """

    def __init__(self, *, module: str, token_label: str, pin: str, key_label: str, certificate: Certificate) -> None:
        """Open a session through the PKCS#11 library ``module``.

        Raise LocalProtocolError where the package, the module, the token or the key is missing, the PIN is wrong, or
        the key is not that of ``certificate``.
        """
        if certificate.usage is not KeyUsage.DIGITAL_SIGNATURE:
            raise LocalProtocolError(f"certificate of {certificate.eui}", "must have key usage DS")
        self._pkcs11 = _package()
        self._certificate = certificate
        self._lock = Lock()
        where = f"PKCS#11 token {token_label!r}, key {key_label!r}"
        try:
            self._session: Any = self._open(module, token_label, pin)
            self._key: Any = self._find(key_label)
        except (self._pkcs11.PKCS11Error, RuntimeError) as error:  # RuntimeError: the library can not be loaded
            raise LocalProtocolError(where, str(error) or type(error).__name__) from None
        if not certificate.verify(_PROBE, self.sign(_PROBE)):
            self.close()
            raise LocalProtocolError(where, f"must belong to the certificate of {certificate.eui}")

    def _open(self, module: str, token_label: str, pin: str) -> Any:
        token = self._pkcs11.lib(module).get_token(token_label=token_label)
        try:
            return token.open(user_pin=pin)
        except self._pkcs11.UserAlreadyLoggedIn:  # PKCS#11 logs in a process, not a session: another signer did it
            return token.open()

    def _find(self, key_label: str) -> Any:
        try:
            return self._session.get_key(object_class=self._pkcs11.ObjectClass.PRIVATE_KEY, label=key_label)
        except self._pkcs11.PKCS11Error:
            self.close()
            raise

    @property
    def certificate(self) -> Certificate:
        """The certificate that the key belongs to."""
        return self._certificate

    def sign(self, data: bytes) -> bytes:
        """r and s, 32 octets each; raise LocalProtocolError when the module refuses or is gone."""
        digest = sha256(data).digest()
        try:
            with self._lock:
                signature = bytes(self._key.sign(digest, mechanism=self._pkcs11.Mechanism.ECDSA))
        except self._pkcs11.PKCS11Error as error:
            raise LocalProtocolError("PKCS#11 signature", str(error) or type(error).__name__) from None
        if len(signature) != SIGNATURE_OCTETS:
            raise LocalProtocolError("PKCS#11 signature", f"must be {SIGNATURE_OCTETS} octets, is {len(signature)}")
        return signature

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def __repr__(self) -> str:
        return f"HsmSigner({self._certificate.eui}, serial={self._certificate.serial})"


def _package() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError:
        raise LocalProtocolError("PKCS#11", "needs the package python-pkcs11 to be installed") from None
