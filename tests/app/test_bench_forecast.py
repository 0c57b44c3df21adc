"""The bench of the forecast: a short look at the measured data, where they are."""

from __future__ import annotations

import pytest

from linkbox.app import bench_forecast
from linkbox.base.errors import InvalidInput


def test_a_short_look_scores_every_horizon_and_beats_persistence_at_an_hour() -> None:
    try:
        bench_forecast.load()
    except InvalidInput as error:
        pytest.skip(str(error))
    found = {row["name"]: row["value"] for row in bench_forecast.results(days=20)}
    for minutes in (15, 30, 45, 60):
        assert 0.3 < found[f"pinball_ratio_{minutes}min"] < 1.1
        assert 0.85 < found[f"coverage_95_{minutes}min"] < 1.0
    assert found["pinball_ratio_60min"] < 0.9
    assert "60 min" in bench_forecast.table(bench_forecast.results(days=8))


def test_missing_data_are_named(tmp_path: object) -> None:
    from pathlib import Path

    with pytest.raises(InvalidInput, match="LINKBOX_DATA"):
        bench_forecast.load(Path(str(tmp_path)))
