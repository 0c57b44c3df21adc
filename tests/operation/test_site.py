"""A set-up that can not work is refused at the start, with everything that is wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linkbox.base.errors import InvalidInput
from linkbox.dcc.inventory import Inventory
from tests.operation.rig import FEEDER, Plan, installation, mpan


def test_a_charger_without_devices_or_without_a_feeder_is_refused_and_named_by_its_token() -> None:
    site = Plan().site()
    feeder = replace(site.feeder(FEEDER), points=site.points(FEEDER)[1:])
    with pytest.raises(InvalidInput) as caught:
        replace(site, feeders=(feeder,), inventory=Inventory(installation(n) for n in range(5)))
    assert [(i.value, i.rule) for i in caught.value.issues] == [
        (site.pseudonym(mpan(0)), "must stand at a connection point of a feeder"),
        (site.pseudonym(mpan(5)), "must have an installation in the inventory"),
    ]
    assert not any(mpan(n) in str(caught.value) for n in range(6))


def test_a_feeder_that_is_not_watched_is_not_found() -> None:
    with pytest.raises(KeyError):
        Plan().site().feeder(type(FEEDER)("F9"))
