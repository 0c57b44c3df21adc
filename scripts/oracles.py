"""Run the thermal oracles in environments of their own, and keep what they say as golden values.

    python scripts/oracles.py [--keep]

Makes ``build/oracles/NAME`` with venv and pip, runs ``tests/oracles/NAME_oracle.py`` in it as a separate program, and
compares with (or, with ``--keep``, writes) ``tests/oracles/NAME.json``. The packages stay out of our own environment:
they need a pandas that others do not allow. Exit code 1 where an oracle can not be installed, or now says otherwise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = {"transformer": "transformer-thermal-model==0.6.0", "cable": "cable-thermal-model==2.2.1"}
EVERY = 12
TOLERANCE_K = 1e-6


def program(name: str) -> Path:
    """The Python of an oracle's environment, made if it is not there."""
    folder = ROOT / "build" / "oracles" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGES[name]], check=True)
    return python


def said(name: str) -> dict[str, Any]:
    """What the oracle says now, with its long profiles thinned out and its package named."""
    script = ROOT / "tests" / "oracles" / f"{name}_oracle.py"
    found = subprocess.run([program(name), script], check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(found.stdout)
    return {"package": PACKAGES[name], "every": EVERY, **_thinned(answer)}


def _thinned(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v[::EVERY] if k.endswith("_degc") else _thinned(v) for k, v in value.items() if k != "version"}
    return [_thinned(v) for v in value] if isinstance(value, list) else value


def farthest(a: Any, b: Any) -> float:
    """The largest difference of two answers of the same shape; infinite where the shapes differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return max((farthest(a[k], b[k]) for k in a), default=0.0)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return max((farthest(x, y) for x, y in zip(a, b, strict=True)), default=0.0)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b)
    return 0.0 if a == b else float("inf")


def main() -> int:
    """Compare or keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true")
    keep = parser.parse_args().keep
    wrong = 0
    for name in PACKAGES:
        kept = ROOT / "tests" / "oracles" / f"{name}.json"
        try:
            answer = said(name)
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"{name}: could not be run: {error}")
            wrong = 1
            continue
        if keep:
            kept.write_text(json.dumps(answer) + "\n", encoding="utf-8")
            print(f"{name}: kept")
            continue
        distance = farthest(answer, json.loads(kept.read_text("utf-8")))
        print(f"{name}: differs from what is kept by {distance:.2g}")
        wrong |= distance > TOLERANCE_K
    return wrong


if __name__ == "__main__":
    sys.exit(main())
