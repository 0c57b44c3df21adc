"""The live view: what it draws, at which sizes, how often, and what stands in for it without a terminal."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from linkbox.app.live import FRAME_S, LiveView, PlainView, View, open_view
from linkbox.app.live_bars import current_bar, sparkline
from linkbox.app.live_panels import screen

Snapshot = dict[str, Any]

SNAPSHOT: Snapshot = {
    "now": "2026-01-14T02:14:00.000Z",
    "speed": 60,
    "current_a": [236.4, 188.0, 131.0],
    "limit_a": [224.0, 224.0, 231.0],
    "fuse_rated_a": 200.0,
    "upper_a": [251.0, 214.0, 160.0],
    "fuse_state": [0.86, 0.61, 0.32],
    "risk_state": "at-risk",
    "risk_reason": "the L1 fuse reaches its limit in 18 min at the expected current",
    "intervention": {
        "id": "I-0001",
        "state": "COMMANDING",
        "since": "2026-01-14T02:09:00.000Z",
        "reason": "provider did not answer by 02:09",
    },
    "commands": [{"customer": f"home {n}", "srv": "7.6", "state": "queued", "age_s": 40 - n} for n in range(3, 13)],
    "held": 7,
    "recent_current_a": [[100.0 + n for n in range(120)]] * 3,
    "progress": 0.66,
}
EVENTS = [
    {"at": f"2026-01-14T02:{n:02d}:00.000Z", "stream": "risk", "text": f"event number {n} " + "and so on " * 20}
    for n in range(60)
]


def drawn(
    snapshot: Snapshot, width: int = 80, height: int = 24, events: list[dict[str, str]] | None = None
) -> list[str]:
    console = Console(record=True, width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(screen(snapshot, EVENTS if events is None else events, width=width, height=height))
    return console.export_text().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(70, 20), (80, 24), (110, 32), (140, 45), (200, 60)])
def test_the_screen_fits_the_terminal(width: int, height: int) -> None:
    lines = drawn(SNAPSHOT, width, height)
    assert len(lines) == height
    assert all(len(line) <= width for line in lines)


def test_the_screen_shows_currents_limits_forecast_fuse_risk_and_progress() -> None:
    text = "\n".join(drawn(SNAPSHOT))
    for part in (
        "2026-01-14 02:14 UTC",
        "236 A of 224 A",
        "≤251 A",
        "fuse  86%",
        "AT RISK",
        "in 18 min",
        "60 times real time",
        "66%",
        "I-0001",
        "commanding",
        "since 02:09",
        "7 chargers held down",
        "Commands in flight: 10",
        "and 6 more",
    ):
        assert part in text


def test_the_newest_events_are_at_the_bottom_and_the_oldest_command_on_top() -> None:
    lines = drawn(SNAPSHOT)
    assert "event number 59" in lines[-2]
    commands = [line for line in lines if "7.6" in line]
    assert "home 3 " in commands[0]


def test_an_empty_snapshot_shows_what_is_not_known() -> None:
    text = "\n".join(drawn({}, events=[]))
    assert "no reading" in text
    assert "None open." in text


def test_a_blind_phase_has_no_bar() -> None:
    text = "\n".join(drawn({**SNAPSHOT, "current_a": [math.nan, None, 12.0], "limit_a": [None] * 3}))
    assert text.count("no reading") == 2
    assert "? A of" in text


def test_text_is_never_taken_for_markup() -> None:
    lines = drawn(SNAPSHOT, events=[{"at": "", "stream": "[red]x", "text": "[bold]not markup[/bold]"}])
    assert any("[bold]not markup[/bold]" in line for line in lines)


amps = st.none() | st.floats(0, 2000)


@given(amps, amps, amps, st.floats(1, 2000), st.integers(1, 120))
def test_a_bar_always_has_its_length_and_one_limit_at_most(
    now: float | None, limit: float | None, upper: float | None, scale: float, cells: int
) -> None:
    bar = current_bar(now, limit, upper, scale=scale, cells=cells).plain
    assert len(bar) == max(cells, len("no reading") if now is None else 0)
    assert bar.count("┃") == (now is not None and limit is not None)


@given(st.lists(amps, max_size=200), st.integers(1, 40), st.integers(1, 3))
def test_a_sparkline_always_has_its_size(values: list[float | None], cells: int, rows: int) -> None:
    lines = sparkline(values, cells, top=1000.0, rows=rows).split("\n")
    assert len(lines) == rows
    assert {len(line) for line in lines} == {cells}


def test_a_sparkline_shows_the_highest_value_of_each_part() -> None:
    assert sparkline([0, 8, 0, 0, 4, 0], 2, top=8) == "█▄"


class Wall:
    """Wall time that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def terminal() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=True, width=80, height=24, legacy_windows=False), out


def test_frames_are_drawn_no_faster_than_the_wall_allows() -> None:
    console, out = terminal()
    wall = Wall()
    view = LiveView(console, wall)
    view.update(SNAPSHOT)
    first = out.tell()
    for _ in range(100):
        view.update(SNAPSHOT)
    assert out.tell() == first
    wall.seconds += FRAME_S
    view.update(SNAPSHOT)
    assert out.tell() > first
    view.close()


def test_closing_draws_what_was_seen_last_and_gives_the_screen_back() -> None:
    console, out = terminal()
    view = LiveView(console, Wall())
    view.update(SNAPSHOT)
    view.update({**SNAPSHOT, "risk_reason": "the very last reason"})
    view.event({"at": "2026-01-14T02:15:00.000Z", "stream": "audit", "text": "the very last event"})
    assert "the very last" not in out.getvalue()
    view.close()
    assert "the very last reason" in out.getvalue()
    assert "the very last event" in out.getvalue()
    shown_cursor, main_screen = "\x1b[?25h", "\x1b[?1049l"
    assert shown_cursor in out.getvalue()[-20:]
    assert main_screen in out.getvalue()[-20:]


def test_plain_lines_are_one_for_each_event_and_one_for_each_hour() -> None:
    out = io.StringIO()
    view = PlainView(out)
    for minute in range(180):
        view.update({**SNAPSHOT, "now": f"2026-01-14T{minute // 60:02d}:{minute % 60:02d}:00.000Z"})
    view.event(EVENTS[3])
    view.close()
    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("2026-01-14 01:00 UTC  L1 236 A of 224 A")
    assert lines[1].endswith("at risk  7 held")
    assert lines[3].startswith("2026-01-14 02:03 UTC  risk     event number 3")


def live() -> View:
    return LiveView(terminal()[0], Wall())


def plain() -> View:
    return PlainView(io.StringIO())


@pytest.mark.parametrize("make", [live, plain])
def test_every_view_takes_any_order_of_calls(make: Callable[[], View]) -> None:
    view = make()
    view.event(EVENTS[0])
    view.update({})
    view.update(SNAPSHOT)
    view.event({})
    view.close()


def test_without_a_terminal_lines_are_plain() -> None:
    assert isinstance(open_view(io.StringIO()), PlainView)
