"""Counters that never repeat, whatever crashes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.exchange.counters import COUNTER_MAX, BlockUsedUp, CounterBlock, reserve

NOW = datetime(2026, 1, 13, tzinfo=UTC)


def test_a_block_begins_above_the_mark_and_at_the_clock() -> None:
    # 2026-01-13T00:00:00Z is 1768262400 s after 1970
    block, mark = reserve(5, count=10, at=NOW)
    assert (block.next, block.end, mark) == (1768262400000, 1768262400010, 1768262400009)
    block, mark = reserve(1768262400009, count=2, at=NOW)
    assert (block.next, mark) == (1768262400010, 1768262400011)


def test_a_used_up_block_gives_nothing_more() -> None:
    counter, rest = CounterBlock(next=7, end=8).take()
    assert (counter, rest.left) == (7, 0)
    with pytest.raises(BlockUsedUp, match="used up at 8"):
        rest.take()


def test_the_last_counter_can_be_used_and_none_after_it() -> None:
    block, mark = reserve(COUNTER_MAX - 1, count=1, at=NOW)
    assert (block.next, mark) == (COUNTER_MAX, COUNTER_MAX)
    with pytest.raises(LocalProtocolError, match="must stay within"):
        reserve(mark, count=1, at=NOW)
    with pytest.raises(LocalProtocolError, match="one at least"):
        reserve(0, count=0, at=NOW)


@given(st.integers(0, 2**60), st.integers(1, 1000), st.integers(0, 10**6))
def test_blocks_reserved_one_after_another_do_not_overlap(mark: int, count: int, wait_ms: int) -> None:
    first, mark = reserve(mark, count=count, at=NOW)
    second, _ = reserve(mark, count=count, at=NOW + timedelta(milliseconds=wait_ms))
    assert first.end <= second.next


class Processes(RuleBasedStateMachine):
    """Several processes over one stored mark; any of them may die at any moment; the clock may jump back."""

    def __init__(self) -> None:
        super().__init__()
        self.mark, self.at = 0, NOW
        self.blocks: list[CounterBlock] = []
        self.used: list[int] = []

    @rule(count=st.integers(1, 20), commit=st.booleans())
    def reserve(self, count: int, commit: bool) -> None:
        """A process that dies before its commit must not have used the block."""
        block, mark = reserve(self.mark, count=count, at=self.at)
        if commit:
            self.mark = mark
            self.blocks.append(block)

    @precondition(lambda self: any(block.left for block in self.blocks))
    @rule(number=st.integers(0, 20))
    def use(self, number: int) -> None:
        usable = [i for i, block in enumerate(self.blocks) if block.left]
        index = usable[number % len(usable)]
        counter, self.blocks[index] = self.blocks[index].take()
        self.used.append(counter)

    @precondition(lambda self: self.blocks)
    @rule(number=st.integers(0, 20))
    def crash(self, number: int) -> None:
        self.blocks.pop(number % len(self.blocks))

    @rule(seconds=st.integers(-1000, 1000))
    def clock(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @invariant()
    def nothing_was_used_twice(self) -> None:
        assert len(set(self.used)) == len(self.used)


TestProcesses = Processes.TestCase
