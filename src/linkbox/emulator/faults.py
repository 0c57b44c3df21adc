"""What goes wrong, as data: rules that say which fault strikes which request, when, and with what probability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import RequestId
from linkbox.emulator.draws import Draws


class FaultKind(StrEnum):
    """The kinds of fault. Where ``delay_s`` of a rule matters, it says how."""

    COMMAND_LOST = "command lost"
    """The device never gets the command; the DSP answers E21 when it gives up."""
    RESPONSE_LOST = "response lost"
    """The device acts, its response is lost; the DSP answers E21 when it gives up."""
    DELIVERY_LOST = "delivery lost"
    """The device acts, the DSP never delivers anything to the user."""
    DELAY = "delay"
    """The answer comes ``delay_s`` later."""
    DUPLICATE = "duplicate"
    """The answer comes again ``delay_s`` after the first time."""
    REORDER = "reorder"
    """The command travels up to ``delay_s`` longer, so that later ones overtake it."""
    WRONG_XML_SIGNATURE = "wrong XML signature"
    """The answer's XML signature does not verify."""
    WRONG_GBCS_SIGNATURE = "wrong GBCS signature"
    """The device's own signature does not verify, inside a well-signed answer."""
    QUARANTINE = "quarantine"
    """Anomaly detection holds the command; it is released ``delay_s`` later, or never when that is 0."""
    THROTTLE = "throttle"
    """The DSP answers the post with its throttling code, and forgets it."""
    VERSION_MISMATCH = "version mismatch"
    """Instead of the response comes a DCC alert that the user's schema version can not express it."""
    ALERT_STORM = "alert storm"
    """The meter sends an alert every ``delay_s`` seconds (every second if that is 0) from ``start`` to ``end``."""
    HUB_OFFLINE = "hub off-line"
    """The hub is away from ``start`` to ``end``; commands meanwhile end with E20."""
    HCALCS_OFFLINE = "HCALCS off-line"
    """The switch does not poll its meter from ``start`` to ``end``."""


_NEEDS_PERIOD = frozenset({FaultKind.HUB_OFFLINE, FaultKind.HCALCS_OFFLINE, FaultKind.ALERT_STORM})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One fault. Empty fields match everything; ``target`` is a device's EUI or an MPAN, ``region`` a region's name.

    ``start`` and ``end`` bound the time of the post (or are the fault's own period, for the off-line kinds).
    """

    kind: FaultKind
    probability: float = 1.0
    srv: str | None = None
    target: str | None = None
    region: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        issues = []
        if not 0.0 <= self.probability <= 1.0:
            issues.append(Issue(where="probability", value=str(self.probability), rule="must be within 0..1"))
        if self.delay_s < 0.0:
            issues.append(Issue(where="delay_s", value=str(self.delay_s), rule="must not be negative"))
        if self.kind in _NEEDS_PERIOD and (self.start is None or self.end is None):
            issues.append(Issue(where="start, end", value="none", rule=f"{self.kind} needs a period"))
        if self.start is not None and self.end is not None and self.end <= self.start:
            issues.append(Issue(where="end", value=str(self.end), rule="must be after start"))
        if issues:
            raise InvalidInput(f"fault rule {self.kind}", issues)

    def covers(self, at: datetime) -> bool:
        """Whether ``at`` lies in the rule's period."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    def concerns(self, names: frozenset[str], region: str) -> bool:
        """Whether the rule concerns the home with these device EUIs and MPAN, in this region."""
        return (self.target is None or self.target in names) and (self.region is None or self.region == region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a rule is matched against: names (EUIs of the home's devices, MPAN) and region of a home."""

    names: frozenset[str] = frozenset()
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """All fault rules of a run."""

    rules: tuple[FaultRule, ...] = ()

    def strikes(
        self,
        kind: FaultKind,
        *,
        draws: Draws,
        request_id: RequestId,
        srv: str,
        target: Target,
        at: datetime,
        attempt: int = 0,
    ) -> FaultRule | None:
        """The first rule of this kind that strikes this request, posted at ``at``; None if none does.

        ``attempt`` gives a request that is posted again another chance.
        """
        for number, rule in enumerate(self.rules):
            if (
                rule.kind is kind
                and rule.srv in (None, srv)
                and rule.covers(at)
                and rule.concerns(target.names, target.region)
                and draws.happens(rule.probability, "fault", number, kind, request_id, attempt)
            ):
                return rule
        return None

    def periods(self, kind: FaultKind, target: Target, *, draws: Draws) -> Iterator[tuple[datetime, datetime]]:
        """The periods of an off-line kind that concern this home."""
        for rule in self.lasting(kind, target, draws=draws):
            if rule.start is not None and rule.end is not None:
                yield rule.start, rule.end

    def lasting(self, kind: FaultKind, target: Target, *, draws: Draws) -> Iterator[FaultRule]:
        """The rules of a kind with a period of its own that concern this home."""
        for number, rule in enumerate(self.rules):
            if rule.kind is not kind:
                continue
            key = min(target.names, default="")
            if rule.concerns(target.names, target.region) and draws.happens(rule.probability, "fault", number, key):
                yield rule
