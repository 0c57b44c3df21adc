"""Identifiers are types: a value of one of these has already been checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul

from linkbox.base.errors import LinkboxError

MPAN_WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
"""Of the first twelve digits of an MPAN, for its thirteenth (MRA: primes)."""

_EUI_TEXT = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){7}")
_COUNTER_MAX = 2**64 - 1


class InvalidIdentifier(LinkboxError, ValueError):
    """A text is not an identifier of the kind asked for."""

    def __init__(self, kind: str, value: str, rule: str) -> None:
        self.kind, self.value, self.rule = kind, value, rule
        super().__init__(f"not a valid {kind}: {value!r}: {rule}")


def mpan_check_digit(core: str) -> str:
    """The thirteenth digit of an MPAN core from its first twelve (MRA: primes, modulo 11, then modulo 10)."""
    return str(sum(map(mul, map(int, core), MPAN_WEIGHTS)) % 11 % 10)


class Mpan(str):
    """A Meter Point Administration Number core: 13 digits whose last is the check digit."""

    __slots__ = ()

    def __new__(cls, value: str) -> Mpan:
        """Raise InvalidIdentifier unless ``value`` is 13 decimal digits with a right check digit."""
        if not (len(value) == 13 and value.isascii() and value.isdigit()):
            raise InvalidIdentifier("MPAN", value, "must be exactly 13 decimal digits")
        if value[12] != (right := mpan_check_digit(value[:12])):
            raise InvalidIdentifier("MPAN", value, f"check digit is {value[12]}, should be {right}")
        return super().__new__(cls, value)

    @classmethod
    def from_core(cls, twelve_digits: str) -> Mpan:
        """The MPAN whose first twelve digits are given."""
        if not (len(twelve_digits) == 12 and twelve_digits.isascii() and twelve_digits.isdigit()):
            raise InvalidIdentifier("MPAN", twelve_digits, "the core without check digit must be 12 decimal digits")
        return super().__new__(cls, twelve_digits + mpan_check_digit(twelve_digits))


class Eui64(str):
    """An EUI-64 in the text form of DUIS, upper case: ``90-B3-D5-1F-30-02-00-00``."""

    __slots__ = ()

    def __new__(cls, value: str) -> Eui64:
        """Accept either case; raise InvalidIdentifier for anything but eight dashed pairs of hex digits."""
        if not _EUI_TEXT.fullmatch(value):
            raise InvalidIdentifier("EUI-64", value, "must be eight pairs of hex digits joined by dashes")
        return super().__new__(cls, value.upper())

    @classmethod
    def from_octets(cls, octets: bytes) -> Eui64:
        """The EUI-64 whose eight octets, most significant first, are given."""
        if len(octets) != 8:
            raise InvalidIdentifier("EUI-64", octets.hex(), "must be eight octets")
        return cls("-".join(f"{o:02X}" for o in octets))

    @property
    def octets(self) -> bytes:
        """The eight octets, most significant first."""
        return bytes.fromhex(self.replace("-", ""))


class FeederId(str):
    """The name of one low-voltage feeder, unique within the distributor; not empty, no white space."""

    __slots__ = ()

    def __new__(cls, value: str) -> FeederId:
        if not value or value.split() != [value]:
            raise InvalidIdentifier("feeder id", value, "must not be empty or hold white space")
        return super().__new__(cls, value)


@dataclass(frozen=True, slots=True, order=True)
class RequestId:
    """The DUIS RequestID ``originator:target:counter``; the counter is the GBCS originator counter too."""

    originator: Eui64
    target: Eui64
    counter: int

    def __post_init__(self) -> None:
        if not 0 <= self.counter <= _COUNTER_MAX:
            raise InvalidIdentifier("RequestID", str(self.counter), "counter must be within 0..2^64-1")

    def __str__(self) -> str:
        return f"{self.originator}:{self.target}:{self.counter}"

    @classmethod
    def parse(cls, text: str) -> RequestId:
        """Raise InvalidIdentifier unless ``text`` is two EUI-64 and a counter without leading zeros."""
        parts = text.split(":")
        if len(parts) != 3:
            raise InvalidIdentifier("RequestID", text, "must be originator:target:counter")
        counter = parts[2]
        canonical = counter.isascii() and counter.isdigit() and len(counter) <= 20 and str(int(counter)) == counter
        if not canonical:
            raise InvalidIdentifier("RequestID", text, "counter must be decimal without leading zeros")
        return cls(Eui64(parts[0]), Eui64(parts[1]), int(counter))
