"""The quick ways of verification (blocks, pieces) find what the slow one finds, whatever was done to the chain."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkbox.records import verification
from linkbox.records.audit import EMPTY_CHAIN, ChainHead, head_of, verify_lines
from linkbox.records.verification import Piece, join_pieces, scan_piece
from tests.records.conftest import make_chain

COUNT = 3100  # several blocks, and numbers of one to four digits


@cache
def lines() -> tuple[bytes, ...]:
    return tuple(record.line() for record in make_chain(COUNT))


@cache
def whole_head() -> ChainHead:
    return head_of(make_chain(COUNT))


def in_pieces(chain: list[bytes], start: ChainHead | None, cuts: list[int]) -> Piece | None:
    edges = sorted({0, len(chain), *(cut % (len(chain) + 1) for cut in cuts)})
    pieces = [scan_piece(chain[a:b], set()) for a, b in pairwise(edges)]
    return join_pieces(pieces, start)


def slow(chain: list[bytes], start: ChainHead | None) -> tuple[bool, int]:
    """Line by line only."""
    first = start if start is not None else verification._start_before(chain)
    walk = verification._Walk(first, extract=start is None, wanted=set())
    return walk.take_lines(chain), walk.seq


def damaged(chain: list[bytes], how: str, at: int, byte: int) -> list[bytes]:
    line = chain[at]
    match how:
        case "altered":
            place = byte % len(line)
            chain[at] = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        case "dropped":
            del chain[at]
        case "inserted":
            chain.insert(at, chain[byte % len(chain)])
        case "reordered":
            chain[at], chain[at - 1] = chain[at - 1], line
        case "cut":
            chain[at] = line[: byte % len(line)]
    return chain


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["none", "altered", "dropped", "inserted", "reordered", "cut"]),
    st.integers(1, COUNT - 2),
    st.integers(0, 5000),
    st.lists(st.integers(0, COUNT), max_size=3),
)
def test_every_way_comes_to_the_same_verdict(how: str, at: int, byte: int, cuts: list[int]) -> None:
    chain = damaged(list(lines()), how, at, byte)
    for start in (EMPTY_CHAIN, None):
        intact, seq = slow(chain, start)
        assert (intact, seq) == (how == "none", COUNT if how == "none" else seq)
        scan = verification._scan(chain, start, set())
        assert (scan.intact, scan.head.seq) == (intact, seq)
        whole = in_pieces(chain, start, cuts)
        assert (whole is not None) == intact
        if whole is not None:
            assert whole.after == whole_head()


@pytest.mark.parametrize("first", [1, 300, 777])
def test_an_extract_is_whole_in_pieces_too(first: int) -> None:
    whole = in_pieces(list(lines()[first:]), None, [100, 400])
    assert whole is not None
    assert whole.after.seq == COUNT
    assert in_pieces(list(lines()[first:]), EMPTY_CHAIN, [100, 400]) is None


def test_what_a_quick_look_can_not_take_is_looked_at_carefully() -> None:
    chain = damaged(list(lines()), "altered", 900, 300)
    verdict = verify_lines(chain, scan_all=lambda lines, start, wanted: in_pieces(list(lines), start, [700]))
    assert [p.seq for p in verdict.problems] == [901]
    assert verdict == verify_lines(chain)
