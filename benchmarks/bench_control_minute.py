"""One control minute of a fleet: as ``linkbox bench control-minute``. ``bench_grid.py`` has the reference path."""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["bench", "control-minute"]
    main()
