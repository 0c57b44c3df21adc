"""Named columns, as Arrow, Parquet and CSV have them, made a batch by one set of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from linkbox.base.errors import Issue
from linkbox.grid.telemetry import ReadingBatch, readings
from linkbox.grid.telemetry.batch import EARLIEST_MS, LATEST_MS
from linkbox.grid.thermal import Floats

CURRENTS = ("l1_a", "l2_a", "l3_a")
TRANSFORMER = ("transformer_l1_a", "transformer_l2_a", "transformer_l3_a")
VOLTAGES = ("l1_v", "l2_v", "l3_v")
NUMBERS = ("window_s", *CURRENTS, *TRANSFORMER, *VOLTAGES)
REQUIRED = ("feeder_id", "at", *CURRENTS)


def missing_and_foreign(names: Sequence[str]) -> list[Issue]:
    """What is wrong with a table's columns, by their names. ``feeder_index`` may stand for ``feeder_id``."""
    issues = [_rule(name, "missing", "the column must be there") for name in REQUIRED if not _there(name, names)]
    known = {*REQUIRED, *NUMBERS, "feeder_index"}
    issues += [_rule(name[:40], "unknown", "the column is not of this schema") for name in names if name not in known]
    issues += [_rule(n[:40], "twice", "a column may come once") for n in dict.fromkeys(names) if names.count(n) > 1]
    for group in (TRANSFORMER, VOLTAGES):
        there = [name for name in group if name in names]
        if 0 < len(there) < len(group):
            issues.append(_rule(there[0], ", ".join(there), "all three phases must be given, or none"))
    if "feeder_id" in names and "feeder_index" in names:
        issues.append(_rule("feeder_index", "both", "feeder_id or feeder_index, not both"))
    return issues


def batch_of(
    feeder: NDArray[np.int32], at_ms: NDArray[np.int64], numbers: Mapping[str, Floats], received_ms: int | None
) -> ReadingBatch | tuple[Issue, ...]:
    """The batch of columns that have passed by name and type; times must lie within the calendar."""
    if len(at_ms) and (int(at_ms.min()) < EARLIEST_MS or int(at_ms.max()) > LATEST_MS):
        return (_rule("at", "out of range", "must be a time within the calendar"),)
    return readings(
        feeder=feeder,
        at_ms=at_ms,
        window_s=numbers.get("window_s", 60.0),
        current_a=np.column_stack([numbers[name] for name in CURRENTS]),
        transformer_current_a=_group(numbers, TRANSFORMER),
        voltage_v=_group(numbers, VOLTAGES),
        received_ms=received_ms,
    )


def _group(numbers: Mapping[str, Floats], names: Sequence[str]) -> Floats | None:
    return np.column_stack([numbers[name] for name in names]) if names[0] in numbers else None


def _there(name: str, names: Sequence[str]) -> bool:
    return name in names or (name == "feeder_id" and "feeder_index" in names)


def _rule(where: str, value: str, rule: str) -> Issue:
    return Issue(where=where, value=value, rule=rule)
