"""A made-up evening in the form of the demo's result, for tests of the report: plausible, not physics of record."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from linkbox.base.time import format_utc

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
MINUTES = 840
MELT_A = (262.0, 268.0, 271.0)
HELD = range(462, 600)  # minutes in which chargers are held, with control


def at(minute: float) -> str:
    return format_utc(START + timedelta(minutes=minute))


def household(minute: int, phase: int, rng: random.Random) -> float:
    evening = 70 * math.exp(-(((minute - 90 - 12 * phase) / 130) ** 2))
    return 38 + 6 * phase + evening + rng.gauss(0, 5)


def cars(minute: int, phase: int) -> float:
    count = (9, 5, 5)[phase]
    herd = count * 32 * max(0.0, min(1.0, (minute - 450) / 4)) * max(0.0, min(1.0, (720 - minute) / 170))
    early = 3 * 32 * math.exp(-(((minute - 170) / 70) ** 2))
    return herd + early


def thermal(current: list[float], melt: float) -> tuple[list[float], int | None]:
    """Two parallel lags of the squared current; returns the state per minute and the minute of the blow."""
    x1 = x2 = 0.25
    out, blown = [], None
    for minute, amps in enumerate(current):
        m = 0.0 if blown is not None else (amps / melt) ** 2
        x1 += (0.16 * m - x1) * (1 - math.exp(-60 / 25))
        x2 += (0.84 * m - x2) * (1 - math.exp(-60 / 2600))
        if blown is None and x1 + x2 >= 1:
            blown = minute
        out.append(min(1.0, x1 + x2))
    return out, blown


def slow(values: list[float], base: float, gain: float, minutes: float) -> list[float]:
    state, out = base + gain * 0.1, []
    for value in values:
        state += (base + gain * (value / 300) ** 2 - state) / minutes
        out.append(round(state, 2))
    return out


def run(*, control: bool, seed: int = 7) -> dict[str, Any]:
    rng = random.Random(seed)
    current, fuse, blown_phase, blown_minute = [], [], [], None
    for phase in range(3):
        amps = []
        for minute in range(MINUTES):
            held = 4.0 * 32 if control and phase == 0 and minute in HELD else 0.0
            held = max(0.0, min(held, (HELD.stop - minute) * 6.0))
            amps.append(max(20.0, household(minute, phase, rng) + cars(minute, phase) - held))
        state, blow = thermal(amps, MELT_A[phase])
        if blow is not None:
            blown_phase.append(f"L{phase + 1}")
            blown_minute = blow if blown_minute is None else min(blow, blown_minute)
            amps[blow + 1 :] = [0.0] * (MINUTES - blow - 1)
        current.append([round(a, 2) for a in amps])
        fuse.append([round(s, 4) for s in state])
    total = [sum(x) / 3 for x in zip(*current, strict=True)]
    cable = [slow(c, 12, 62, 90) for c in current]
    hot = slow(total, 20, 55, 110)
    result: dict[str, Any] = {
        "fuse_blown_at": None if blown_minute is None else at(blown_minute),
        "blown_phases": blown_phase,
        "max_fuse_state": max(max(s) for s in fuse),
        "max_cable_degc": max(max(c) for c in cable),
        "max_hot_spot_degc": max(hot),
        "min_voltage_v": 219.4 if control else 214.8,
        "customer_minutes_lost": 0 if blown_minute is None else 19 * (MINUTES - blown_minute),
        "energy_delivered_kwh": 731.4 if control else 655.2,
        "non_converged_minutes": 0,
        "series": {
            "at": [at(m) for m in range(MINUTES)],
            "current_a": current,
            "fuse_state": fuse,
            "cable_degc": cable,
            "hot_spot_degc": hot,
            "cars_drawing": [round(sum(cars(m, p) for p in range(3)) / 32) for m in range(MINUTES)],
        },
    }
    return result | (control_facts(current, rng) if control else {})


def control_facts(current: list[list[float]], rng: random.Random) -> dict[str, Any]:
    curtailments = curtail(rng)
    allowable = [[round(236 - 16 * min(1.0, max(0.0, (m - 450) / 120)), 1) for m in range(MINUTES)] for _ in range(3)]
    upper = [[round(max(c[m : m + 30] or [c[m]]) * 1.04 + 8, 1) for m in range(MINUTES)] for c in current]
    minutes: dict[str, float] = {}
    for row in curtailments:
        minutes[row["customer"]] = minutes.get(row["customer"], 0) + row["minutes"]
    return {
        "interventions": [intervention()],
        "customers_curtailed": len(minutes),
        "max_minutes_in_24h": max(minutes.values()),
        "energy_delayed_kwh": 38.6,
        "chargers_free_at_end": True,
        "detection_to_reduction_s": 184.0,
        "service_requests": {
            "count": 41,
            "failed": 1,
            "p50_s": 6.8,
            "p95_s": 17.9,
            "max_s": 30.0,
            "by_srv": {
                "7.6": {"count": 17, "failed": 1, "p50_s": 7.9, "p95_s": 19.2, "max_s": 30.0},
                "7.7": {"count": 18, "failed": 0, "p50_s": 5.9, "p95_s": 14.0, "max_s": 16.1},
                "7.8": {"count": 6, "failed": 0, "p50_s": 7.0, "p95_s": 12.2, "max_s": 12.2},
            },
        },
        "notices": {"customer": 34, "supplier": 4},
        "invariants": {
            "no command without a valid consent": True,
            "no charger over 120 minutes in any 24 hours": True,
            "no charger over 480 minutes in any 30 days": True,
            "no last resort without its market record": True,
            "every critical command sent at most once": True,
            "every charger free at the end": True,
            "audit chain verifies": True,
            "ledger equals a fold over the events": True,
        },
        "allowable_a": allowable,
        "upper_a": upper,
        "risk_state": ["AT_RISK" if m in HELD else "WATCH" if 440 < m < 640 else "NORMAL" for m in range(MINUTES)],
        "curtailments": curtailments,
        "events": events(curtailments),
    }


def curtail(rng: random.Random) -> list[dict[str, Any]]:
    rows = []
    for wave, begin in enumerate((462, 492, 522, 552)):
        for place in range(5):
            home = 1 + 3 * ((wave * 4 + place) % 12)
            length = 30.0 if rng.random() < 0.7 else rng.choice([15.0, 21.0, 26.0])
            ended = "expiry" if length == 30.0 else "release"
            if wave == 1 and place == 2:
                ended = "unknown"
            start = begin + rng.choice([0, 1, 1, 2])
            rows.append(
                {
                    "customer": f"home {home}",
                    "phase": "L1",
                    "start": at(start),
                    "end": at(start + length),
                    "minutes": length,
                    "ended_by": ended,
                }
            )
    return rows


def intervention() -> dict[str, Any]:
    return {
        "id": "I-0001",
        "opened_at": at(456),
        "closed_at": at(604),
        "state": "CLOSED",
        "limiting_asset": "fuse",
        "limiting_phase": "L1",
        "time_to_limit_s": 1860.0,
        "market": {
            "provider": "Riverside Flex",
            "outcome": "shortfall",
            "reason": "no answer by the deadline",
            "called_at": at(456),
            "decided_at": at(461),
        },
        "customers": 12,
        "shortfall_a": [0.0, 0.0, 0.0],
        "escalated": False,
        "story": [
            (
                "00:36  L1 carried 322 A against an allowable 236 A. At the expected current the fuse would have melted"
                " in 31 minutes."
            ),
            "00:36  Riverside Flex was asked for 118 A on L1 until 03:00, with an answer due by 00:41.",
            "00:41  Riverside Flex had not answered. The market could not act in time.",
            (
                "00:42  5 of the 12 consenting customers on L1 were chosen: they had the fewest minutes used in the"
                " last 30 days."
            ),
            "00:42  5 commands to hold for 30 minutes were sent; all 5 devices answered within 20 s.",
            "00:45  The measured current on L1 had fallen by 121 A.",
            "03:04  With no charger held, L1 stayed below the allowable current. The intervention was closed.",
        ],
    }


def events(curtailments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {"at": at(456), "stream": "risk", "text": "L1 at risk: fuse melts in 31 min; 118 A must go"},
        {"at": at(456), "stream": "market", "text": "Riverside Flex asked for 118 A on L1"},
        {"at": at(461), "stream": "market", "text": "no answer by the deadline"},
        {"at": at(462), "stream": "plan", "text": "hold 5 chargers on L1 for 30 min"},
    ]
    for row in curtailments:
        rows.append({"at": row["start"], "stream": "command", "text": f"{row['customer']}: 7.6 sent, 30 min"})
        rows.append({"at": row["start"], "stream": "device", "text": f"{row['customer']}: success"})
        rows.append({"at": row["end"], "stream": "release", "text": f"{row['customer']}: free ({row['ended_by']})"})
    rows.append({"at": at(604), "stream": "audit", "text": "intervention closed; chain of 312 records signed"})
    return sorted(rows, key=lambda r: r["at"])


def evening() -> dict[str, Any]:
    """The whole result: with and without control."""
    return {
        "seed": 7,
        "start": at(0),
        "end": at(MINUTES),
        "street": {
            "name": "IEEE European LV Test Feeder",
            "source": "IEEE PES, 906 nodes, 55 homes",
            "homes": 55,
            "cars": 33,
            "consenting": 27,
            "fuse_a": 200,
            "cable": "4c_185",
            "cable_rating_a": 358,
            "transformer_kva": 800,
            "tariff_start": "00:30",
            "homes_per_phase": [21, 19, 15],
        },
        "without_control": run(control=False),
        "with_control": run(control=True),
        "wall": {"total_s": 18.4, "twin_s": 3.1, "wire_s": 9.7, "python": "3.11.7"},
    }
