"""What customers said and what became of their supplies, as facts with two times each.

``at`` is when it was so; ``recorded_at`` is when the distributor came to know. Facts are only ever added. One fact
about one connection point; MPANs are the only personal identifier in this room.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc


class ConsentKind(StrEnum):
    """What happened to a consent. Only GIVEN permits anything; SOUGHT changes nothing that was given before.

    SUPERSEDED ends a consent that was given to the same version of the text, and no other."""

    SOUGHT = "sought"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


EV_CHARGER = "EV charger"
"""The class of device that consents are about where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a consent covers: the class of device; whether it may be switched off or only held at a reduced rate;
    whether its boost button may be taken away meanwhile; whether a customer on the Priority Services Register takes
    part."""

    device: str = EV_CHARGER
    off: bool = True
    boost_button: bool = False
    register_opt_in: bool = False


USUAL_SCOPE = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One step of a consent, with its evidence: which text was shown, through which channel, where the proof lies,
    who recorded it.

    ``tenancy`` names the tenancy whose tenant spoke. A consent that was given ends by itself at ``expires_at``.
    """

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    kind: ConsentKind
    text_version: str
    channel: str
    evidence: str
    tenancy: str
    recorded_by: str = ""
    scope: Scope = field(default=USUAL_SCOPE)
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)
        if self.expires_at is not None:
            require_utc(self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyChange:
    """From ``at`` on the tenancy called ``tenancy`` holds. What former tenants said ends there."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    tenancy: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierChange:
    """From ``at`` on ``supplier`` supplies this point, and is told of what is done there. Consent is not touched."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    supplier: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """The customer rejects one intervention, before or during it (NF2)."""

    mpan: Mpan
    intervention_id: str
    at: datetime
    recorded_at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityChoice:
    """A customer on the Priority Services Register asks to take part all the same, or takes that back (C11)."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    opted_in: bool
    evidence: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annulment:
    """A fact was recorded in error: from ``recorded_at`` on it counts as never told; what was known before stays so.

    ``fact`` is the identity of the annulled fact (see ``identity_of``), 32 hex digits; ``at`` the time of that fact.
    An annulment may be annulled itself."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    fact: str
    reason: str
    recorded_by: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC or self.recorded_at.tzinfo is not UTC:
            _require_times(self.at, self.recorded_at)
        if len(self.fact) != 32 or not set(self.fact) <= set("0123456789abcdef"):
            raise ValueError("must be the 32 hex digits of a fact")
        if not self.reason.strip() or not self.recorded_by.strip():
            raise ValueError("an annulment needs a reason and a name")


CustomerEvent: TypeAlias = ConsentEvent | TenancyChange | SupplierChange | Objection | PriorityChoice | Annulment


def _require_times(at: datetime, recorded_at: datetime) -> None:
    require_utc(at)
    require_utc(recorded_at)
