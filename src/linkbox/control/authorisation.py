"""Who must say yes before load is switched: rules as data, and the yes of a person bound to one exact plan.

Emergency measures have a clear authority (catalogue F5). A policy is a list of rules; the first that fits a plan says
how many different people must approve it, none where it may go ahead by itself. An approval names the SHA-256 of the
plan that the person saw, ends with the request, and is used once. Nobody's silence is a yes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc, parse_utc, require_utc

MOST_PEOPLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What a rule may look at. ``customers`` counts everybody held or to be held in the intervention, ``new_customers``
    those of them who have not been held in it before; ``approved_before`` whether people have approved a plan of it."""

    customers: int
    new_customers: int
    time_to_limit_s: float
    market_recorded: bool
    approved_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationRule:
    """``people`` who must approve (0: automatic) a plan that meets every condition; a condition that is None, or False,
    asks nothing. ``time_to_limit_below_s``: only where so little time is left that nobody could be waited for."""

    name: str
    people: int
    max_customers: int | None = None
    max_new_customers: int | None = None
    time_to_limit_below_s: float | None = None
    needs_approved_before: bool = False

    def fits(self, facts: PlanFacts) -> bool:
        """Whether the rule speaks of this plan. Without the market's record none does."""
        return (
            facts.market_recorded
            and (self.max_customers is None or facts.customers <= self.max_customers)
            and (self.max_new_customers is None or facts.new_customers <= self.max_new_customers)
            and (self.time_to_limit_below_s is None or facts.time_to_limit_s < self.time_to_limit_below_s)
            and (facts.approved_before or not self.needs_approved_before)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationPolicy:
    """Rules in order, the last for every plan. ``wait_s`` is how long one request waits for people."""

    name: str
    rules: tuple[AuthorisationRule, ...]
    wait_s: int = 300

    def __post_init__(self) -> None:
        """Raise InvalidInput with everything that is wrong."""
        issues = [
            Issue(where=f"{self.name}: {r.name}: people", value=str(r.people), rule=f"must be 0 to {MOST_PEOPLE}")
            for r in self.rules
            if not 0 <= r.people <= MOST_PEOPLE
        ]
        if not self.rules or not self.rules[-1].fits(_WORST):
            issues.append(Issue(where=f"{self.name}: rules", value=str(len(self.rules)), rule="the last must fit all"))
        if self.wait_s <= 0:
            issues.append(Issue(where=f"{self.name}: wait_s", value=str(self.wait_s), rule="must be above 0"))
        if issues:
            raise InvalidInput("authorisation policy", issues)

    def rule_for(self, facts: PlanFacts) -> AuthorisationRule | None:
        """The first rule that fits; None for a plan that nobody may authorise, because the market has no record."""
        return next((rule for rule in self.rules if rule.fits(facts)), None)


_WORST = PlanFacts(
    customers=10**9, new_customers=10**9, time_to_limit_s=math.inf, market_recorded=True, approved_before=False
)

AUTOMATIC = AuthorisationPolicy(
    name="automatic", rules=(AuthorisationRule(name="automatic within the policy", people=0),)
)

_TOP_UP = AuthorisationRule(
    name="renewals, rotation and top-ups of what people have approved", people=0, max_new_customers=12,
    needs_approved_before=True,
)  # fmt: skip
_TOO_LATE_TO_ASK = AuthorisationRule(
    name="under four minutes to the limit, few customers", people=0, max_customers=12, time_to_limit_below_s=240.0
)

ONE_OPERATOR = AuthorisationPolicy(
    name="one", rules=(_TOP_UP, _TOO_LATE_TO_ASK, AuthorisationRule(name="one operator", people=1))
)
TWO_OPERATORS = AuthorisationPolicy(
    name="two", rules=(_TOP_UP, AuthorisationRule(name="two operators", people=2)), wait_s=420
)

POLICIES: Mapping[str, AuthorisationPolicy] = {p.name: p for p in (AUTOMATIC, ONE_OPERATOR, TWO_OPERATORS)}
"""The policies that come with Linkbox, by name; a distributor writes its own as data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes to one exact plan, and why."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationRequest:
    """A plan that waits for people. ``plan`` is plain data; ``digest`` its SHA-256, which an approval must name."""

    plan: Mapping[str, Any]
    rule: str
    people: int
    asked_at: datetime
    expires_at: datetime
    approvals: tuple[Approval, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of the exact plan, in hexadecimal."""
        return plan_digest(self.plan)

    @property
    def granted(self) -> bool:
        """Whether as many different people as needed have approved."""
        return len({a.who for a in self.approvals}) >= self.people

    def approve(self, who: str, why: str, *, digest: str, at: datetime) -> AuthorisationRequest | str:
        """The request with one more approval, or why it does not count."""
        if require_utc(at) >= self.expires_at:
            return f"the request ended at {format_utc(self.expires_at)}"
        if digest != self.digest:
            return f"it names plan {digest[:12]}, the plan that waits is {self.digest[:12]}: look at it again"
        if not who.strip() or not why.strip():
            return "an approval needs a name and a reason"
        if any(a.who.casefold() == who.casefold() for a in self.approvals):
            return f"{who} has approved already; another person must"
        return replace(self, approvals=(*self.approvals, Approval(who=who, why=why, at=at)))

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values, from which from_record gives the same request."""
        return {
            "plan": dict(self.plan),
            "rule": self.rule,
            "people": self.people,
            "asked_at": format_utc(self.asked_at),
            "expires_at": format_utc(self.expires_at),
            "approvals": [[a.who, a.why, format_utc(a.at)] for a in self.approvals],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> AuthorisationRequest:
        """The inverse of to_record."""
        return cls(
            plan=record["plan"],
            rule=record["rule"],
            people=record["people"],
            asked_at=parse_utc(record["asked_at"]),
            expires_at=parse_utc(record["expires_at"]),
            approvals=tuple(Approval(who=w, why=y, at=parse_utc(at)) for w, y, at in record["approvals"]),
        )


def plan_digest(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan's canonical JSON."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def authority(request: AuthorisationRequest) -> str:
    """Who authorised, in words for the record."""
    return f"{request.rule}: " + "; ".join(f"{a.who} at {format_utc(a.at)[11:19]} ({a.why})" for a in request.approvals)


def names(approvals: Sequence[Approval]) -> str:
    """Who has approved so far."""
    return ", ".join(a.who for a in approvals) or "nobody"
