"""Helpers of pictures.sh: keep parts of a report, trim a screenshot, put an evening's figures into the documentation.

``keep REPORT PAGE PART...`` writes the report with only these parts: ``header``, or sections by the start of their
heading. ``trim SCREENSHOT PICTURE`` cuts the empty bottom and reduces the colours. ``figures JSON PAGE`` replaces what
stands between the markers ``<!-- figures -->`` and ``<!-- end of figures -->`` of a page by the facts of both runs, and
between ``<!-- story -->`` and ``<!-- end of story -->`` by the first lines of the first intervention's story.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

_COLOURS = 256
_MARGIN_PX = 28
_STORY_LINES = 12


def keep(report: str, page: str, *parts: str) -> None:
    """Write ``report`` without the parts that are not named; its style and figures stay as they are."""
    text = Path(report).read_text("utf-8")
    for section in re.findall(r"<section\b.*?</section>", text, flags=re.DOTALL):
        heading = re.search(r"<h2>(.*?)</h2>", section)
        if heading is None or not any(heading[1].startswith(part) for part in parts):
            text = text.replace(section, "")
    for element in ("header", "footer"):
        if element not in parts:
            text = re.sub(rf"<{element}\b.*?</{element}>", "", text, flags=re.DOTALL)
    # Only the space around the parts is changed, so that no picture begins or ends with a hand's breadth of white.
    text = text.replace("</head>", "<style>main{padding-top:2rem}h2{margin-top:1.6rem}</style></head>")
    Path(page).write_text(text, "utf-8")


def trim(screenshot: str, picture: str) -> None:
    """Cut what is empty at the bottom, and store with few colours: the file is in the repository."""
    image = Image.open(screenshot).convert("RGB")
    blank = Image.new("RGB", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, blank).getbbox()
    bottom = image.height if box is None else min(image.height, box[3] + _MARGIN_PX)
    small = image.crop((0, 0, image.width, bottom)).quantize(_COLOURS, dither=Image.Dither.NONE)
    small.save(picture, optimize=True)


def figures(path: str, page: str) -> None:
    """Put the figures of an evening into ``page``."""
    result = json.loads(Path(path).read_text("utf-8"))
    text = Path(page).read_text("utf-8")
    text = _between(text, "figures", _table(result["without_control"], result["with_control"]))
    story = result["with_control"]["interventions"][0]["story"][:_STORY_LINES]
    text = _between(text, "story", "\n".join(["```text", *story, "```"]))
    Path(page).write_text(text, "utf-8")


def _between(text: str, name: str, content: str) -> str:
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(start)
    return f"{before}{start}\n{content}\n{end}{rest.split(end)[1]}"


def _table(without: dict[str, Any], control: dict[str, Any]) -> str:
    requests, first = control["service_requests"], control["interventions"][0]
    both: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("fuse blown", lambda run: "no" if run["fuse_blown_at"] is None else run["fuse_blown_at"][11:16]),
        ("highest fuse state (1 melts)", lambda run: f"{run['max_fuse_state']:.2f}"),
        ("highest phase current", lambda run: f"{run['max_head_current_a']:.0f} A"),
        ("hottest cable conductor", lambda run: f"{run['max_cable_degc']:.0f} °C"),
        ("lowest voltage at a home", lambda run: f"{run['min_voltage_v']:.0f} V"),
        ("customer minutes without supply", lambda run: f"{run['customer_minutes_lost']:,}"),
        ("charging energy delivered", lambda run: f"{run['energy_delivered_kwh']:.0f} kWh"),
    ]
    one = [
        ("intervention", f"{first['opened_at'][11:16]} to {(first['closed_at'] or '')[11:16]}"),
        ("what would have failed", f"{first['limiting_asset']}, {first['limiting_phase'] or 'all phases'}"),
        ("time that was left at detection", f"{first['time_to_limit_s'] / 60:.0f} min"),
        ("the market", first["market"]["outcome"].replace("_", " ")),
        ("customers held", control["customers_curtailed"]),
        ("commands to hold", first["commands"]),
        ("most minutes for any customer (120 allowed)", f"{control['max_minutes_in_24h']:.0f}"),
        ("energy delayed", f"{control['energy_delayed_kwh']:.0f} kWh"),
        ("detection to reduced current (target 300 s)", f"{control['detection_to_reduction_s']:.0f} s"),
        ("service requests, failed", f"{requests['count']}, {requests['failed']}"),
        ("round trip, median and 95th percentile", f"{requests['p50_s']:.1f} s, {requests['p95_s']:.1f} s"),
        ("notices", sum(control["notices"].values())),
        ("escalated", "yes" if first["escalated"] else "no"),
    ]
    rows = ["| | without control | with control |", "| --- | --- | --- |"]
    rows += [f"| {name} | {cell(without)} | {cell(control)} |" for name, cell in both]
    rows += [f"| {name} | | {value} |" for name, value in one]
    return "\n".join(rows)


_COMMANDS: dict[str, Callable[..., None]] = {"keep": keep, "trim": trim, "figures": figures}

if __name__ == "__main__":
    _COMMANDS[sys.argv[1]](*sys.argv[2:])
