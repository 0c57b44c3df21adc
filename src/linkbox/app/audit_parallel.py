"""A long audit chain verified on all cores: each process looks at a stretch, and the stretches must fit together.

The processes are forked, so they see the lines where they are: nothing is copied to them but two numbers each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from linkbox.records.audit import ChainHead
from linkbox.records.verification import Piece, join_pieces, scan_piece

WORTH_IT = 50_000
"""Fewer lines are quicker in one process."""

_seen: tuple[Sequence[bytes], set[int]] = ((), set())
"""In a forked process: the lines, and the numbers that checkpoints name."""


def scan_on_all_cores(
    lines: Sequence[bytes],
    start: ChainHead | None,
    wanted: set[int],
    *,
    workers: int | None = None,
    worth_it: int = WORTH_IT,
) -> Piece | None:
    """The whole as one piece; None where it does not fit, or is too short to be worth it."""
    count = workers or len(os.sched_getaffinity(0))
    if count < 2 or len(lines) < worth_it:
        return None
    size = -(-len(lines) // count)
    context = get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_see, initargs=(lines, wanted)) as pool:
        starts = range(0, len(lines), size)
        pieces = list(pool.map(_scan_stretch, starts, [start + size for start in starts]))
    return join_pieces(pieces, start)


def _see(lines: Sequence[bytes], wanted: set[int]) -> None:
    global _seen  # each process sets its own, once
    _seen = lines, wanted


def _scan_stretch(first: int, end: int) -> Piece | None:
    lines, wanted = _seen
    return scan_piece(lines[first:end], wanted)
