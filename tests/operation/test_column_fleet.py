"""A fleet of columns gives the watch what a fleet of objects gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linkbox.grid.columns import FleetColumns
from linkbox.grid.fleet import Fleet
from linkbox.grid.policy import RiskPolicy
from linkbox.operation.column_fleet import ColumnFleet
from linkbox.operation.fleet_judge import ObjectFleet
from tests.grid.samples import MINUTE, START, feeder

FLEET = Fleet.of([replace(feeder(f"F{i}"), substation=f"S{i}") for i in range(6)])


@pytest.mark.parametrize("horizon_s", [1800.0, 3600.0])
def test_columns_find_the_same_feeders_as_objects_and_restore_what_they_knew(horizon_s: float) -> None:
    policy = RiskPolicy(horizon_s=horizon_s)
    objects = ObjectFleet(FLEET, START, policy=policy)
    columns = ColumnFleet(FleetColumns.of(FLEET), START, policy=policy)
    rng = np.random.default_rng(3)
    mean = np.array([40.0, 90.0, 150.0, 215.0, 260.0, 40.0])[:, None]
    assert columns.judge().blind.all()
    for k in range(50):
        y = mean * rng.gamma(9.0, 1.0 / 9.0, (6, 3))
        y[5] = np.nan
        for fleet in (objects, columns):
            fleet.take(y, 2.0 * y, START + (k + 1) * MINUTE)
        a, b = objects.judge(), columns.judge()
        assert b.rows.tolist() == a.rows.tolist()
        assert [x.state for x in b.assessments] == [x.state for x in a.assessments]
        np.testing.assert_array_equal(b.blind, a.blind)
    assert a.rows.tolist() == [3, 4]
    assert [x.until_s for x in b.assessments[0].ahead] == [h for h in (300, 600, 900, 1800, 3600) if h <= horizon_s]
    again = ColumnFleet(FleetColumns.of(FLEET), START, policy=policy)
    again.restore(columns.to_bytes())
    assert again.at == columns.at
    assert again.to_bytes() == columns.to_bytes()
    for fleet in (columns, again):
        fleet.take(y, 2.0 * y, columns.at + MINUTE if fleet is columns else columns.at)
    assert [x.reason for x in again.judge().assessments] == [x.reason for x in columns.judge().assessments]
