"""The forecast's night work in service: a day of some feeders is kept, and at the set local time it is learned from.

What is kept of the day are the readings of each minute and, every some minutes, what the forecast was made of, exactly
as it was in service, with the profile of weeks. So nothing has to be replayed, and what is fitted is what is used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import format_utc, parse_utc
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.forecast import Floats32, ForecastModel
from linkbox.grid.nightly import Learned, RefitPolicy, Verdict, night
from linkbox.grid.refit import Equations, Moment, Samples, samples_of
from linkbox.grid.snapshot import packed, unpacked
from linkbox.operation.fleet_judge import FleetJudge

MAGIC = b"linkbox night 1\n"
_COVERED = 0.8
"""The part of an interval's minutes that must have been read for its mean to count, as in ``forecast``."""

_NIGHTS_KEPT = 30
_PARTS = ("inputs", "now", "then", "sigma", "level")


class NightWork:
    """Owned by the watch: told of every look, it gives back a verdict on the first one after the set time."""

    def __init__(self, judge: FleetJudge, *, policy: RefitPolicy | None = None) -> None:
        self._judge, self._policy = judge, policy or RefitPolicy()
        n = len(judge.index)
        count = min(n, self._policy.feeders)
        self._rows: NDArray[np.intp] = np.unique(np.linspace(0, max(n - 1, 0), count).astype(np.intp))
        self._learned = Learned.nothing(judge.model)
        self._minutes: dict[int, Floats32] = {}
        self._moments: dict[int, Moment] = {}
        self._night = self._policy.night_of(judge.at)
        self.verdicts: deque[Verdict] = deque(maxlen=_NIGHTS_KEPT)

    @property
    def model(self) -> ForecastModel:
        """The model in use."""
        return self._learned.model

    def after_look(self, at: datetime) -> Verdict | None:
        """Keep the minute of the look at ``at``, and do the night's work where it has become due."""
        minute = int(at.timestamp()) // 60
        if not self._minutes or minute > max(self._minutes):
            self._keep(minute, at)
        due = self._policy.night_of(at)
        if due <= self._night:
            return None
        self._night = due
        return self._work(at)

    def _keep(self, minute: int, at: datetime) -> None:
        if not len(self._rows) or self._policy.at is None:
            return
        self._minutes[minute] = self._judge.newest_a(self._rows, at)
        if minute % self._policy.every_min == 0:
            self._moments[minute] = self._judge.forecast_moment(self._rows, at)

    def _work(self, at: datetime) -> Verdict:
        """Learn from the moments whose intervals are all over; the others stay for the next night."""
        longest = int(self.model.horizons_s[-1]) // 60
        last = max(self._minutes, default=0)
        over = [m for m in self._moments if m + longest <= last]
        self._learned, verdict = night(self._learned, self._samples(over), self._policy, at=at)
        if verdict.accepted:
            self._judge.use(self._learned.model)
        self._moments = {m: kept for m, kept in self._moments.items() if m not in set(over)}
        first = min(self._moments, default=last)
        self._minutes = {m: kept for m, kept in self._minutes.items() if m >= first}
        self.verdicts.append(verdict)
        return verdict

    def _samples(self, minutes: list[int]) -> Samples:
        """The moments of these minutes, with the means of what came after each; NaN where too little was read."""
        horizons, shape = len(self.model.horizons_s), (len(self._rows), 3)
        targets = np.full((len(minutes), horizons, *shape), np.nan, dtype=np.float32)
        blank = np.full(shape, np.nan, dtype=np.float32)
        for place, m in enumerate(minutes):
            for h, (a, b) in enumerate(zip(self.model.starts_s, self.model.horizons_s, strict=True)):
                span = range(m + 1 + int(a) // 60, m + 1 + int(b) // 60)
                targets[place, h] = _mean(np.stack([self._minutes.get(k, blank) for k in span]))
        if not minutes:
            none = np.zeros((0, *shape), dtype=np.float32)
            per = np.zeros((0, horizons, *shape), dtype=np.float32)
            terms = self.model.coefficients.shape[2]
            inputs = np.zeros((0, terms, *shape), dtype=np.float32)
            return Samples(inputs=inputs, now=none, then=per, target=per, sigma=per, level=none)
        return samples_of([self._moments[m] for m in minutes], targets)

    def to_bytes(self) -> bytes:
        """Everything that the next night depends on, exactly."""
        learned = self._learned
        arrays: dict[str, NDArray[Any]] = {
            "rows": self._rows.astype(np.int64),
            "gram": learned.equations.gram,
            "cross": learned.equations.cross,
            "count": learned.equations.rows,
            "minutes": np.array(list(self._minutes), dtype=np.int64),
            "moments": np.array(list(self._moments), dtype=np.int64),
        }
        models = {"model": learned.model, "candidate": learned.candidate, "reference": learned.reference}
        for name, model in models.items():
            if model is not None:
                arrays |= {f"{name}.coefficients": model.coefficients, f"{name}.start_z": model.start_z}
        if self._minutes:
            arrays["currents"] = np.stack(list(self._minutes.values()))
        for place, part in enumerate(_PARTS if self._moments else ()):
            arrays[f"moment.{part}"] = np.stack([kept[place] for kept in self._moments.values()])
        header = {
            "horizons_s": list(learned.model.horizons_s),
            "source": learned.model.source,
            "night": self._night,
            "verdicts": [asdict(v) | {"at": format_utc(v.at)} for v in self.verdicts],
        }
        return packed(MAGIC, header, arrays)

    def restore(self, data: bytes) -> None:
        """Go on from what ``to_bytes`` gave, with the model that was in use, which the judge is told.

        Raises SnapshotMismatch for altered bytes, another fleet's sample, or other horizons."""
        header, arrays = unpacked(MAGIC, data)
        shipped = self._learned.model
        if header["horizons_s"] != list(shipped.horizons_s):
            raise SnapshotMismatch(f"must have the horizons {shipped.horizons_s}", str(header["horizons_s"]))
        if arrays["rows"].tolist() != self._rows.tolist():
            raise SnapshotMismatch(f"must be of {len(self._rows)} sampled feeders", str(len(arrays["rows"])))

        def model(name: str) -> ForecastModel | None:
            if f"{name}.coefficients" not in arrays:
                return None
            return replace(
                shipped, coefficients=arrays[f"{name}.coefficients"], start_z=arrays[f"{name}.start_z"], source=source
            )

        source = str(header["source"])
        equations = Equations(gram=arrays["gram"], cross=arrays["cross"], rows=arrays["count"])
        used = model("model") or shipped
        self._learned = Learned(
            model=used, candidate=model("candidate"), reference=model("reference"), equations=equations
        )
        self._minutes = dict(zip(arrays["minutes"].tolist(), arrays.get("currents", ()), strict=True))
        kept = zip(*(arrays.get(f"moment.{part}", ()) for part in _PARTS), strict=True)
        self._moments = {
            m: (a, b, c, d, e) for m, (a, b, c, d, e) in zip(arrays["moments"].tolist(), kept, strict=True)
        }
        self._night = header["night"]
        self.verdicts.clear()
        self.verdicts.extend(Verdict(**(v | {"at": parse_utc(v["at"])})) for v in header["verdicts"])
        self._judge.use(used)


def _mean(readings: Floats32) -> Floats32:
    """(rows, 3) of (minutes, rows, 3): the mean of what was read, NaN where less than _COVERED of it was."""
    known = np.isfinite(readings)
    count = known.sum(axis=0)
    total = np.where(known, readings, np.float32(0.0)).sum(axis=0)
    enough = count >= _COVERED * len(readings)
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32)


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the log and the status tell it; what could not be scored is None."""

    def number(value: float) -> float | None:
        return round(value, 4) if np.isfinite(value) else None

    return {
        "at": format_utc(verdict.at),
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "rows": verdict.rows,
        "loss_ratio": number(verdict.loss_ratio),
        "coverage_before": number(verdict.coverage_before),
        "coverage_after": number(verdict.coverage_after),
    }
