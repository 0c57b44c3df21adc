"""What became of an evening, as plain values: what the truth says, and what Linkbox's own records say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.control.fairness import jain_index
from linkbox.control.intervention import Intervention
from linkbox.control.ledger import LedgerEntry, entry_from_row
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.personal import values_of
from linkbox.operation.ports import Row, Store
from linkbox.records.commitments import readable
from linkbox.study.evening import Evening
from linkbox.study.invariants import Facts, check
from linkbox.study.wiring import Cast
from linkbox.twin.street import Minute, Street, Truth

TARGET_ROUND_TRIP_S, TARGET_REDUCTION_S = 30.0, 300.0


def street_facts(people: Cast) -> dict[str, Any]:
    """The street, for the head of a report."""
    feeder, network, scenario = people.feeder, people.network, people.scenario
    owners = [home for home in people.homes if home.charger is not None]
    return {
        "name": network.name,
        "source": network.source,
        "homes": network.homes,
        "homes_per_phase": list(network.homes_per_phase()),
        "cars": len(owners),
        "consenting": sum(_consents(home.history) for home in owners),
        "fuse_a": feeder.fuse.rated_current_a,
        "cable": feeder.cable.name,
        "cable_rating_a": feeder.cable.rated_current_a,
        "cable_limit_degc": feeder.cable.max_conductor_degc,
        "transformer_kva": feeder.transformer.rated_kva,
        "tariff_start": scenario.tariff_start,
    }


def _consents(history: Sequence[Any]) -> bool:
    return any(getattr(event, "kind", None) == "given" for event in history)


def run_facts(street: Street, minutes: Sequence[Minute]) -> dict[str, Any]:
    """What the street itself went through; the same for both runs."""
    truth = street.truth()
    return {
        "fuse_blown_at": None if truth.fuse_blown_at is None else format_utc(truth.fuse_blown_at),
        **_extremes(truth),
        "series": _series(minutes),
    }


def household_facts(street: Street, cable_limit_degc: float) -> dict[str, Any]:
    """The same evening without any car, and what that says of control: what it could and could not have helped."""
    truth = street.truth()
    blown_at = truth.fuse_blown_at
    if blown_at is not None:
        phases = "/".join(truth.blown_phases)
        verdict = (
            f"The load of the households alone is over the limit: without any car the fuse blows on {phases} at "
            f"{blown_at:%H:%M}. Holding chargers can not prevent that."
        )
    elif truth.max_cable_degc > cable_limit_degc:
        verdict = (
            f"The load of the households alone is over the limit: without any car the head cable reaches "
            f"{truth.max_cable_degc:.0f} degC of {cable_limit_degc:.0f}. Holding chargers can not prevent that."
        )
    else:
        verdict = (
            "The households alone stay within the limits (without any car the fuse reaches "
            f"{truth.max_fuse_state:.2f}): what was missing were chargers that may be held and reached in time."
        )
    return {"fuse_blown_at": None if blown_at is None else format_utc(blown_at), **_extremes(truth), "verdict": verdict}


def _extremes(truth: Truth) -> dict[str, Any]:
    return {
        "blown_phases": list(truth.blown_phases),
        "max_fuse_state": round(truth.max_fuse_state, 4),
        "max_cable_degc": round(truth.max_cable_degc, 2),
        "max_hot_spot_degc": round(truth.max_hot_spot_degc, 2),
        "max_head_current_a": round(truth.max_head_current_a, 1),
        "min_voltage_v": round(truth.min_voltage_v, 1),
        "customer_minutes_lost": truth.customer_minutes_lost,
        "energy_delivered_kwh": round(truth.energy_delivered_kwh, 2),
        "energy_undelivered_kwh": round(truth.energy_undelivered_kwh, 2),
        "non_converged_minutes": truth.non_converged_minutes,
    }


def _series(minutes: Sequence[Minute]) -> dict[str, Any]:
    def phases(name: str, digits: int) -> list[list[float]]:
        return [[round(float(getattr(m, name)[p]), digits) for m in minutes] for p in range(3)]

    return {
        "at": [format_utc(m.at) for m in minutes],
        "current_a": phases("head_current_a", 2),
        "fuse_state": phases("fuse_state", 4),
        "cable_degc": phases("cable_degc", 2),
        "hot_spot_degc": [round(m.hot_spot_degc, 2) for m in minutes],
        "cars_drawing": [int(m.drawing.sum()) for m in minutes],
    }


_NOT_ASSESSED: Mapping[str, Any] = {"state": "blind", "allowable_a": [None] * 3, "upper_a": [None] * 3}
"""A minute whose reading never came."""


def control_facts(evening: Evening) -> dict[str, Any]:
    """What Linkbox did, from its store and the truth of the devices."""
    store, people = evening.store, evening.people
    commands = [Command.from_row(row) for row in store.rows("command")]
    interventions = [Intervention.from_record(row.body) for row in store.rows("intervention")]
    exchanges = store.rows("exchange")
    entries = [entry_from_row(dict(row.body)) for row in store.rows("hold")]
    names = {home.point.mpan: home.name for home in people.homes}
    held = [
        c for c in commands if c.kind is CommandKind.HOLD and c.state is CommandState.ENDED and c.ended_by != "unknown"
    ]
    reductions = [r for i in interventions if (r := _reduction_s(i)) is not None]
    truth = evening.world.street.truth()
    by_minute = {row.body["at"]: row.body for row in store.rows("assessment")}
    assessed = [by_minute.get(format_utc(minute.at), _NOT_ASSESSED) for minute in evening.world.truth]
    return {
        "interventions": [_intervention(i, commands, store) for i in interventions],
        "customers_curtailed": len({c.mpan for c in held}),
        "max_minutes_in_24h": round(_most_minutes(entries, timedelta(hours=24)), 2),
        "fairness_jain": _fairness(held),
        "energy_delayed_kwh": round(truth.energy_held_kwh, 2),
        "chargers_free_at_end": evening.world.chargers_free(evening.clock.now()),
        "detection_to_reduction_s": max(reductions, default=None),
        "service_requests": _service_requests(exchanges),
        "notices": dict(Counter(str(row.body["audience"]) for row in store.rows("notice"))),
        "curtailments": [_curtailment(c, names) for c in held],
        "unconfirmed_holds": sum(c.ended_by == "unknown" for c in commands),
        "escalations": [dict(row.body) for row in store.rows("escalation")],
        "allowable_a": _assessed(assessed, "allowable_a"),
        "upper_a": _assessed(assessed, "upper_a"),
        "risk_state": [body["state"] for body in assessed],
        "events": _events(evening, names),
        "invariants": check(
            Facts(evening=evening, commands=commands, interventions=interventions, exchanges=exchanges, entries=entries)
        ),
    }


def _fairness(held: Sequence[Command]) -> float:
    """Jain's index of the curtailed time of those who were curtailed: 1 where all bore the same."""
    borne: dict[Mpan, float] = defaultdict(float)
    for command in held:
        start, end = command.answered_at or command.start, command.ended_at or command.end
        borne[command.mpan] += (end - start).total_seconds() * command.weight
    return round(jain_index(list(borne.values())), 4)


