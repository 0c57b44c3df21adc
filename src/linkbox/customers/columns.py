"""Facts about customers as columns, where thousands of lines are alike: checked at once, and told without a value each.

``usual_columns`` takes only what has nothing special to it. Whatever it does not take is for ``tables.Part.facts``,
which reads line by line and says what is wrong; so the rules stand in one place, and this is only faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from linkbox.base.identifiers import MPAN_WEIGHTS
from linkbox.base.time import parse_utc
from linkbox.customers.rows import KINDS_OF_CONSENT, TOLD

_DIGITS = 13
_PLACES = 10 ** np.arange(_DIGITS - 1, -1, -1, dtype=np.int64)
_WEIGHTS = np.array(MPAN_WEIGHTS, dtype=np.int64)
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualColumns:
    """Lines of one table: ``numbers`` are the MPANs as whole numbers, ``cells`` the columns in the order of the head,
    times as they are stored. ``told`` is what makes each line the same fact (see ``rows.identity_of``)."""

    numbers: Sequence[int]
    cells: Mapping[str, Sequence[str]]
    told: Sequence[str]


def usual_columns(event: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> UsualColumns | None:
    """The lines as columns; None where any of them has something special or wrong.

    ``header`` has the columns that a table must have, and no others; none of them is a yes or no."""
    if set(map(len, rows)) != {len(header)}:
        return None
    columns: dict[str, Sequence[str]] = dict(zip(header, zip(*rows, strict=True), strict=True))
    numbers = _numbers(columns["mpan"])
    if numbers is None or not all(map(all, columns.values())):
        return None
    if "kind" in columns and not KINDS_OF_CONSENT.keys() >= set(columns["kind"]):
        return None
    times = _each(columns["at"], _stored_time)
    if times is None:
        return None
    columns["at"] = times
    return UsualColumns(numbers=numbers, cells=columns, told=_told(event, columns, len(rows)))


def _numbers(mpans: Sequence[str]) -> Sequence[int] | None:
    """MPANs as numbers; None unless every one is 13 digits with its check digit."""
    text = "".join(mpans)
    if set(map(len, mpans)) != {_DIGITS} or not (text.isascii() and text.isdigit()):
        return None
    digits = np.frombuffer(text.encode(), dtype=np.uint8).reshape(-1, _DIGITS).astype(np.int64) - ord("0")
    right = digits[:, :-1] @ _WEIGHTS % 11 % 10
    if not np.array_equal(right, digits[:, -1]):
        return None
    numbers: list[int] = (digits @ _PLACES).tolist()
    return numbers


def _each(texts: Sequence[str], make: Callable[[str], str]) -> list[str] | None:
    """``make`` of each text, made once for equal ones; None where it can not be made."""
    try:
        made = {text: make(text) for text in set(texts)}
    except ValueError:
        return None
    return [made[text] for text in texts]


def _stored_time(text: str) -> str:
    return parse_utc(text).isoformat(timespec="microseconds")


def _told(event: str, columns: Mapping[str, Sequence[str]], count: int) -> list[str]:
    names = TOLD[event]
    parts = [columns.get(name) for name in names if name != "event"]
    template = _BETWEEN.join([event, *("None" if part is None else "%s" for part in parts)])
    given = [part for part in parts if part is not None]
    return [template % cells for cells in zip(*given, strict=True)] if count else []
