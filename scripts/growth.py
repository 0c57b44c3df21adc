"""Draw how the control minute grows with the fleet: ``docs/pictures/growth.png``.

    python scripts/growth.py [--most 4000000]

By the processor time of one minute, which other programs disturb least, beside the time that plain copies of the same
bytes would take in the same run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from linkbox.app.bench_control_minute import results

matplotlib.use("Agg")

SIZES = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)
TARGET = Path(__file__).parents[1] / "docs" / "pictures" / "growth.png"


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    sizes = [n for n in SIZES if n <= parser.parse_args().most]
    found = [{r["name"]: r for r in results(feeders=n, workers=2, rows_per_message=1, end_to_end=False)} for n in sizes]
    cpu = [f["kernel_cpu_ms"]["value"] for f in found]
    floor = [f["kernel_ms"]["floor"] for f in found]
    state = [f["state_bytes"]["value"] for f in found]
    for n, c, w, b in zip(sizes, cpu, floor, state, strict=True):
        print(
            f"{n:>9} feeders: {c:9.2f} ms of processor, {1e6 * c / n:6.1f} ns each; copies {w:8.2f} ms; {b:.4g} bytes"
        )
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    axes.loglog(sizes, cpu, "o-", color="#0b5394", label="control minute, processor time of both threads")
    axes.loglog(sizes, floor, "s--", color="#888888", label="copying the same bytes, by the clock, same run")
    axes.loglog(sizes, [cpu[-1] * n / sizes[-1] for n in sizes], ":", color="#cc4125", label="in proportion")
    axes.set_xlabel("feeders of three phases")
    axes.set_ylabel("ms for one minute")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(TARGET, dpi=110)


if __name__ == "__main__":
    main()