def _reduction_s(intervention: Intervention) -> float | None:
    seen = intervention.reduction_seen_at
    return None if seen is None else (seen - intervention.opened_at).total_seconds()


def _intervention(intervention: Intervention, commands: Sequence[Command], store: Store) -> dict[str, Any]:
    mine = [c for c in commands if c.intervention_id == intervention.id and c.kind is CommandKind.HOLD]
    limit = intervention.time_to_limit_s
    return {
        "id": intervention.id,
        "opened_at": format_utc(intervention.opened_at),
        "closed_at": None if intervention.closed_at is None else format_utc(intervention.closed_at),
        "state": intervention.state.value,
        "limiting_asset": intervention.limiting_asset,
        "limiting_phase": intervention.limiting_phase,
        "time_to_limit_s": None if limit == float("inf") else round(limit, 1),
        "market": {
            "provider": _providers(intervention),
            "outcome": intervention.market_outcome or "not decided",
            "called_at": None if intervention.call_off is None else format_utc(intervention.opened_at),
            "decided_at": None if (at := intervention.market_decided_at) is None else format_utc(at),
            "reason": intervention.market_outcome,
            "accounts": [dict(row.body) for row in store.rows("settlement", owner=intervention.id)],
            "findings": [dict(row.body) for row in store.rows("market_finding", owner=intervention.id)],
        },
        "authorisation": intervention.authorisation,
        "customers": len({c.mpan for c in mine}),
        "commands": len(mine),
        "detection_to_reduction_s": _reduction_s(intervention),
        "shortfall_a": [round(a, 1) for a in intervention.shortfall_a],
        "escalated": intervention.escalated,
        "story": [
            f"{format_utc(s.at)[11:19]} {s.state.value.replace('_', ' ')}: {s.why}" for s in intervention.history
        ],
    }


