"""What ``linkbox market`` does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from linkbox.adapters.market_contracts import read_contracts
from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, InvalidIdentifier
from linkbox.base.time import SystemClock, format_utc
from linkbox.market import Contract, Finding
from linkbox.operation.findings import record_finding
from linkbox.study.evening import SCENARIO_FILE, STORE_FILE, claimed


def check_file(file: Path, feeders: Iterable[str]) -> str:
    """The contracts of a file, a line each; raise InvalidInput with every issue."""
    known = []
    for name in feeders:
        try:
            known.append(FeederId(name))
        except InvalidIdentifier as error:
            raise InvalidInput("market check", [Issue(where="--feeder", value=name, rule=str(error))]) from error
    contracts = read_contracts(file, known)
    return "\n".join([*map(_in_words, contracts), f"{len(contracts)} contracts, nothing wrong"])


def _in_words(contract: Contract) -> str:
    amps = "/".join(f"{a:.0f}" for a in contract.capacity_a)
    total = "" if contract.total_a is None else f", {contract.total_a:.0f} A in all"
    return (
        f"{contract.contract_id}: {contract.provider} ({contract.domain or 'no domain'}), {amps} A{total} on "
        f"{', '.join(sorted(contract.feeder_ids))}; answers in {contract.answer_within_s:.0f} s, delivers in "
        f"{contract.deliver_within_s:.0f} s, £{contract.price_gbp_per_kwh:.2f}/kWh"
    )


def keep_finding(
    folder: Path, intervention: str, finding: Finding, *, who: str, note: str, at: datetime | None = None
) -> str:
    """Record a finding in the store of a folder; what to do to see it."""
    path = folder / STORE_FILE
    if not path.is_file():
        raise InvalidInput("finding", [Issue(where=str(folder), value=folder.name, rule=f"has no {STORE_FILE}")])
    with claimed(folder):
        store = SqliteStore(path, owner=True)
        try:
            now = at or SystemClock().now()
            found = record_finding(store, intervention_id=intervention, finding=finding, who=who, note=note, at=now)
        finally:
            store.close()
    said = f"{found.intervention_id}: {found.finding.value}, recorded by {found.who} at {format_utc(found.at)}"
    again = f"\nreport and dossier with it: linkbox demo --resume {folder}" if (folder / SCENARIO_FILE).exists() else ""
    return said + again
