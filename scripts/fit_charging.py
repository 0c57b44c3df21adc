"""Fit the distributions of home charging sessions that the twin draws from, and write them as a module.

    python scripts/fit_charging.py > src/linkbox/twin/charging_fit.py

Reads norway-home-charging-sessions.csv.xz from LINKBOX_DATA (default ../shared/data): Sorensen et al., Data in Brief
2024, CC BY 4.0. Only weekday plug-ins are used; sessions have 0.5 to 90 kWh in the source already.
"""

from __future__ import annotations

import csv
import lzma
import os
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np

FILE = "norway-home-charging-sessions.csv.xz"
BLOCKS = ((0, 6), (6, 12), (12, 15), (15, 18), (18, 21), (21, 24))
QUANTILES = np.linspace(0.025, 0.975, 20)
LEAST_DAYS_OBSERVED = 28

HEAD = '''"""Distributions of home charging sessions. Written by scripts/fit_charging.py; do not edit.

Fitted to: A. L. Sorensen et al., home charging sessions of {users} users in Norway 2018-2021, Data in Brief 2024,
licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). {sessions} weekday sessions; the data itself is not
part of Linkbox, only these summary numbers.
"""

from __future__ import annotations
'''


def main() -> None:
    """Print the module."""
    root = Path(os.environ.get("LINKBOX_DATA", Path(__file__).resolve().parents[1] / "../shared/data"))
    path = root / FILE
    if not path.exists():
        raise SystemExit(f"{path} is not there; set LINKBOX_DATA to the folder with {FILE}")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plug_in = [datetime.fromisoformat(row["plugin_time"]) for row in rows]
    weekday = np.array([at.weekday() < 5 for at in plug_in])
    hour = np.array([at.hour + at.minute / 60 for at in plug_in])[weekday]
    energy = np.array([float(row["energy_session"]) for row in rows])[weekday]
    connected = np.array([float(row["connection_time"]) for row in rows])[weekday]
    blocks = [(hour >= first) & (hour < last) for first, last in BLOCKS]
    histogram = np.histogram(hour, bins=48, range=(0, 24))[0] / len(hour)

    print(HEAD.format(users=len({row["user_id"] for row in rows}), sessions=len(hour)))
    _table("PLUG_IN_SHARE", histogram, 5, "Share of weekday plug-ins in each half hour of the local day, from 00:00.")
    print(f"BLOCK_START_HOUR = {tuple(first for first, _ in BLOCKS)}")
    print('"""Local hour at which each block of the day starts; the rows below are per block of the plug-in."""\n')
    _table("LOG_KWH_MEAN", [np.log(energy[b]).mean() for b in blocks], 4, "Mean of ln(kWh) of a session.")
    _table("LOG_KWH_SD", [np.log(energy[b]).std() for b in blocks], 4, "Standard deviation of ln(kWh).")
    print(f"KWH_RANGE = ({energy.min():.2f}, {energy.max():.2f})")
    print('"""Smallest and largest session seen, kWh; draws are kept within."""\n')
    _table("CONNECTED_QUANTILE", QUANTILES, 4, "The quantiles of CONNECTED_HOURS.")
    print("CONNECTED_HOURS = (")
    for block in blocks:
        print(f"    {_row(np.quantile(connected[block], QUANTILES), 2)},")
    print(')\n"""Hours from plug-in to plug-out: one row per block of the day, one column per quantile."""\n')
    print(f"SESSIONS_PER_DAY = {_sessions_per_day(rows, plug_in):.3f}")
    print(f'"""Mean over the users (those seen over {LEAST_DAYS_OBSERVED} days or more) of sessions per day."""')


def _sessions_per_day(rows: list[dict[str, str]], plug_in: list[datetime]) -> float:
    times = defaultdict(list)
    for row, at in zip(rows, plug_in, strict=True):
        times[row["user_id"]].append(at)
    days = {user: (max(ats) - min(ats)).days + 1 for user, ats in times.items()}
    return float(np.mean([len(times[user]) / n for user, n in days.items() if n >= LEAST_DAYS_OBSERVED]))


def _row(values: np.ndarray | list[float], digits: int) -> str:
    return "(" + ", ".join(f"{value:.{digits}f}" for value in values) + ")"


def _table(name: str, values: np.ndarray | list[float], digits: int, text: str) -> None:
    print(f'{name} = {_row(values, digits)}\n"""{text}"""\n')


if __name__ == "__main__":
    main()
