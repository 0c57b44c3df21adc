"""Shared secrets, agreed once per pair: the emulator talks to the same devices again and again."""

from __future__ import annotations

from linkbox.dcc.smki import Certificate, KeyAgreement


class RememberedSecrets:
    """A KeyAgreement that keeps what it agreed on. For emulated keys only: a real one keeps no secrets around."""

    __slots__ = ("_agreement", "_secrets")

    def __init__(self, agreement: KeyAgreement) -> None:
        self._agreement = agreement
        self._secrets: dict[int, bytes] = {}

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key."""
        return self._agreement.certificate

    def shared_secret(self, peer: Certificate) -> bytes:
        """See KeyAgreement."""
        if peer.serial not in self._secrets:
            self._secrets[peer.serial] = self._agreement.shared_secret(peer)
        return self._secrets[peer.serial]
