"""An audit record in a sentence, for live views and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkbox.base.time import format_utc
from linkbox.records.audit import AuditRecord


def tell(record: AuditRecord, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The record as ``at``, ``stream``, ``text``; None for what only auditors need."""
    text = sentence(record.stream, record.kind, record.facts or {}, names)
    return None if text is None else {"at": format_utc(record.at), "stream": record.stream, "text": text}


def sentence(stream: str, kind: str, facts: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """What happened, in a line of plain English."""
    who = names.get(str(facts.get("customer")), "a customer")
    match stream, kind:
        case "risk", _:
            return f"{kind.replace('-', ' ').upper()}: {facts['reason']}"
        case "intervention", "opened":
            return f"intervention {facts['intervention']} opened: {facts['reason']}"
        case "intervention", _:
            return f"{kind.replace('_', ' ')}: {facts['why']}"
        case "market", "called":
            asked = ", ".join(facts["providers"])
            return f"called {asked} for {_amps(facts['required_a'])} A"
        case "market", "message":
            result = facts.get("result")
            return f"{facts['type']} from the provider" + (f": {result.lower()}" if result else "")
        case "market", "ordered":
            return (
                f"ordered {facts['ordered_a']:.0f} A on {facts['phase']} from {facts['provider']} "
                f"(asked {facts['asked_a']:.0f} A, offered {facts['offered_a']:.0f} A) for £{facts['price_gbp']:.2f}"
            )
        case "market", "settled":
            return (
                f"account of {facts['provider']} on {facts['phase']}: {facts['ordered_a']:.0f} A ordered, "
                f"{facts['delivered_a']:.0f} A delivered as measured, £{facts['amount_gbp']}"
            )
        case "market", "finding":
            return f"finding about {facts['intervention']}: {facts['finding']}, by {facts['who']}"
        case "market", ("not_taken" | "taken_back" | "empty_offer" | "refused_arrival"):
            return f"market message {kind.replace('_', ' ')}: {facts['why']}"
        case "market", "delivered":
            return f"the market delivered {_amps(facts['reduction_a'])} A"
        case "market", ("shortfall" | "no_cover"):
            return f"the market did not: {facts['why']}"
        case "plan", "made":
            return (
                f"plan: {facts['commands']} holds for {_amps(facts['required_a'])} A, short of "
                f"{_amps(facts['shortfall_a'])} A ({facts['method']})"
            )
        case "plan", "turn":
            successor = names.get(str(facts["successor"]), "a customer")
            return f"{successor} takes over from {who}: {facts['why']}"
        case "plan", "coupled":
            holds = ", ".join(f"{count} on {feeder}" for feeder, count in facts["commands"].items())
            return (
                f"the transformer needs {_amps(facts['transformer_required_a'])} A: {holds} are the cheapest "
                f"({facts['method']})"
            )
        case "permit", "refused":
            return f"{who} may not be held: {'; '.join(facts['reasons'])}"
        case "command", "queued" if facts["srv"] != "7.7":
            return f"SRV {facts['srv']} to {who}: {facts['reason']}"
        case "command", _ if facts["srv"] != "7.7" and kind != "queued":
            return f"SRV {facts['srv']} to {who} {kind}: {facts['why']}"
        case "release", _:
            return f"{who} is free again, by {kind}"
        case "effect", "confirmed":
            return (
                f"effect seen on the feeder {facts['after_s']:.0f} s after detection: {_amps(facts['drop_a'])} A less"
            )
        case "effect", "measured":
            about = f"about {facts['believed_drawing']:.0f} of {facts['held']} were drawing"
            return f"the current fell by {_amps(facts['drop_a'])} A: {about}"
        case "device", "label_read":
            return f"the meter of {who} says that its switch feeds: {facts['label']}"
        case "escalation", _:
            return f"ESCALATED: {facts['why']}; {facts['ask']}"
        case "authorisation", "asked":
            return f"{facts['people']} people must approve plan {facts['plan_sha256'][:12]} ({facts['rule']})"
        case "authorisation", ("approved" | "refused"):
            return f"{facts['who']} {kind} plan {facts['plan_sha256'][:12]}: {facts['why']}"
        case "authorisation", ("lapsed" | "withdrawn"):
            return f"plan {facts['plan_sha256'][:12]} {kind}: {facts['why']}"
        case "authorisation", "left_out":
            return f"{who} is left out of the approved plan: {facts['why']}"
        case "operator", "not_taken":
            return f"an operator's word does not count: {facts['why']}"
        case "plan", "failed":
            return str(facts["why"])
        case "veto", _:
            return f"VETO: {'; '.join(facts['reasons'])}"
        case "dcc", ("unreachable" | "unreadable" | "refused_arrival" | "late_response" | "device_alert" | "dcc_alert"):
            detail = facts.get("why") or facts.get("rule") or facts.get("alert_code") or facts.get("content") or ""
            return f"DCC {kind.replace('_', ' ')}: {detail}"
        case "telemetry", _:
            return f"a reading was flagged: {kind.replace('-', ' ')}"
        case "notice", _:
            return f"{kind} notice to {who if 'customer' in facts else facts.get('supplier', 'the distributor')}"
        case _:
            return None


def _amps(values: Any) -> str:
    return "/".join(f"{v:.0f}" for v in values)
