"""What a feeder hangs on, and the evening that the documentation promises."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time

import numpy as np
import pytest

from linkbox.grid.network import CABLES
from linkbox.twin.assets import assets_for, fuse_for_cable
from linkbox.twin.street import Street
from linkbox.twin.vehicles import VehicleOptions
from tests.network_import.trees import PROJECT
from tests.twin.streets import START, everyone, network


@pytest.mark.parametrize(
    ("line_code", "fuse_a"),
    [("4c_70", 200), ("3c_95_SAC_XC", 200), ("3c_185_SAC_XC", 315), ("3c_300_SAC_XC", 400), ("4c_25", 100)],
)
def test_the_fuse_fits_the_head_cable(line_code: str, fuse_a: int) -> None:
    assert fuse_for_cable(CABLES[line_code]).rated_current_a == fuse_a


def test_what_the_data_says_goes_before_what_would_fit_and_the_user_before_both() -> None:
    bare = replace(network(), fuse_rated_a=None, transformer_kva=None)
    assert assets_for(bare).fuse.rated_current_a == 200
    assert assets_for(bare).transformer.rated_kva == 500
    assert assets_for(replace(bare, fuse_rated_a=315, transformer_kva=700)).fuse.rated_current_a == 315
    assert assets_for(replace(bare, fuse_rated_a=315, transformer_kva=700)).transformer.rated_kva == 800
    assert assets_for(replace(bare, fuse_rated_a=315), fuse_rated_a=160).fuse.rated_current_a == 160


def test_the_default_street_loses_its_fuse_on_the_evening_that_the_documentation_names() -> None:
    page = (PROJECT / "docs" / "explanation" / "twin.md").read_text(encoding="utf-8")
    row = re.search(r"the default street\) \| 55 \| 200 \| (\d+) \| (\d\d:\d\d) \|", page)
    assert row is not None
    every_car = VehicleOptions(ev_share=0.8, session_probability=1.0, tariff_start=time(0, 30))
    street = Street(
        network(), assets=assets_for(network()), start=START, minutes=840, seed=int(row[1]), vehicles=every_car
    )
    alone = Street(
        network(),
        assets=assets_for(network()),
        start=START,
        minutes=840,
        seed=int(row[1]),
        vehicles=VehicleOptions(ev_share=0.0),
    )
    for _ in range(840):
        street.step(everyone())
        alone.step(np.ones(alone.homes))
    blown_at = street.truth().fuse_blown_at
    assert blown_at is not None
    assert blown_at.strftime("%H:%M") == row[2]
    assert alone.truth().fuse_blown_at is None
    assert alone.truth().max_fuse_state < 0.8
