"""Words of operators on their way to the controller, made from what a person says; some could never count.

A terminal and the HTTP interface say the same words; what counts is judged by the controller (decision 0031)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest
from linkbox.control.intervention import Intervention
from linkbox.market import Finding
from linkbox.operation.operators import Word, WordKind
from linkbox.operation.ports import Row

LEAST_DIGITS = 12
_ABOUT_A_PLAN = (WordKind.APPROVE, WordKind.REFUSE)


class Interventions(Protocol):
    """The store, as far as it is asked here."""

    def row(self, table: str, key: str) -> Row | None: ...

    def rows(self, table: str) -> list[Row]: ...


class UnknownIntervention(InvalidInput):
    """The store knows no intervention of that id."""


def find(store: Interventions, intervention_id: str) -> Intervention:
    """One intervention; raise UnknownIntervention for an id that the store does not know."""
    row = store.row("intervention", intervention_id)
    if row is None:
        known = ", ".join(r.key for r in store.rows("intervention")[-10:]) or "none"
        rule = f"must be an intervention of this store, as {known}"
        issue = Issue(where="INTERVENTION", value=intervention_id[:64], rule=rule)
        raise UnknownIntervention("intervention", [issue])
    return Intervention.from_record(row.body)


def word_about(
    store: Interventions,
    kind: WordKind,
    intervention_id: str,
    *,
    who: str,
    why: str,
    at: datetime,
    plan: str = "",
    finding: str = "",
) -> Word:
    """The word; raise InvalidInput, with everything that is wrong, for one that could never count: about an
    intervention that is over, a plan that does not wait, without a name or a reason."""
    issues = [
        Issue(where=option, value=text, rule="must not be empty")
        for option, text in (("--as", who), ("--why", why))
        if not text.strip()
    ]
    digest = ""
    if kind is not WordKind.STOP_ALL:
        found = find(store, intervention_id)
        if kind is not WordKind.FINDING and not found.open:
            rule = f"must be under way, is {found.state}"
            issues.append(Issue(where="INTERVENTION", value=found.id, rule=rule))
        elif kind in _ABOUT_A_PLAN:
            digest = _digest(found, plan, issues)
    if kind is WordKind.FINDING and finding not in list(Finding):
        rule = f"must be one of {', '.join(Finding)}"
        issues.append(Issue(where="finding", value=finding[:40], rule=rule))
    if issues:
        raise InvalidInput("word", issues)
    return Word(
        kind=kind,
        intervention_id=intervention_id,
        who=who,
        why=why,
        said_at=format_utc(at),
        digest=digest,
        finding=finding,
    )


def _digest(found: Intervention, plan: str, issues: list[Issue]) -> str:
    """The whole digest of the plan that waits, if ``plan`` begins it; else an issue."""
    request = None if found.request is None else AuthorisationRequest.from_record(found.request)
    if request is None:
        issues.append(Issue(where="--plan", value=plan[:64], rule=f"no plan of {found.id} waits for people"))
        return ""
    if len(plan) < LEAST_DIGITS or not request.digest.startswith(plan.lower()):
        rule = f"must begin the SHA-256 of the plan that waits now ({request.digest[:LEAST_DIGITS]}): look at it again"
        issues.append(Issue(where="--plan", value=plan[:64], rule=rule))
    return request.digest
