"""How well overloads are seen coming, on ENWL feeders with sampled charging: as ``linkbox bench detection``.

Run: ``python benchmarks/bench_detection.py [--days 16] [--seed 0] [--picture curve.png] [--json]``.
What is measured, and what came out: docs/reference/bench-detection.md.
"""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    main(["bench", "detection", *sys.argv[1:]])
