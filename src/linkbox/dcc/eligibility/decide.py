"""Apply a profile at a date. The answer names the rule that allows, or the one that would have to exist."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.time import format_utc, require_utc
from linkbox.dcc.eligibility.rules import Profile, SendingRule, UserRole
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import Role


@dataclass(frozen=True, slots=True)
class Allowed:
    """Allowed, by the rule named."""

    rule: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused; ``rule`` says which profile, which rules speak of the matter, whom they allow and since when."""

    rule: str


class EligibilityRefused(LocalProtocolError):
    """A request was refused before it was built, because the profile in force does not allow it."""

    def __init__(self, *, profile: str, role: UserRole, srv: str, rule: str) -> None:
        self.profile, self.role, self.srv = profile, role, srv
        super().__init__(what=f"SRV {srv} from a user in role {role}", rule=rule)


def may_send(profile: Profile, *, role: UserRole, srv: str, at: datetime) -> Allowed | Refused:
    """Whether a user in ``role`` may send service reference variant ``srv`` at ``at`` (aware, UTC)."""
    require_utc(at)
    about = [rule for rule in profile.sending if srv in rule.variants]
    for rule in about:
        if role in rule.roles and rule.in_force(at):
            return Allowed(f"{profile.name}: {rule.name}")
    return Refused(f"{profile.name}: {_sending_gap(about, role=role, srv=srv, at=at)}")


def may_execute(
    profile: Profile, *, certificate_role: Role | None, message_code: int, at: datetime
) -> Allowed | Refused:
    """Whether a device executes use case ``message_code`` for an originator whose certificate has this role."""
    require_utc(at)
    about = [rule for rule in profile.device if message_code in rule.message_codes]
    for rule in about:
        if certificate_role in rule.roles and rule.in_force(at):
            return Allowed(f"{profile.name}: {rule.name}")
    allowed = _union(role.name for rule in about if rule.in_force(at) for role in rule.roles)
    who = "no role" if certificate_role is None else certificate_role.name
    names = _union(rule.name for rule in about)
    return Refused(
        f"{profile.name}: message code {message_code:04X} is for {allowed} ({names}), "
        f"not for {who}, at {format_utc(at)}"
    )


def require_allowed(profile: Profile, *, role: UserRole, srv: str, at: datetime) -> str:
    """The name of the rule that allows the request; raise EligibilityRefused if none does."""
    verdict = may_send(profile, role=role, srv=srv, at=at)
    if isinstance(verdict, Refused):
        raise EligibilityRefused(profile=profile.name, role=role, srv=srv, rule=verdict.rule)
    return verdict.rule


def _sending_gap(about: list[SendingRule], *, role: UserRole, srv: str, at: datetime) -> str:
    for rule in about:
        if role in rule.roles:
            until = "" if rule.end is None else f" until {format_utc(rule.end)}"
            return f"{rule.name} allows {role} {srv} only from {format_utc(rule.start)}{until}, not at {format_utc(at)}"
    allowed = _union(role.value for rule in about if rule.in_force(at) for role in rule.roles)
    return f"SRV {srv} is for {allowed} ({_union(rule.name for rule in about)}), not for {role}"


def _union(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "nobody"
