"""Keeping what people found out about a market that failed, in a store at rest or under a controller."""

from __future__ import annotations

from datetime import datetime

from linkbox.base.errors import InvalidInput, Issue
from linkbox.control.intervention import Intervention
from linkbox.market import Finding, MarketFinding
from linkbox.operation.ports import Row, Store
from linkbox.records.audit import EMPTY_CHAIN, AuditEvent, AuditRecord, append, head_of

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
    outcome = Intervention.from_record(row.body).market_outcome
    if outcome in _DID_IT:
        raise _refused("intervention", intervention_id, f"its market did not fail: {outcome or 'not decided'}")
    found = MarketFinding(intervention_id=intervention_id, finding=finding, who=who, note=note, at=at)
    number = len(store.rows("market_finding", owner=intervention_id)) + 1
    lines = [AuditRecord.from_line(line.encode()) for line in store.audit_lines()]
    event = AuditEvent(at=at, stream="market", kind="finding", facts=found.to_record())
    record = append(head_of(lines) if lines else EMPTY_CHAIN, event)
    key = f"{intervention_id}/{number}"
    with store.transaction() as tx:
        tx.put("market_finding", Row(key=key, state=finding.value, owner=intervention_id, body=found.to_record()))
        tx.append_audit([(record.seq, record.line().decode())])
    return found


def _refused(where: str, value: str, rule: str) -> InvalidInput:
    return InvalidInput("finding", [Issue(where=where, value=value[:64], rule=rule)])
