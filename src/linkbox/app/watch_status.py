"""How the watch is doing, as one JSON value: a line for each look, and the answer to ``GET /status``."""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Mapping
from typing import Any

from linkbox.base.time import format_utc
from linkbox.grid.risk import RiskAssessment
from linkbox.operation.fleet_watch import FleetWatch, Look
from linkbox.operation.latency import Latencies
from linkbox.operation.night_work import told


def status(
    look: Look, watch: FleetWatch, sources: Mapping[str, Mapping[str, int]], *, waiting: int, worst: int, took_s: float
) -> dict[str, Any]:
    """Counts are since the start, but for ``readings`` and ``accepted`` of this look; times in s, currents in A."""
    return {
        "at": format_utc(look.at),
        "readings": look.readings,
        "accepted": look.accepted,
        "waiting": waiting,
        "states": dict(look.states),
        "blind": look.blind,
        "unheard": look.unheard,
        "newly_blind": list(look.newly_blind),
        "seen_again": list(look.seen_again),
        "accepted_total": watch.accepted,
        "flags_total": {quality.value: count for quality, count in sorted(watch.flagged.items())},
        "sources": {name: dict(counts) for name, counts in sources.items()},
        "reading_to_risk_s": _quantiles(watch.reading_to_risk),
        "receipt_to_risk_s": _quantiles(watch.receipt_to_risk),
        "look_s": round(took_s, 4),
        "memory_bytes": memory_bytes(),
        "night": None if watch.last_night is None else told(watch.last_night),
        "worst": [_feeder(a) for a in look.assessments[:worst]],
    }


def memory_bytes() -> int:
    """The most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _quantiles(latencies: Latencies) -> dict[str, float | None]:
    return {"p50": latencies.quantile_s(0.5), "p99": latencies.quantile_s(0.99)}


def _feeder(a: RiskAssessment) -> dict[str, Any]:
    return {
        "feeder": a.feeder_id,
        "state": a.state.value,
        "asset": a.limiting_asset,
        "phase": None if a.limiting_phase is None else a.limiting_phase.name,
        "time_to_limit_s": _number(a.time_to_limit_s),
        "probability": _number(a.probability),
        "required_reduction_a": [_number(v) for v in a.required_reduction_a],
        "expected_current_a": [_number(v) for v in a.expected_current_a],
        "allowable_current_a": [_number(v) for v in a.allowable_current_a],
        "neutral_a": _number(a.neutral_a),
        "neutral_degc": _number(a.neutral_degc),
        "horizon_s": a.horizon_s,
        "forecast": [
            {
                "until_s": interval.until_s,
                "expected_a": [_number(v) for v in interval.expected_a],
                "upper_a": [_number(v) for v in interval.upper_a],
            }
            for interval in a.ahead
        ],
        "reason": a.reason,
    }


def _number(value: float) -> float | None:
    """JSON has no infinity and no NaN: both are null."""
    return round(value, 3) if math.isfinite(value) else None