def _providers(intervention: Intervention) -> str | None:
    asked = [] if intervention.call_off is None else intervention.call_off["requests"]
    return ", ".join(dict.fromkeys(request["provider"] for request in asked)) or None


def _curtailment(command: Command, names: Mapping[Mpan, str]) -> dict[str, Any]:
    start, end = command.answered_at or command.start, command.ended_at or command.end
    return {
        "customer": names[command.mpan],
        "phase": command.phase_name,
        "start": format_utc(start),
        "end": format_utc(end),
        "minutes": round((end - start).total_seconds() / 60 * command.weight, 2),
        "ended_by": command.ended_by,
    }


def _most_minutes(entries: Sequence[LedgerEntry], window: timedelta) -> float:
    """The most full-off minutes of any charger in any such window, by plain counting over the ledger's rows.

    A renewal overlaps the hold that it renews; the charger is off once, and the time counts once."""
    by_mpan: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        by_mpan[entry.mpan].append(entry)
    worst = max((_used_s(rows, last.end - window, last.end) for rows in by_mpan.values() for last in rows), default=0.0)
    return worst / 60


def _used_s(rows: Sequence[LedgerEntry], since: datetime, until: datetime) -> float:
    """Seconds of full off within ``[since, until)``: between each two edges the heaviest row in force counts."""
    edges = sorted({min(max(at, since), until) for row in rows for at in (row.start, row.end)})
    return sum(
        (b - a).total_seconds() * max((r.weight_milli for r in rows if r.start <= a and b <= r.end), default=0) / 1000
        for a, b in pairwise(edges)
    )


def _service_requests(exchanges: Sequence[Row]) -> dict[str, Any]:
    by_srv: dict[str, list[Row]] = defaultdict(list)
    for row in exchanges:
        by_srv[_srv(row)].append(row)
    every = {srv: _round_trips(rows) for srv, rows in sorted(by_srv.items())}
    return {**_round_trips(exchanges), "target_s": TARGET_ROUND_TRIP_S, "by_srv": every}


def _round_trips(rows: Sequence[Row]) -> dict[str, Any]:
    good = [row for row in rows if row.body["exchange"]["state"] == "succeeded"]
    seconds = sorted(_seconds(row) for row in good)
    return {
        "count": len(rows),
        "failed": len(rows) - len(good),
        "p50_s": _rank(seconds, 0.5),
        "p95_s": _rank(seconds, 0.95),
        "max_s": _rank(seconds, 1.0),
    }


def _srv(row: Row) -> str:
    text = row.body["exchange"]["request"]
    return str(text.split("<sr:ServiceReferenceVariant>")[1].split("<")[0])


def _seconds(row: Row) -> float:
    opened, closed = (datetime.fromisoformat(str(row.body[name])) for name in ("opened_at", "closed_at"))
    return round((closed - opened).total_seconds(), 3)


def _rank(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least this share of all do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def _assessed(assessed: Sequence[Mapping[str, Any]], name: str) -> list[list[float | None]]:
    return [[body[name][phase] for body in assessed] for phase in range(3)]


def _events(evening: Evening, names: Mapping[Mpan, str]) -> list[dict[str, Any]]:
    """The audit chain as a log in words, with the names that the report uses for customers."""
    from linkbox.study.telling import tell

    tokens = {evening.controller.desk.site.pseudonym(mpan): name for mpan, name in names.items()}
    values = values_of(evening.store)
    records = (replace(r, facts=readable(r.facts, values.get(r.seq, {}))) for r in evening.audit())
    return [told for record in records if (told := tell(record, tokens)) is not None]
