"""The forecast on measured data: as ``linkbox bench forecast``. Run: ``python benchmarks/bench_forecast.py``."""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["bench", "forecast"]
    main()
