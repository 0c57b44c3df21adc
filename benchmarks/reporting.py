"""What the rate benches here print: a table, or JSON with ``--json``; ``--seconds`` are spent on each rate."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any


def report(name: str, about: str | None, measure: Callable[[float], list[dict[str, Any]]]) -> None:
    """Read the command line, measure, print. Each result has ``name``, ``value``, ``unit`` and ``floor``."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.0, help="spent on each rate")
    arguments = parser.parse_args()
    results = measure(arguments.seconds)
    if arguments.json:
        print(json.dumps({"bench": name, "results": results}))
        return
    for row in results:
        print(f"{row['name']:24} {row['value']:>10} {row['unit']:4} {'' if row['floor'] is None else row['floor']}")
