"""Each charger is commanded as its device is: a switch by 7.6, one on a newer meter by 7.13, a controller by 7.16."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from linkbox.control.policy import ControlPolicy
from linkbox.customers import ConsentKind
from linkbox.customers.events import Scope
from linkbox.dcc.inventory import Inventory
from linkbox.emulator import DccEmulator, EmulatorConfig
from linkbox.operation import customer_desk
from linkbox.operation.entities import CommandKind
from linkbox.operation.notice_setup import NoticeSetup
from linkbox.records.contact import Channel, Contact, Language
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    AMPS,
    CHARGERS,
    MINUTE,
    USER,
    YEAR_AGO,
    Rig,
    assert_invariants,
    assert_memory_equals_store,
    consent,
    mpan,
    patched,
    phase_of,
    pki,
)

HOT, COOL = (95.0, 60.0, 60.0), (20.0, 20.0, 20.0)
QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)
PROPORTIONAL, BOOST = "secmp0046-proportional", "secmp0046-boost"


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


class Street(Rig):
    """The rig's street with other devices: its current follows what controllers allow too."""

    def current_a(self) -> tuple[float, float, float]:
        now = self.clock.now()
        amps = list(self.base_a)
        for number in self.drawing:
            spans = self.emulator.levels(mpan(number), now - MINUTE, now)
            level = sum((b - a).total_seconds() * part for a, b, part in spans) / 60
            closed = self.emulator.closed_fraction(mpan(number), now - MINUTE, now)
            amps[phase_of(number)] += AMPS * closed * level
        return (amps[0], amps[1], amps[2])


def rebuilt(rig: Rig, *, label: bool = True, **device: object) -> Street:
    """The rig with every home's installation changed, and a new emulated world of it."""
    homes = [replace(i, **device) for i in rig.plan.installations()]  # type: ignore[arg-type] # named by each test
    in_slots = [home.mpan for home in homes if home.proportional]
    config = EmulatorConfig(seed=1, profile=rig.plan.profile, hcalcs_poll_s=rig.plan.poll_s)
    emulator = DccEmulator(config, homes, pki(), USER, proportional=in_slots)
    patched(rig, inventory=Inventory(homes))
    rig.emulator = rig.dcc.emulator = emulator
    rig.__class__ = Street
    rig.start()
    assert isinstance(rig, Street)
    return rig


async def test_a_proportional_controller_is_limited_to_a_level_and_not_switched_off(make_rig: MakeRig) -> None:
    rig = rebuilt(make_rig(base_a=HOT, drawing={0, 3}, profile=PROPORTIONAL), proportional=True, meter="4")
    await rig.run(6)
    holds = rig.commands()
    assert {c.srv for c in holds} == {"7.16"}
    assert all(6.0 <= c.threshold_a < AMPS for c in holds), "never below the floor, never off"
    assert rig.held_in_truth() == set(), "no contactor is opened"
    assert rig.current_a()[0] < 95.0 + 2 * AMPS - 20.0, "the charger follows its level"
    assert rig.intervention.reduction_seen_at is not None
    sound(rig)


async def test_a_limit_counts_for_what_it_takes_away_and_ends_at_the_time_that_it_names(make_rig: MakeRig) -> None:
    rig = rebuilt(make_rig(base_a=HOT, drawing={0, 3}, profile=PROPORTIONAL), proportional=True, meter="4")
    await rig.run(2)
    rig.base_a, rig.drawing, rig.measured = COOL, set(), False
    await rig.run(45)
    holds = rig.commands()
    assert {c.ended_by for c in holds} <= {"expiry", "renewal"}
    for hold in holds:
        entry = rig.ledger().entry(hold.id)
        assert entry is not None
        assert entry.weight_milli == pytest.approx(1000 * (1 - hold.level_fraction), abs=1)
    levels = [rig.emulator.levels(mpan(n), rig.clock.now(), rig.clock.now() + MINUTE) for n in range(CHARGERS)]
    assert {part for spans in levels for _, _, part in spans} == {1.0}
    sound(rig)


async def test_a_limited_charger_is_given_its_full_level_back_early(make_rig: MakeRig) -> None:
    plan = {"base_a": HOT, "drawing": {0, 3}, "profile": PROPORTIONAL, "control": QUICK}
    rig = rebuilt(make_rig(**plan), proportional=True, meter="4")
    await rig.run(4)
    rig.base_a = COOL
    await rig.run(8)
    assert {c.srv for c in rig.commands(CommandKind.RESET)} == {"7.16"}
    spans = rig.emulator.levels(mpan(0), rig.clock.now(), rig.clock.now() + MINUTE)
    assert [part for _, _, part in spans] == [1.0]
    sound(rig)


async def test_a_switch_on_a_newer_meter_is_held_and_freed_by_periods(make_rig: MakeRig) -> None:
    plan = {"base_a": HOT, "drawing": {0, 3}, "profile": PROPORTIONAL, "control": QUICK}
    rig = rebuilt(make_rig(**plan), meter="4")
    await rig.run(4)
    assert {c.srv for c in rig.commands()} == {"7.13"}
    assert rig.held_in_truth() == {0, 3}
    rig.base_a = COOL
    await rig.run(8)
    assert rig.held_in_truth() == set()
    sound(rig)


