"""Draw docs/pictures/optimality.png from what ``linkbox prove optimality --json FILE`` found.

``python scripts/picture_optimality.py FILE [OUT]``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

INK, GREEDY, ROTATION = "#222222", "#1b6ca8", "#c0392b"


def draw(axes: Any, points: list[dict[str, float]], label: str, ticks: list[str]) -> None:
    """Mean cost relative to the minimum, with the worst as a thin line."""
    at = range(len(points))
    for name, colour, text in (("rotation", ROTATION, "rotation"), ("greedy", GREEDY, "greedy with swaps")):
        mean, worst = [p[f"{name}_mean"] for p in points], [p[f"{name}_worst"] for p in points]
        axes.plot(at, mean, color=colour, marker="o", markersize=4, linewidth=2, label=f"{text}, mean")
        axes.plot(at, worst, color=colour, linewidth=1, linestyle=":", label=f"{text}, worst")
    axes.axhline(1.0, color=INK, linewidth=1.5, label="exact")
    axes.set_xticks(list(at), ticks)
    axes.set_xlabel(label)
    axes.set_ylim(0.8, 6.4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def main() -> None:
    """Read, draw, write."""
    found = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "docs" / "pictures" / "optimality.png"
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    draw(left, found["by_homes"], "homes on the feeder", [f"{p['key']:.0f}" for p in found["by_homes"]])
    share = [f"{p['key']:.0%}" for p in found["by_share"]]
    draw(right, found["by_share"], "most that is needed, of the chargers' current on a phase", share)
    right.legend(frameon=False, fontsize=9, loc="upper right")
    left.set_ylabel("burden, minimum = 1")
    figure.suptitle(f"What simpler rules cost: {found['instances']:,} random decisions", x=0.01, ha="left", fontsize=12)
    figure.tight_layout()
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
