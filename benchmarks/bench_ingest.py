"""Readings by MQTT from many substations: from a reading's own time to the risk, and what it costs.

Run: ``python benchmarks/bench_ingest.py [--json] [--substations 10000] [--minutes 3]``: as ``linkbox bench ingest``.
What is measured, and what came out: docs/reference/bench-ingest.md.
"""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    main(["bench", "ingest", *sys.argv[1:]])
