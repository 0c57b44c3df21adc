"""A DCC that answers by the protocol and yet oddly, and callers that call at once: no spinning, no double effect."""

from __future__ import annotations

import asyncio

from linkbox.operation.entities import CommandState
from linkbox.operation.ports import HttpAnswer
from tests.operation.conftest import MakeRig
from tests.operation.rig import Rig, after, assert_invariants, assert_memory_equals_store

HOT = (95.0, 60.0, 60.0)


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


class Repeating:
    """Answers every post of a request with the reply to the first one: a broken proxy's cache."""

    def __init__(self, rig: Rig) -> None:
        self._inner, self.posts, self._replies = rig.dcc, 0, dict[str, HttpAnswer]()

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        self.posts += 1
        assert self.posts < 500, "it spins"
        key = str(body.partition(b"RequestID>")[2].partition(b"<")[0])
        if key not in self._replies:
            self._replies[key] = await self._inner.post(service, body)
        return self._replies[key]


async def test_a_reply_that_brings_nothing_new_is_waited_out_not_hammered(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    gateway = Repeating(rig)
    rig.gateway = gateway
    rig.start()
    await rig.run(4)
    assert {c.state for c in rig.commands()} == {CommandState.UNKNOWN}, "the signed command was posted; who knows"
    assert gateway.posts <= 8 * len(rig.commands())
    sound(rig)


class Answering:
    """Answers every post with the same bytes."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        return self._answer


async def test_a_reply_that_is_no_duis_fails_the_command_with_the_reason(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.gateway = Answering(HttpAnswer(status=200, body=b"<html>log in, please</html>"))
    rig.start()
    await rig.run(2)
    assert {c.state for c in rig.commands()} == {CommandState.REFUSED}
    assert all("synchronous reply refused" in str(c.outcome) for c in rig.commands())
    sound(rig)


async def test_two_callers_at_once_do_no_harm(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.clock.move_to(after(60))
    rig.read((159.0, 60.0, 60.0))
    await asyncio.gather(*(rig.controller.work() for _ in range(3)))
    sound(rig)
    rig.last_reading = after(60)
    await rig.run(2)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert rig.held_in_truth() == {0, 3}
    sound(rig)


async def test_an_answer_that_overtakes_the_acknowledgement_is_taken(make_rig: MakeRig) -> None:
    """The device is quick: its response is delivered while the post that caused it is not answered yet."""
    rig = make_rig(base_a=HOT, drawing={0, 3})
    inner = rig.dcc

    class Slow:
        async def post(self, service: str, body: bytes) -> HttpAnswer:
            answer = await inner.post(service, body)
            if service == "S":
                rig.clock.move_to(max(rig.clock.now(), after(100)))
                rig.take_deliveries()
            return answer

    rig.gateway = Slow()
    rig.start()
    await rig.run(3)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    sound(rig)
