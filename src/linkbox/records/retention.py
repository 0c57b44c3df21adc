"""How long each kind of record is kept, as data: a period with its reason and source, and what happens at its end."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from linkbox.base.errors import InvalidInput, Issue

_NEEDED_DAYS: Mapping[str, int] = {"hold": 31, "command": 31, "exchange": 7, "inbox": 7, "reading": 31}
"""Fewer days would take away what Linkbox itself decides by: quotas count 30 days back, forecasts look back too."""


class Action(StrEnum):
    """What happens at the end of a period."""

    REMOVE = "remove"
    REDACT = "redact"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of record. ``dated_by`` names the member of its body from which ``days`` count; only rows in one of
    ``states`` are looked at (all where there is none)."""

    kind: str
    action: Action
    reason: str
    source: str
    days: int = 0
    dated_by: str = ""
    states: tuple[str, ...] = ()

    def due_before(self, now: datetime) -> datetime:
        """What is older than this is due."""
        return now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """All rules, and how many different people a redaction takes."""

    names: int
    rules: tuple[Rule, ...]

    def of(self, kind: str) -> Rule | None:
        """The rule for a kind."""
        return next((rule for rule in self.rules if rule.kind == kind), None)


_FIELDS = {"kind": str, "action": str, "reason": str, "source": str, "days": int, "dated_by": str, "states": list}
_TABLES = frozenset({"reading", "inbox"})
"""Kinds that are tables of their own, dated by the time that each row has."""
_REDACTED = frozenset({"personal", "pseudonym"})
"""Kinds that are redacted, and never just removed: the chain names them."""


def policy_from_toml(text: str, *, where: str, kinds: Collection[str]) -> RetentionPolicy:
    """Read a policy; ``kinds`` are those that a store has. Raise InvalidInput with everything that is wrong."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput("retention", [Issue(where=where, value="", rule=f"is not TOML: {error}")]) from error
    issues: list[Issue] = []
    names = read.get("redaction_names", 2)
    if not isinstance(names, int) or isinstance(names, bool) or not 1 <= names <= 5:
        issues.append(Issue(where=f"{where}: redaction_names", value=str(names), rule="must be 1 to 5"))
    rules: list[Rule] = []
    entries = read.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        entries = []
        issues.append(Issue(where=f"{where}: rule", value="", rule="must be tables, [[rule]]"))
    for number, entry in enumerate(entries, 1):
        place = f"{where}: rule {number} ({entry.get('kind', 'no kind')})"
        wrong = _wrong(entry, place, kinds)
        issues += wrong
        if not wrong:
            rules.append(_rule(entry))
    twice = {rule.kind for rule in rules if sum(r.kind == rule.kind for r in rules) > 1}
    issues += [Issue(where=where, value=kind, rule="must have one rule only") for kind in sorted(twice)]
    unknown = sorted(set(read) - {"redaction_names", "rule"})
    issues += [Issue(where=where, value=name, rule="is not known") for name in unknown]
    if issues:
        raise InvalidInput("retention", issues)
    return RetentionPolicy(names=names, rules=tuple(rules))


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(**{**entry, "action": Action(entry["action"]), "states": tuple(entry.get("states", ()))})


def _wrong(entry: Mapping[str, Any], place: str, kinds: Collection[str]) -> list[Issue]:
    issues = [Issue(where=place, value=name, rule="is not known") for name in sorted(set(entry) - set(_FIELDS))]
    for name in ("kind", "action", "reason", "source"):
        if not str(entry.get(name, "")).strip():
            issues.append(Issue(where=f"{place}: {name}", value="", rule="must be given"))
    for name, wanted in _FIELDS.items():
        value = entry.get(name)
        if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            issues.append(Issue(where=f"{place}: {name}", value=str(value), rule=f"must be {wanted.__name__}"))
    if issues:
        return issues
    return _wrong_meaning(entry, place, kinds)


def _wrong_meaning(entry: Mapping[str, Any], place: str, kinds: Collection[str]) -> list[Issue]:
    kind, action, days = entry["kind"], entry["action"], entry.get("days", 0)
    least = _NEEDED_DAYS.get(kind, 1)
    keeps = action == Action.KEEP
    checks = (
        (kind in kinds, "kind", kind, "is not a kind of record that the store has"),
        (action in list(Action), "action", action, f"must be one of {', '.join(Action)}"),
        (keeps or days >= least, "days", str(days), f"must be at least {least}"),
        (not keeps or days == 0, "days", str(days), "must not be given where it is kept"),
        (keeps or kind in _TABLES or entry.get("dated_by"), "dated_by", "", "must name the member that has the time"),
        (keeps or (kind in _REDACTED) == (action == Action.REDACT), "action", action, "redact is for personal values"),
        (all(isinstance(s, str) for s in entry.get("states", [])), "states", "", "must be texts"),
    )
    return [Issue(where=f"{place}: {at}", value=value, rule=rule) for good, at, value, rule in checks if not good]
