"""The reason of an assessment in words that an engineer would use to another."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isinf

from linkbox.base.phases import PHASES, Phase
from linkbox.grid.network import FeederModel
from linkbox.grid.policy import RiskPolicy


def asset_in_words(feeder: FeederModel, asset: str, phase: Phase | None) -> str:
    """``L2 fuse gG 200 A``, ``L1 cable 4c_70``, ``transformer 500 kVA``, ``neutral of cable 3c_300``."""
    if asset == "transformer":
        return f"transformer {feeder.transformer.name}"
    if asset == "neutral":
        return f"neutral of cable {feeder.cable.name}"
    spec = feeder.fuse.name if asset == "fuse" else feeder.cable.name
    return f"{'' if phase is None else phase.name + ' '}{asset} {spec}"


def minutes(seconds: float) -> str:
    """``42 min``, or hours from two hours on."""
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def blindness(ages_s: Sequence[float], policy: RiskPolicy) -> str:
    """Which phases are blind and since when; empty where none is."""
    stale = [(p, age) for p, age in zip(PHASES, ages_s, strict=True) if age > policy.blind_after_s]
    if not stale:
        return ""
    names = ", ".join(p.name for p, _ in stale)
    oldest = max(age for _, age in stale)
    since = "since the start" if isinf(oldest) else f"for {minutes(oldest)}"
    return f"no reading from {names} {since} (limit {minutes(policy.blind_after_s)}), so nothing is known there"


def loading(what: str, present: float, projected: float, upper_a: float, policy: RiskPolicy) -> str:
    """Where the limiting asset stands, and where the upper forecast brings it."""
    return (
        f"{what} is at {present:.0%} of its limit and gets to {projected:.0%} in {minutes(policy.horizon_s)}"
        f" at the {policy.probability:.0%} forecast of {upper_a:.0f} A"
    )


def limit(time_to_limit_s: float) -> str:
    """When the limit is reached if the forecast persists."""
    if time_to_limit_s <= 0.0:
        return "the limit is reached"
    if not isfinite(time_to_limit_s):
        return "the limit is not reached at that current"
    return f"held, that reaches the limit in {minutes(time_to_limit_s)}"


def relief(required_a: Sequence[float], allowable_a: Sequence[float], policy: RiskPolicy) -> str:
    """How much must go and what may stay; empty where nothing must go."""
    parts = [
        f"{p.name} {r:.0f} A (may carry {a:.0f} A)"
        for p, r, a in zip(PHASES, required_a, allowable_a, strict=True)
        if r > 0.0
    ]
    return f"to go for {minutes(policy.allow_s)}: {', '.join(parts)}" if parts else ""
