"""What the terminal shows: states, the worst feeders with their reason, counters, progress."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from linkbox.app.watch_screen import STYLES, plain_line, screen
from linkbox.grid.risk import RiskState

FEEDER = {
    "feeder": "CS-1",
    "state": "imminent",
    "asset": "fuse",
    "phase": "L1",
    "time_to_limit_s": 840.0,
    "probability": 0.37,
    "required_reduction_a": [81.4, 0.0, None],
    "forecast": [
        {"until_s": 300.0, "expected_a": [301.0, 40.0, None], "upper_a": [322.4, 55.0, None]},
        {"until_s": 3600.0, "expected_a": [None, None, None], "upper_a": [None, None, None]},
    ],
    "reason": "L1 fuse gG 200 A is at 93% of its limit and gets to 115% in 30 min at the 95% forecast",
}
STATUS: dict[str, Any] = {
    "at": "2026-01-13T19:00:00.000Z",
    "readings": 5,
    "accepted": 4,
    "waiting": 7,
    "states": {"normal": 1234, "imminent": 1, "blind": 3},
    "unheard": 2,
    "flags_total": {"duplicate": 12},
    "sources": {"mqtt": {"messages": 99, "malformed": 1}},
    "reading_to_risk_s": {"p50": 0.5, "p99": 1.25},
    "look_s": 0.031,
    "worst": [FEEDER],
    "played": [30, 120],
}


def text(status: dict[str, Any], *events: str) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(screen(status, events))
    return out.getvalue()


def test_the_screen_shows_states_the_worst_feeder_its_whole_reason_counters_and_events() -> None:
    shown = text(STATUS, "feeders went blind count=1")
    for words in (
        "imminent 1",
        "1,234",
        "2 never heard",
        "14 min",
        "37 %",
        "81/0/-",
        FEEDER["reason"],
        "forecast 5 min 301 (322) A  60 min ?",
        "messages 99  malformed 1",
        "duplicate 12",
        "p50 0.50 s  p99 1.25 s",
        "look 31 ms",
        "waiting 7",
        "30 of 120 minutes played",
        "feeders went blind count=1",
    ):
        assert str(words) in shown, words
    assert max(map(len, shown.splitlines())) <= 120


def test_before_the_first_reading_nothing_is_made_up() -> None:
    status = {k: v for k, v in STATUS.items() if k != "played"}
    shown = text(status | {"worst": [], "flags_total": {}, "reading_to_risk_s": {"p50": None, "p99": None}})
    for words in ("no feeder needs watching", "nothing", "no reading yet"):
        assert words in shown


def test_every_state_has_its_style_and_its_place_in_the_plain_line() -> None:
    assert set(STYLES) == {state.value for state in RiskState}
    line = plain_line(STATUS)
    assert line.startswith("2026-01-13T19:00:00.000Z  4 of 5 readings  normal 1234  watch 0")
    assert line.endswith(str(FEEDER["reason"]))
