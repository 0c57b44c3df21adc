"""How a run is watched: a live screen on a terminal, plain lines elsewhere. Both take the same calls."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.live import Live

from linkbox.app.live_bars import Snapshot
from linkbox.app.live_panels import plain_event, plain_hour, screen

FRAME_S = 1 / 8
"""The least wall time between two frames."""


class View(Protocol):
    """Somebody who watches a run."""

    def update(self, snapshot: Snapshot) -> None:
        """Take the state of the run at this moment; may be called as often as wanted."""
        ...

    def event(self, event: Mapping[str, Any]) -> None:
        """Take one event: ``at``, ``stream``, ``text``."""
        ...

    def close(self) -> None:
        """Show the last state and give the terminal back."""
        ...


class PlainView:
    """A line for each event, and one for each simulated hour."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._hour = ""

    def update(self, snapshot: Snapshot) -> None:
        hour = str(snapshot.get("now") or "")[:13]
        if hour != self._hour:
            self._hour = hour
            self._write(plain_hour(snapshot))

    def event(self, event: Mapping[str, Any]) -> None:
        self._write(plain_event(event))

    def close(self) -> None:
        self._out.flush()

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


class LiveView:
    """A full screen that is drawn at most eight times a second, however often it is updated."""

    def __init__(self, console: Console, wall: Callable[[], float] = time.monotonic) -> None:
        """Take over the terminal of ``console``; ``wall`` gives seconds of wall time."""
        self._console, self._wall = console, wall
        self._snapshot: Snapshot = {}
        self._events: deque[Mapping[str, Any]] = deque(maxlen=200)
        self._drawn_at = -math.inf
        self._live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def update(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        now = self._wall()
        if now - self._drawn_at >= FRAME_S:
            self._drawn_at = now
            self._draw()

    def event(self, event: Mapping[str, Any]) -> None:
        self._events.append(event)

    def close(self) -> None:
        self._draw()
        self._live.stop()

    def _draw(self) -> None:
        width, height = self._console.size
        events = list(self._events) or list(self._snapshot.get("events") or ())
        self._live.update(screen(self._snapshot, events, width=width, height=height), refresh=True)


def open_view(out: TextIO = sys.stdout) -> View:
    """A live screen if ``out`` is a terminal that can show one, else plain lines."""
    console = Console(file=out)
    if console.is_terminal and not console.is_dumb_terminal and console.size.height >= 20 and console.size.width >= 70:
        return LiveView(console)
    return PlainView(out)
