"""Who hands over to whom while holds last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from linkbox.base.phases import PHASES
from linkbox.control.charger import Amps3, Charger
from linkbox.control.rotation import Bearer, Turn, next_turn
from tests.control.permits import T0, mpan, permit_for

MINUTE = timedelta(minutes=1)
L1 = PHASES[0]


def bearer(number: int, *, weight: float = 250.0, relief: Amps3 = (30.0, 0.0, 0.0), since: int = 40) -> Bearer:
    return Bearer(mpan=mpan(number), relief_a=relief, weight=weight, since=T0 - since * MINUTE, until=T0 + 40 * MINUTE)


def charger(number: int, *, p: float = 0.95, used_min: float = 0.0) -> Charger:
    return Charger(
        mpan=mpan(number),
        permit=permit_for(mpan(number)),
        phase=L1,
        amps=32.0,
        probability_drawing=p,
        remaining_s=7200,
        used_24h_s=used_min * 60,
        used_30d_s=used_min * 60,
    )


def turn(held: list[Bearer], fresh: list[Charger], gain: float = 100.0) -> Turn | None:
    return next_turn(held, fresh, at=T0, min_hold_s=900, gain=gain)


def test_who_has_borne_most_hands_over_to_who_has_borne_least() -> None:
    found = turn([bearer(1, weight=210), bearer(2)], [charger(3, used_min=10), charger(4)])
    assert found is not None
    assert (found.bearer.mpan, found.successor.mpan) == (mpan(2), mpan(4))
    assert found.reason == "its burden is 250, that of who takes over 100"


def test_a_small_difference_is_not_worth_a_switching() -> None:
    assert turn([bearer(1, weight=199.9)], [charger(2)]) is None
    assert turn([bearer(1, weight=200.0)], [charger(2)]) is not None


def test_a_successor_has_to_be_expected_to_shed_as_much_on_every_phase() -> None:
    assert turn([bearer(1)], [charger(2, p=0.8)]) is None
    assert turn([bearer(1, relief=(25.0, 5.0, 0.0))], [charger(2)]) is None
    assert turn([bearer(1, relief=(0.0, 0.0, 0.0))], [charger(2)]) is None, "what buys nothing needs no successor"


def test_neither_a_hold_that_has_just_begun_nor_one_that_is_about_to_end_is_handed_over() -> None:
    assert turn([bearer(1, since=14)], [charger(2)]) is None
    assert turn([replace(bearer(1), until=T0 + 14 * MINUTE)], [charger(2)]) is None


def test_one_whose_own_hold_is_up_for_renewal_is_no_successor() -> None:
    assert turn([bearer(1)], [replace(charger(2), held_now=True)]) is None
