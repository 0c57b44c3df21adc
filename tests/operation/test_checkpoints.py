"""The chain is signed while Linkbox runs, by number and by time; time stamps come when they can, and stop nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.operation.checkpoint_desk import CheckpointPolicy
from linkbox.operation.controller import Controller
from linkbox.operation.dossiers import dossier_of_store
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.ports import PeerUnreachable
from linkbox.records.audit import Checkpoint
from linkbox.records.dossier import verify_dossier
from linkbox.records.signing import fingerprint, signer
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.operation.rig import Plan, Rig, assert_memory_equals_store

KEY = ec.derive_private_key(20260113, ec.SECP256R1())
RECORDS_KEY = RecordsKey(key_id=fingerprint(KEY.public_key())[:16], sign=signer(KEY))


def street(policy: CheckpointPolicy, *, with_key: bool = True) -> Rig:
    rig = Rig(MemoryStore(MemoryDisk()), Plan())
    notices = NoticeSetup(records_key=RECORDS_KEY if with_key else None)
    rig.site = replace(rig.site, notices=notices, checkpoints=policy)
    rig.start()
    return rig


def say(rig: Rig, count: int = 1) -> None:
    for _ in range(count):
        rig.controller.act(lambda session: session.audit("test", "said"))


def signed(rig: Rig) -> list[int]:
    return [int(row.key) for row in rig.store.rows("checkpoint")]


async def test_a_checkpoint_comes_after_so_many_records() -> None:
    rig = street(CheckpointPolicy(records=10, minutes=60))
    first = len(rig.store.audit_lines())
    say(rig, 35 - first)
    assert len(signed(rig)) == 3
    assert all(b - a == 10 for a, b in zip(signed(rig), signed(rig)[1:], strict=False))


async def test_a_checkpoint_comes_after_so_long_although_nothing_else_happens() -> None:
    rig = street(CheckpointPolicy(records=10_000, minutes=7))
    say(rig)
    rig.measured = False
    began = rig.clock.now()
    while not signed(rig):
        wake = rig.controller.next_wake()
        assert wake is not None
        rig.clock.move_to(max(wake, rig.clock.now()))
        await rig.controller.work()
    assert rig.clock.now() <= began + timedelta(minutes=7, seconds=1)
    (row,) = rig.store.rows("checkpoint")
    assert Checkpoint.from_line(row.body["line"].encode()).seq == len(rig.store.audit_lines())


async def test_at_the_end_the_head_is_signed_once_and_a_restart_remembers() -> None:
    rig = street(CheckpointPolicy(records=10_000, minutes=60))
    say(rig, 3)
    rig.start()
    assert rig.controller.desk.signed.waiting_since is not None
    assert_memory_equals_store(rig)
    rig.controller.seal()
    rig.controller.seal()
    assert signed(rig) == [len(rig.store.audit_lines())]
    rig.start()
    assert rig.controller.desk.signed.waiting_since is None
    data = dossier_of_store(rig.store, {}, KEY, at=rig.clock.now())
    assert verify_dossier(data).chain.checkpoints == 1


async def test_without_a_key_nothing_is_signed_and_nobody_is_woken_for_it() -> None:
    rig = street(CheckpointPolicy(records=1, minutes=0.1), with_key=False)
    say(rig, 5)
    await rig.run(3)
    rig.controller.seal()
    assert signed(rig) == []


class Authority:
    """A TimeStamper that can be away; ``slow``: it answers when it is let."""

    def __init__(self) -> None:
        self.away, self.asked = False, list[bytes]()
        self.let = asyncio.Event()
        self.let.set()

    async def stamp(self, octets: bytes) -> bytes:
        self.asked.append(octets)
        await self.let.wait()
        if self.away:
            raise PeerUnreachable("time-stamping authority", "HTTP 503")
        return b"stamp on " + octets[:40]


def with_authority(rig: Rig, authority: Authority, *, background: bool = False) -> Controller:
    rig.controller = Controller(
        rig.site,
        rig.store,
        rig.clock,
        dcc=rig.gateway,
        market=rig.market,
        notices=rig.notices,
        stamper=authority,
        tell_in_background=background,
    )
    return rig.controller


async def test_the_newest_checkpoint_is_stamped_and_covers_those_before() -> None:
    rig, authority = street(CheckpointPolicy(records=5, minutes=60)), Authority()
    say(rig, 12)
    controller = with_authority(rig, authority)
    await controller.work()
    await controller.work()
    states = [row.state for row in rig.store.rows("checkpoint")]
    assert states[-1] == "stamped"
    assert set(states[:-1]) <= {"covered"}
    assert len(authority.asked) == 1
    data = dossier_of_store(rig.store, {}, KEY, at=rig.clock.now())
    assert verify_dossier(data).stamps.unchecked == 1
    bad = verify_dossier(data, check_stamp=lambda answer, octets: "it is a fake")
    assert not bad.ok
    assert "is not good: it is a fake" in bad.describe()
    when = rig.clock.now()
    good = verify_dossier(data, check_stamp=lambda answer, octets: when)
    assert good.ok
    assert "1 good time stamps; the chain up to record" in good.describe()


async def test_an_authority_that_is_away_is_asked_again_later_and_counted() -> None:
    rig, authority = street(CheckpointPolicy(records=5, minutes=60)), Authority()
    authority.away = True
    say(rig, 6)
    controller = with_authority(rig, authority)
    for _ in range(3):
        await controller.work()
    assert len(authority.asked) == 1  # not again at once
    (row,) = rig.store.rows("checkpoint", states=["unstamped"])[-1:]
    assert (row.body["attempts"], row.body["trouble"]) == (1, "HTTP 503")
    authority.away = False
    rig.clock.move_to(rig.clock.now() + timedelta(seconds=31))
    await controller.work()
    assert rig.store.rows("checkpoint")[-1].state == "stamped"


async def test_an_authority_that_never_answers_delays_nothing() -> None:
    rig, authority = street(CheckpointPolicy(records=5, minutes=60)), Authority()
    authority.let.clear()
    say(rig, 6)
    controller = with_authority(rig, authority, background=True)
    await asyncio.wait_for(controller.work(), 5)
    await asyncio.wait_for(controller.work(), 5)
    await asyncio.sleep(0)
    assert len(authority.asked) == 1
    authority.let.set()
    for _ in range(3):
        await asyncio.sleep(0)
    await controller.work()
    assert rig.store.rows("checkpoint")[-1].state == "stamped"
    await controller.stop_telling()


async def test_a_stop_while_it_is_asked_leaves_the_checkpoint_to_be_stamped_another_time() -> None:
    rig, authority = street(CheckpointPolicy(records=5, minutes=60)), Authority()
    authority.let.clear()
    say(rig, 6)
    controller = with_authority(rig, authority, background=True)
    await controller.work()
    await controller.stop_telling()
    assert {row.state for row in rig.store.rows("checkpoint")} == {"unstamped"}
    authority.let.set()
    await with_authority(rig, authority).work()
    assert rig.store.rows("checkpoint")[-1].state == "stamped"


@pytest.mark.parametrize("records", [1, 3])
def test_the_policy_says_when(records: int) -> None:
    rig = street(CheckpointPolicy(records=records, minutes=60))
    before = len(signed(rig))
    say(rig, records)
    assert len(signed(rig)) >= before + 1
