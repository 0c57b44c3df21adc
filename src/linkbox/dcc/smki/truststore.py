"""The certificates that we believe, found by EUI, use and serial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from linkbox.base.identifiers import Eui64
from linkbox.base.time import format_utc, require_utc
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.smki.authority import Authority, require_descent
from linkbox.dcc.smki.certificate import Certificate
from linkbox.dcc.smki.roles import XML_ROLES, KeyUsage, Role

_Index = dict[tuple[Eui64, KeyUsage], tuple[Certificate, ...]]


class UnknownCertificate(RemoteProtocolError):
    """No certificate that we trust answers to what was asked for."""


class TrustStore:
    """An immutable set of trusted certificates.

    With ``roots``, every certificate must descend from one of them (through ``issuers``), else Untrusted is raised.
    Without, the certificates are trusted as given: the published test sets come without their authorities.
    """

    __slots__ = ("_by_holder", "_by_serial", "_issuers", "_roots")

    def __init__(
        self,
        certs: Iterable[Certificate] = (),
        *,
        roots: Iterable[Authority] = (),
        issuers: Iterable[Authority] = (),
    ) -> None:
        self._roots, self._issuers = tuple(roots), tuple(issuers)
        self._by_serial: dict[int, Certificate] = {}
        self._by_holder: _Index = {}
        self._add(certs)

    def _add(self, certs: Iterable[Certificate]) -> None:
        holders: dict[tuple[Eui64, KeyUsage], list[Certificate]] = {}
        for cert in certs:
            known = self._by_serial.setdefault(cert.serial, cert)
            if known is not cert:
                if known != cert:
                    raise LocalProtocolError(f"certificate serial {cert.serial}", "must be unique in the trust store")
                continue
            if self._roots:
                require_descent(cert, roots=self._roots, issuers=self._issuers)
            holders.setdefault((cert.eui, cert.usage), []).append(cert)
        for holder, added in holders.items():
            merged = (*self._by_holder.get(holder, ()), *added)
            # Longest validity first, then serial: two plausible entries must give the same answer every time.
            self._by_holder[holder] = tuple(sorted(merged, key=lambda c: (c.not_after, c.serial), reverse=True))

    def with_(self, certs: Iterable[Certificate]) -> TrustStore:
        """A new store that trusts ``certs`` too."""
        store = TrustStore(roots=self._roots, issuers=self._issuers)
        store._by_serial, store._by_holder = dict(self._by_serial), dict(self._by_holder)
        store._add(certs)
        return store

    def candidates(
        self, eui: Eui64, usage: KeyUsage, *, at: datetime, role: Role | None = None
    ) -> tuple[Certificate, ...]:
        """Every certificate of ``eui`` for ``usage`` valid at ``at``, best first; more than one during a renewal.

        ``role`` None means any role, and devices, but never the XML-signing roles: those sign no GBCS message.
        """
        require_utc(at)
        return tuple(
            [
                certificate
                for certificate in self._by_holder.get((eui, usage), ())
                if _plays(certificate, role) and certificate.not_before <= at <= certificate.not_after
            ]
        )

    def find(self, eui: Eui64, usage: KeyUsage, *, at: datetime, role: Role | None = None) -> Certificate:
        """The best of ``candidates``; raise UnknownCertificate when there is none."""
        found = self.candidates(eui, usage, at=at, role=role)
        if not found:
            wanted = f"{usage} certificate of {eui}" + ("" if role is None else f" with role {role.ou}")
            raise UnknownCertificate(wanted, f"must be trusted and valid at {format_utc(at)}")
        return found[0]

    def by_serial(self, serial: int) -> Certificate:
        """The certificate with this serial number, valid or not; raise UnknownCertificate when there is none."""
        try:
            return self._by_serial[serial]
        except KeyError:
            raise UnknownCertificate(f"certificate with serial {serial}", "must be trusted") from None

    def __iter__(self) -> Iterator[Certificate]:
        return iter(self._by_serial.values())

    def __len__(self) -> int:
        return len(self._by_serial)

    def __repr__(self) -> str:
        return f"TrustStore({len(self)} certificates, {len(self._roots)} roots)"


def _plays(certificate: Certificate, role: Role | None) -> bool:
    return certificate.role not in XML_ROLES if role is None else certificate.role is role
