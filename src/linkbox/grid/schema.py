"""The published form of a network as five tables, as data, and how their columns are parsed: many rows at once.

Importers hand over columns of texts (from CSV) or of numbers and texts (from Parquet). ``parse`` gives an array and
says which rows are wrong, and by which rule; it never raises for what stands in a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from linkbox.base.phases import Phase
from linkbox.grid.cables import CABLES
from linkbox.grid.fuses import FUSES
from linkbox.grid.transformers import TRANSFORMERS

Cells: TypeAlias = "Sequence[str] | npt.NDArray[Any]"
Parsed: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]
"""The values, and where they are wrong: there the value is one that harms no other check."""

UNKNOWN_PHASE, THREE_PHASE = -1, 3
PHASE_WORDS = {phase.name: int(phase) for phase in Phase} | {"": UNKNOWN_PHASE, "three": THREE_PHASE}
"""How a supply's phase is written. Empty: nobody knows."""
FLAGS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
CHARGER_KINDS = ("hcalcs", "apc", "none")
MAX_CHARGER_A = 64.0
_MPAN_WEIGHTS = np.array([3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43], dtype=np.int64)
"""Primes that weigh the digits of an MPAN for its check digit."""
_TEXT_LIMIT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what parses it, the rule that it goes by in words, and what stands where the column is left out."""

    name: str
    parse: Callable[[Cells], Parsed]
    rule: str
    meaning: str
    otherwise: str | None = None
    refers_to: str | None = None
    choices: tuple[str, ...] = ()


def _texts(cells: Cells) -> npt.NDArray[Any]:
    return np.array([str(cell).strip() for cell in cells], dtype=np.dtypes.StringDType())


def parse_name(cells: Cells) -> Parsed:
    """A name: no white space in it, not empty, at most 64 characters."""
    values = _texts(cells)
    bad = np.array([len(v) > _TEXT_LIMIT or v.split() != [v] for v in values.tolist()], dtype=np.bool_)
    return values, bad


def parse_text(cells: Cells) -> Parsed:
    """Any text up to 64 characters, which may be empty."""
    values = _texts(cells)
    return values, np.strings.str_len(values) > _TEXT_LIMIT


def parse_mpan(cells: Cells) -> Parsed:
    """Thirteen digits with a right check digit, as int64."""
    values = _texts(cells)
    fits = (np.strings.str_len(values) == 13) & np.strings.isdigit(values)
    numbers = np.zeros(len(values), dtype=np.int64)
    plain = [v if ok and v.isascii() else "0" for v, ok in zip(values.tolist(), fits.tolist(), strict=True)]
    numbers[:] = np.array(plain, dtype=np.int64) if plain else numbers
    return numbers, ~fits | ~mpan_is_right(numbers)


def mpan_is_right(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(n,) whether each number is an MPAN core: the last digit is the weighted sum of the others, mod 11 mod 10."""
    powers = 10 ** np.arange(12, 0, -1, dtype=np.int64)
    digits = (numbers[:, None] // powers) % 10
    return np.asarray((digits @ _MPAN_WEIGHTS) % 11 % 10 == numbers % 10)


def parse_choice(choices: Sequence[str]) -> Callable[[Cells], Parsed]:
    """One of these words, as its position among them (int16); letter case does not matter."""
    by_word = {word.lower(): number for number, word in enumerate(choices)}

    def parse(cells: Cells) -> Parsed:
        numbers = np.array([by_word.get(v.lower(), -1) for v in _texts(cells).tolist()], dtype=np.int16)
        return np.maximum(numbers, 0), numbers < 0

    return parse


def parse_phase(cells: Cells) -> Parsed:
    """0, 1, 2 for a single phase, 3 for three phases, -1 for unknown (int8)."""
    numbers = np.array([PHASE_WORDS.get(v, 9) for v in _texts(cells).tolist()], dtype=np.int8)
    return np.where(numbers == 9, UNKNOWN_PHASE, numbers).astype(np.int8), numbers == 9


def parse_flag(cells: Cells) -> Parsed:
    """yes or no."""
    found = [FLAGS.get(v.lower()) for v in _texts(cells).tolist()]
    return np.array([bool(f) for f in found], dtype=np.bool_), np.array([f is None for f in found], dtype=np.bool_)


def parse_rating(known: Sequence[int]) -> Callable[[Cells], Parsed]:
    """A whole number out of those that there is a model for (int32)."""

    def parse(cells: Cells) -> Parsed:
        numbers, bad = parse_number(0.0, float(max(known)))(cells)
        whole = numbers.astype(np.int32)
        bad = bad | ~np.isin(numbers, known)
        return np.where(bad, known[0], whole).astype(np.int32), bad

    return parse


def parse_number(low: float, high: float) -> Callable[[Cells], Parsed]:
    """A finite number above ``low`` and at most ``high`` (float64)."""

    def parse(cells: Cells) -> Parsed:
        numbers = np.array([_float(cell) for cell in cells], dtype=np.float64)
        bad = ~((numbers > low) & (numbers <= high))
        return np.where(bad, high, numbers), bad

    return parse


def _float(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return float("nan")


_NAME_RULE = "must be a name without white space, at most 64 characters"
_CABLES, _FUSES, _TRANSFORMERS = tuple(CABLES), tuple(FUSES), tuple(TRANSFORMERS)


def _reference(table: str, meaning: str) -> Column:
    return Column(name=table, parse=parse_name, rule=_NAME_RULE, meaning=meaning, refers_to=table)


def _rating(known: Sequence[int]) -> str:
    return f"must be one of {', '.join(map(str, known))}"


SCHEMA: dict[str, tuple[Column, ...]] = {
    "substation": (
        Column(name="substation", parse=parse_name, rule=_NAME_RULE, meaning="the substation's id"),
        Column(name="name", parse=parse_text, rule="at most 64 characters", meaning="its name", otherwise=""),
    ),
    "transformer": (
        Column(name="transformer", parse=parse_name, rule=_NAME_RULE, meaning="the transformer's id"),
        _reference("substation", "where it stands"),
        Column(
            name="rated_kva", parse=parse_rating(_TRANSFORMERS), rule=_rating(_TRANSFORMERS), meaning="rating in kVA"
        ),
    ),
    "feeder": (
        Column(name="feeder", parse=parse_name, rule=_NAME_RULE, meaning="the feeder's id"),
        _reference("transformer", "what feeds it"),
        Column(name="fuse_rated_a", parse=parse_rating(_FUSES), rule=_rating(_FUSES), meaning="rated current, A"),
        Column(
            name="cable",
            parse=parse_choice(_CABLES),
            choices=_CABLES,
            rule="must be a line code of linkbox.grid.network.CABLES",
            meaning="line code of the head section, as in the ENWL set",
        ),
    ),
    "point": (
        Column(name="mpan", parse=parse_mpan, rule="must be 13 digits with a right check digit", meaning="MPAN core"),
        _reference("feeder", "the feeder that supplies it"),
        Column(
            name="phase",
            parse=parse_phase,
            rule="must be L1, L2, L3, three or empty",
            meaning="phase of the supply; empty where nobody knows",
            otherwise="",
        ),
        Column(name="domestic", parse=parse_flag, rule="must be yes or no", meaning="a home", otherwise="yes"),
        Column(
            name="priority_register",
            parse=parse_flag,
            rule="must be yes or no",
            meaning="on the Priority Services Register",
            otherwise="no",
        ),
        Column(name="postcode", parse=parse_text, rule="at most 64 characters", meaning="postcode", otherwise=""),
    ),
    "charger": (
        Column(name="mpan", parse=parse_mpan, rule="must be 13 digits with a right check digit", meaning="whose it is"),
        Column(
            name="kind",
            parse=parse_choice(CHARGER_KINDS),
            choices=CHARGER_KINDS,
            rule=f"must be one of {', '.join(CHARGER_KINDS)}",
            meaning="what stands in front of it: a load control switch, a proportional controller, or neither",
        ),
        Column(
            name="rated_a",
            parse=parse_number(0.0, MAX_CHARGER_A),
            rule=f"must be above 0 and at most {MAX_CHARGER_A:.0f} A",
            meaning="rated current on each phase that it uses, A",
            otherwise="32",
        ),
    ),
}
"""Table by table: the first column is its key. A column with ``otherwise`` may be left out."""
