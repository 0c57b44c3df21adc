"""A long audit chain verified on all cores: each process looks at a stretch, and the stretches must fit together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from linkbox.records.audit import ChainHead
from linkbox.records.verification import Piece, join_pieces, scan_piece

WORTH_IT = 50_000
"""Fewer lines are quicker in one process."""


def scan_on_all_cores(
    lines: Sequence[bytes], start: ChainHead | None, wanted: set[int], *, workers: int | None = None
) -> Piece | None:
    """The whole as one piece; None where it does not fit, or is too short to be worth it."""
    count = workers or len(os.sched_getaffinity(0))
    if count < 2 or len(lines) < WORTH_IT:
        return None
    size = -(-len(lines) // count)
    stretches = [b"\n".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    with ProcessPoolExecutor(max_workers=count, mp_context=get_context("fork")) as pool:
        pieces = list(pool.map(_scan_stretch, stretches, [wanted] * len(stretches)))
    return join_pieces(pieces, start)


def _scan_stretch(stretch: bytes, wanted: set[int]) -> Piece | None:
    return scan_piece(stretch.split(b"\n"), wanted)
