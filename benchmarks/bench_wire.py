"""The wire: signed requests, verified responses, Pre-Commands, envelopes, whole critical exchanges over HTTP.

Run: ``python benchmarks/bench_wire.py [--json] [--seconds 2.0] [--exchanges 4000]``: as ``linkbox bench wire``.
What is measured, and what came out: docs/reference/bench-wire.md.
"""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    main(["bench", "wire", *sys.argv[1:]])
