"""What ``linkbox network limits`` works out: static, cyclic and thermal limits, from where the assets stand now."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from linkbox.adapters.ingest.files import read_files
from linkbox.app.watch_fleet import read_fleet
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.limit_columns import limit_columns
from linkbox.grid.network import FeederModel
from linkbox.grid.reasons import minutes
from linkbox.grid.telemetry import FeederIndex, no_tracks, screen
from linkbox.grid.thermal import Floats

_START = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_DAYS = 30.0
_HEADS = ("static A", "cyclic A", "thermal A", "load A", "stands at", "limit in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for. ``preload_a`` None: what a new feeder is taken to have carried; ``load_a`` per phase, None:
    the last readings, of which ``readings`` are the files."""

    after_s: float
    level: float = 1.0
    ambient_degc: float = 10.0
    preload_a: float | None = None
    load_a: tuple[float, float, float] | None = None
    readings: tuple[Path, ...] = ()


def limits_told(source: Path, names: Sequence[str], asked: Asked) -> dict[str, Any]:
    """The limits of some feeders of a network or fleet table, all where none is named. Raises InvalidInput with every
    issue of what is asked, of the table, and of the readings."""
    issues = list(_wrong(asked))
    models = read_fleet(source)
    known = {f.feeder_id: f for f in models}
    issues += [Issue(where="FEEDER", value=n[:60], rule=f"is no feeder of {source}") for n in names if n not in known]
    if issues:
        raise InvalidInput("limits", issues)
    chosen = [f for f in models if f.feeder_id in names] if names else models
    fleet = Fleet.of(chosen)
    state, readings = _warmed(fleet, models, asked)
    load = None if asked.load_a is None else np.array(asked.load_a)
    found = limit_columns(state, fleet, after_s=asked.after_s, level=asked.level, load_a=load)
    return {
        "after_s": asked.after_s,
        "level": asked.level,
        "ambient_degc": asked.ambient_degc,
        "readings": readings,
        "as_of": format_utc(state.at) if readings else None,
        "limits": [{k: _number(v) for k, v in row.items()} for row in found.rows(fleet)],
    }


def _wrong(asked: Asked) -> list[Issue]:
    """Everything that is wrong with the numbers."""
    loads = () if asked.load_a is None else asked.load_a
    checks = (
        ("--minutes", asked.after_s / 60.0, 0.0 < asked.after_s <= _MOST_DAYS * 86400.0, "must be above 0, to 30 days"),
        ("--level", asked.level, 0.0 < asked.level <= 1.0, "must be above 0 and at most 1"),
        ("--ambient", asked.ambient_degc, -40.0 <= asked.ambient_degc <= 60.0, "must be within -40..60 degC"),
        (
            "--preload",
            asked.preload_a,
            asked.preload_a is None or 0.0 <= asked.preload_a <= 5000.0,
            "must be 0..5000 A",
        ),
        ("--load", asked.load_a, all(0.0 <= a <= 20000.0 for a in loads), "must be three currents within 0..20000 A"),
    )
    return [Issue(where=where, value=str(value), rule=rule) for where, value, good, rule in checks if not good]


def _warmed(fleet: Fleet, models: Sequence[FeederModel], asked: Asked) -> tuple[FleetState, int]:
    """The state after the readings, and how many counted."""
    start = initial_state(fleet, _START, preload_a=asked.preload_a, ambient_degc=asked.ambient_degc)
    if not asked.readings:
        return start, 0
    index = FeederIndex([f.feeder_id for f in models])
    batch = read_files(list(asked.readings), index)
    batch = batch.take(screen(batch, no_tracks(len(index))).accepted)
    place = {index.ids.index(f.feeder_id): row for row, f in enumerate(fleet.feeders)}
    batch = batch.take(np.array([int(row) in place for row in batch.feeder], dtype=np.bool_))
    if not len(batch):
        rule = "there must be a reading of the feeders that are asked for"
        raise InvalidInput("limits", [Issue(where="--readings", value="0 readings", rule=rule)])
    state = initial_state(fleet, _at(int(batch.at_ms[0])), preload_a=asked.preload_a, ambient_degc=asked.ambient_degc)
    for at_ms, group in itertools.groupby(range(len(batch)), key=lambda k: int(batch.at_ms[k]) // 1000):
        current, bank = _blank(fleet), _blank(fleet)
        for k in group:
            row = place[int(batch.feeder[k])]
            current[row], bank[row] = batch.current_a[k], batch.transformer_current_a[k]
        state = observe(state, fleet, current_a=current, transformer_current_a=bank, at=_at(at_ms * 1000))
    return state, len(batch)


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)


def _blank(fleet: Fleet) -> Floats:
    return np.full((len(fleet), 3), np.nan)


def _number(value: Any) -> Any:
    """JSON has no infinity and no NaN: both are null."""
    if not isinstance(value, float):
        return value
    return round(value, 3) if math.isfinite(value) else None


def limits_text(found: dict[str, Any]) -> str:
    """The same as a table for people, one for each feeder."""
    lines = []
    for feeder, rows in itertools.groupby(found["limits"], key=lambda row: str(row["feeder"])):
        how = f"after {found['readings']} readings to {found['as_of']}" if found["readings"] else "no readings"
        until = f"for {minutes(found['after_s'])} to {found['level']:.0%} of the limit"
        lines += [
            f"{feeder}: {until}, {found['ambient_degc']:g} degC, {how}",
            f"  {'asset':26}" + "".join(f"{head:>11}" for head in _HEADS),
        ]
        lines += [_line(row) for row in rows]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    name = f"{row['phase'] or ''} {row['asset'] if row['asset'] != 'neutral' else ''} {row['type']}".split()
    amps = "".join(f"{_shown(row[key]):>11}" for key in ("static_a", "cyclic_a", "thermal_a", "load_a"))
    stands = "unknown" if row["present"] is None else f"{row['present']:.0%}"
    when = "-" if row["time_to_limit_s"] is None else minutes(row["time_to_limit_s"])
    return f"  {' '.join(name):26}{amps}{stands:>11}{when:>11}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
