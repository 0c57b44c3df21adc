"""The register, an import of consents, and the audit chain; the same as ``linkbox bench records``.

Run: ``python benchmarks/bench_records.py [--points N] [--consents N] [--postgresql URL] [--json]``.
"""

from __future__ import annotations

import sys

from linkbox.app.cli import main

if __name__ == "__main__":
    main(["bench", "records", *sys.argv[1:]])
