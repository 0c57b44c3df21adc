"""Keeping what people found out about a market that failed, in a store at rest or under a controller."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.control.intervention import Intervention
from linkbox.market import Finding, MarketFinding
from linkbox.operation import offline
from linkbox.operation.ports import Row, Store
from linkbox.operation.session import Session
from linkbox.records.commitments import NAME, Personal

_DID_IT = (None, "delivered", "no_contract")
"""Outcomes of a market that nobody has to be asked about."""


def record_finding(
    store: Store, *, intervention_id: str, finding: Finding, who: str, note: str, at: datetime
) -> MarketFinding:
    """Add a finding and its audit record, in one commit, to a store that no controller is running on.

    Raises InvalidInput for an intervention that is not there or whose market did not fail. Earlier findings stay."""
    row = store.row("intervention", intervention_id)
    if row is None:
        known = ", ".join(r.key for r in store.rows("intervention")) or "none"
        raise _refused("intervention", intervention_id, f"is not in the store; there are: {known}")
    if (wrong := _did_not_fail(row)) is not None:
        raise _refused("intervention", intervention_id, wrong)
    found = MarketFinding(intervention_id=intervention_id, finding=finding, who=who, note=note, at=at)
    number = len(store.rows("market_finding", owner=intervention_id)) + 1
    row = Row(key=f"{intervention_id}/{number}", state=finding.value, owner=intervention_id, body=found.to_record())
    facts = _told(found)
    offline.record(store, at, lambda _: [("market_finding", row)], stream="market", kind="finding", facts=facts)
    return found


def keep(session: Session, *, intervention_id: str, finding: str, who: str, note: str) -> str | None:
    """The same under a controller, within its transaction; return why it can not be kept, if it can not."""
    row = session.desk.recall_row("intervention", intervention_id)
    if row is None:
        return "there is no such intervention"
    if finding not in list(Finding):
        return f"a finding must be one of {', '.join(Finding)}"
    if (wrong := _did_not_fail(row)) is not None:
        return wrong
    value = Finding(finding)
    try:
        found = MarketFinding(intervention_id=intervention_id, finding=value, who=who, note=note, at=session.now)
    except InvalidInput as error:
        return "; ".join(f"{issue.where} {issue.rule}" for issue in error.issues)
    number = len(session.desk.recall_rows("market_finding", intervention_id)) + 1
    kept = Row(key=f"{intervention_id}/{number}", state=value.value, owner=intervention_id, body=found.to_record())
    session.tx.put("market_finding", kept)
    session.audit("market", "finding", **_told(found))
    return None


def _told(found: MarketFinding) -> dict[str, Any]:
    """As the audit record has it: name and note as commitments."""
    return {**found.to_record(), "who": Personal(found.who, NAME), "note": Personal(found.note)}


def _did_not_fail(row: Row) -> str | None:
    outcome = Intervention.from_record(row.body).market_outcome
    return f"its market did not fail: {outcome or 'not decided'}" if outcome in _DID_IT else None


def _refused(where: str, value: str, rule: str) -> InvalidInput:
    return InvalidInput("finding", [Issue(where=where, value=value[:64], rule=rule)])
