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


def test_feeders_of_mixed_types_come_out_in_their_own_order_whatever_the_order_within() -> None:
    """Types that alternate, a transformer that several share, and one that nobody hangs on."""
    n, rng = 24, np.random.default_rng(5)
    cables, sizes = ("4c_.1", "3c_95_SAC_XC", "3c_185_SAC_XC"), (200, 315)
    models = [feeder(f"F{i}", fuse=sizes[i % 2], cable=cables[i % 3]) for i in range(n)]
    plain = FleetColumns.of(Fleet.of([replace(m, substation=f"S{i // 3}") for i, m in enumerate(models)]))
    columns = replace(
        plain,
        bank=(plain.bank + 1).astype(np.int32),
        bank_type=np.concatenate([plain.bank_type[:1], plain.bank_type]),
        substations=["S-alone", *plain.substations],
    )
    order = (
        3 * rng.permutation(n // 3)[:, None] + np.arange(3)
    ).ravel()  # a new transformer starts as its first feeder
    straight, mixed = ColumnFleet(columns, START), ColumnFleet(columns.take(order), START)
    for k in range(40):
        y = np.linspace(40.0, 320.0, n)[:, None] * rng.gamma(9.0, 1.0 / 9.0, (n, 3))
        bank = np.repeat(rng.uniform(200.0, 900.0, (n // 3, 3)), 3, axis=0)
        straight.take(y, bank, START + (k + 1) * MINUTE)
        mixed.take(y[order], bank[order], START + (k + 1) * MINUTE)
        a, b = straight.judge(), mixed.judge()
        assert sorted(order[b.rows].tolist()) == a.rows.tolist()
        assert sorted(map(repr, a.assessments)) == sorted(map(repr, b.assessments))  # NaN, too
        assert [x.feeder_id for x in a.assessments] == [columns.ids[row] for row in a.rows]
        np.testing.assert_array_equal(b.blind, a.blind[order])
    assert len(a.rows) > 3
    again = ColumnFleet(columns, START)
    again.restore(straight.to_bytes())
    assert again.to_bytes() == straight.to_bytes()