async def test_where_the_rules_do_not_allow_what_a_device_needs_it_is_left_alone(make_rig: MakeRig) -> None:
    rig = rebuilt(make_rig(base_a=HOT, drawing={0, 3}), proportional=True, meter="4")
    await rig.run(4)
    assert rig.commands() == []
    assert "may not switch load under the rules in force" in rig.facts("escalation", "raised")[0]["why"]
    sound(rig)


# -- the boost button -----------------------------------------------------------------------------------------


def consents_to_it(rig: Rig) -> Rig:
    """Every customer has consented that the button is taken off meanwhile."""
    for number in range(CHARGERS):
        given = consent(number, ConsentKind.GIVEN, YEAR_AGO + timedelta(days=9))
        event = replace(given, scope=Scope(boost_button=True))
        rig.controller.act(lambda s, said=event: customer_desk.tell(s, said))
    return rig


def boosted(rig: Rig) -> set[int]:
    """Whose boost button switches the charger, by the meters."""
    homes = {n: rig.emulator.device_truth(mpan(n)) for n in range(CHARGERS)}
    return {n for n, home in homes.items() if home.esme.boost_controls[home.installation.slot - 1]}


async def test_a_held_charger_is_taken_off_the_boost_button_and_put_back_as_it_was(make_rig: MakeRig) -> None:
    control = replace(QUICK, take_boost_button=True)
    rig = consents_to_it(make_rig(base_a=HOT, drawing={0, 3}, profile=BOOST, control=control))
    before = [rig.emulator.device_truth(mpan(n)).esme.boost_controls for n in range(CHARGERS)]
    await rig.run(4)
    assert rig.held_in_truth() == {0, 3}
    assert boosted(rig) == {1, 2, 4, 5}
    rig.base_a = COOL
    await rig.run(10)
    assert [rig.emulator.device_truth(mpan(n)).esme.boost_controls for n in range(CHARGERS)] == before
    assert {row.state for row in rig.store.rows("boost")} == {"back"}
    sound(rig)


async def test_a_button_that_was_taken_is_put_back_after_a_restart_even_if_the_setting_is_off_by_then(
    make_rig: MakeRig,
) -> None:
    control = replace(QUICK, take_boost_button=True)
    rig = consents_to_it(make_rig(base_a=HOT, drawing={0, 3}, profile=BOOST, control=control))
    await rig.run(4)
    assert boosted(rig) == {1, 2, 4, 5}
    patched(rig, control=QUICK)
    rig.start()
    rig.base_a = COOL
    await rig.run(10)
    assert boosted(rig) == set(range(CHARGERS))
    sound(rig)


async def test_by_default_and_where_the_rules_forbid_it_the_boost_button_is_left_alone(make_rig: MakeRig) -> None:
    for settings in (
        {"profile": BOOST},
        {"profile": "secmp0046", "control": replace(QUICK, take_boost_button=True)},
    ):
        rig = consents_to_it(make_rig(base_a=HOT, drawing={0, 3}, **settings))
        await rig.run(4)
        assert rig.held_in_truth() == {0, 3}
        assert boosted(rig) == set(range(CHARGERS))
        assert {p.request.srv for p in rig.dcc.posts} == {"7.6"}


async def test_without_consent_to_it_the_charger_is_held_and_its_button_left_alone(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, profile=BOOST, control=replace(QUICK, take_boost_button=True))
    await rig.run(4)
    assert rig.held_in_truth() == {0, 3}
    assert boosted(rig) == set(range(CHARGERS))


def told(rig: Rig, stage: str, number: int = 0) -> str:
    """The notice of one stage to one customer."""
    token = rig.site.pseudonym(mpan(number))
    found = [n for n in rig.notices.delivered.values() if n.get("customer") == token and n["stage"] == stage]
    return str(found[0]["body"])


@pytest.mark.parametrize(
    ("language", "taken", "kept", "again"),
    [
        (
            Language.ENGLISH,
            "the Boost Button on your meter does not start your charger",
            "The Boost Button on your meter still works",
            "The Boost Button on your meter works for your charger again",
        ),
        (
            Language.WELSH,
            "nid yw'r Botwm Hwb ar eich mesurydd yn cychwyn eich gwefrydd",
            "Mae'r Botwm Hwb ar eich mesurydd yn dal i weithio",
            "Mae'r Botwm Hwb ar eich mesurydd yn gweithio i'ch gwefrydd eto",
        ),
    ],
)
async def test_a_notice_says_of_the_boost_button_what_the_setting_makes_of_it(
    make_rig: MakeRig, language: Language, taken: str, kept: str, again: str
) -> None:
    contact = Contact(channel=Channel.SMS, address="+447700900001", language=language)
    notices = NoticeSetup(contacts={mpan(n): contact for n in range(CHARGERS)})
    for take in (True, False):
        control = replace(QUICK, take_boost_button=take)
        rig = consents_to_it(make_rig(base_a=HOT, drawing={0, 3}, profile=BOOST, control=control))
        patched(rig, notices=notices)
        rig.start()
        await rig.run(4)
        rig.base_a = COOL
        await rig.run(10)
        start, end = (" ".join(told(rig, stage).split()) for stage in ("start", "end"))
        assert ((taken in start), (kept in start), (again in end)) == (take, not take, take)
