"""The simple types of the DUIS schema: one text <-> one Python value.

``parse`` raises NotInSchema for a text that the official schema refuses, and RuleBroken for one that it accepts and we
do not (a time without a zone). ``write`` raises ValueError for a value that has no text in the schema.
"""

from __future__ import annotations

import binascii
import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Generic, TypeVar

from linkbox.base.identifiers import Eui64, InvalidIdentifier, RequestId
from linkbox.base.time import require_utc

T = TypeVar("T")
XML_SPACE = " \t\r\n"
_INTEGER = re.compile(r"[+-]?[0-9]+")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_ZONE = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = r"(?P<year>-?(?:[1-9][0-9]{4,}|[0-9]{4}))-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
_COMMON_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.(?:[0-9]{3}|[0-9]{6}))?Z")
_COUNTER = re.compile(r"0|[1-9][0-9]{0,19}")
_DATE_TIME_TEXT = re.compile(f"{_DATE}T{_TIME}{_ZONE}")
_DATE_TEXT = re.compile(f"{_DATE}{_ZONE}")
_TIME_TEXT = re.compile(f"{_TIME}{_ZONE}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_DIGITS = 24
_MANY = 1 << 30


class NotInSchema(ValueError):
    """The text is not in the lexical space of its type."""


class RuleBroken(ValueError):
    """The schema would accept the text; a rule of ours does not."""


@dataclass(frozen=True, slots=True)
class Simple(Generic[T]):
    """A simple type: how its text is read and written."""

    parse: Callable[[str], T]
    write: Callable[[T], str]


def _same(text: str) -> str:
    if _NOT_XML.search(text):
        raise ValueError("must hold only characters that XML allows")
    return text


def string(*, least: int = 0, most: int | None = None, pattern: str | None = None) -> Simple[str]:
    """``xs:string`` with a length in characters and a pattern; white space counts."""
    rule = f"must be {least}..{most} characters" + (f" of {pattern}" if pattern else "")
    compiled = re.compile(pattern) if pattern else None

    def parse(text: str) -> str:
        if len(text) < least or (most is not None and len(text) > most):
            raise NotInSchema(rule)
        if compiled is not None and not compiled.fullmatch(text):
            raise NotInSchema(rule)
        return text

    return Simple(parse, lambda value: _same(parse(value)))


def enumeration(*values: str) -> Simple[str]:
    """``xs:string`` restricted to ``values``, exactly as written."""
    known = {value: value for value in values}

    def parse(text: str) -> str:
        try:
            return known[text]
        except KeyError:
            raise NotInSchema("must be one of " + _shorten(values)) from None

    return Simple(parse, parse)


_Named = TypeVar("_Named", bound=StrEnum)


def choice_of(kind: type[_Named]) -> Simple[_Named]:
    """An enumeration whose values are those of ``kind``."""
    texts = enumeration(*(member.value for member in kind))
    return Simple(lambda text: kind(texts.parse(text)), lambda value: kind(value).value)


def words(text: str) -> tuple[str, ...]:
    """The values of an enumeration, written as one text with blanks between."""
    return tuple(text.split())


def _shorten(values: tuple[str, ...]) -> str:
    return ", ".join(values) if len(values) <= 12 else f"{', '.join(values[:5])} ... {values[-1]} ({len(values)})"


def integer(least: int | None, most: int | None, *, digits: int = _MAX_DIGITS, width: int = 0) -> Simple[int]:
    """An integer type within bounds, of at most ``digits`` digits; ``width`` pads with zeros when written."""
    rule = (
        f"must be an integer within {least}..{most}" if most is not None else f"must be an integer of {digits} digits"
    )

    low = -(10**digits) + 1 if least is None else least
    high = min(10**digits - 1, 10**digits if most is None else most)

    def check(value: int) -> int:
        if not low <= value <= high:
            raise NotInSchema(rule)
        return value

    def parse(text: str) -> int:
        text = text.strip(XML_SPACE)
        if not _INTEGER.fullmatch(text) or len(text.lstrip("+-").lstrip("0")) > _MAX_DIGITS:
            raise NotInSchema(rule)
        return check(int(text))

    if width:
        return Simple(parse, lambda value: str(check(value)).rjust(width, "0"))
    return Simple(parse, lambda value: str(check(value)))


def _parse_boolean(text: str) -> bool:
    text = text.strip(XML_SPACE)
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise NotInSchema("must be true, false, 1 or 0")


def _parse_base64(text: str) -> bytes:
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
        if binascii.b2a_base64(value, newline=False).decode() == text:  # the bits that pad must be zero
            return value
    except ValueError:
        pass
    packed = text.translate(_NO_SPACE)
    if packed != text:
        return _parse_base64(packed)
    raise NotInSchema("must be base64")


_NO_SPACE = str.maketrans("", "", XML_SPACE)


def _write_base64(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def hex_binary(least: int, most: int) -> Simple[bytes]:
    """``xs:hexBinary`` of ``least`` to ``most`` octets."""
    rule = f"must be {least}..{most} octets in hex"

    def parse(text: str) -> bytes:
        text = text.strip(XML_SPACE)
        if not _HEX.fullmatch(text) or not least <= len(text) // 2 <= most:
            raise NotInSchema(rule)
        return bytes.fromhex(text)

    def write(value: bytes) -> str:
        if not least <= len(value) <= most:
            raise ValueError(rule)
        return value.hex().upper()

    return Simple(parse, write)


def alert_code(*allowed: int) -> Simple[int]:
    """``xs:hexBinary`` that holds a GBCS alert code of two octets, as a number; any, or one of ``allowed``."""

    def parse(text: str) -> int:
        octets = hex_binary(0, _MANY).parse(text)
        code = int.from_bytes(octets)
        if allowed and (len(octets) != 2 or code not in allowed):
            raise NotInSchema("must be one of " + ", ".join(f"{a:04X}" for a in allowed))
        if len(octets) != 2:
            raise RuleBroken("must be an alert code of two octets")
        return code

    def write(code: int) -> str:
        if not 0 <= code <= 0xFFFF or (allowed and code not in allowed):
            raise ValueError("must be an alert code of two octets" + (f" of {allowed}" if allowed else ""))
        return f"{code:04X}"

    return Simple(parse, write)


def _parse_date_time(text: str) -> datetime:
    if _COMMON_TIME.fullmatch(text):  # nearly every time on the wire; the rest of this function knows all forms
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # no day of the calendar, or midnight as 24:00: named below
    found = _DATE_TIME_TEXT.fullmatch(text.strip(XML_SPACE))
    if found is None:
        raise NotInSchema("must be a date and time")
    year, month, day = _calendar_day(found)
    moment = _time_of_day(found)
    if found["zone"] is None:
        raise RuleBroken("must say its zone, as in 2026-01-05T10:00:00.00Z")
    if not 1 <= year <= 9999 or moment is None:
        raise RuleBroken("must lie within the years 1..9999, to the microsecond, and not write midnight as 24:00")
    try:
        return datetime.combine(date(year, month, day), moment, UTC) - _offset(found["zone"])
    except OverflowError:
        raise RuleBroken("must lie within the years 1..9999") from None


def _calendar_day(found: re.Match[str]) -> tuple[int, int, int]:
    if len(found["year"]) > _MAX_DIGITS:
        raise NotInSchema("must be a year that a computer can hold")
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    if year == 0 or not 1 <= month <= 12:
        raise NotInSchema("must be a day of the calendar")
    # calendar.monthrange knows the years 1..9999; leap years repeat every 400.
    if not 1 <= day <= calendar.monthrange((year - 1) % 400 + 1 if year > 0 else year % 400 + 400, month)[1]:
        raise NotInSchema("must be a day of the calendar")
    return year, month, day


def _time_of_day(found: re.Match[str]) -> time | None:
    """The time; None for one that Python can not hold."""
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"])
    fraction = (found["fraction"] or "").rstrip("0")
    if hour == 24 and not minute and not second and not fraction:
        return None
    if hour > 23 or minute > 59 or second > 59:
        raise NotInSchema("must be a time of day")
    return None if len(fraction) > 6 else time(hour, minute, second, int(fraction.ljust(6, "0")))


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -size if zone[0] == "-" else size


def _fraction(microsecond: int, least_digits: int) -> str:
    text = f"{microsecond:06d}".rstrip("0")
    return text.ljust(least_digits, "0")


def _write_date_time(digits: int) -> Callable[[datetime], str]:
    def write(at: datetime) -> str:
        text = require_utc(at).isoformat(timespec="microseconds")  # 2026-01-05T10:00:00.123456+00:00
        if digits == 3 and text[23:26] == "000":  # nearly every time on the wire
            return text[:23] + "Z"
        return f"{text[:19]}.{_fraction(at.microsecond, digits)}Z"

    return write


def _parse_time(text: str) -> time:
    found = _TIME_TEXT.fullmatch(text.strip(XML_SPACE))
    if found is None:
        raise NotInSchema("must be a time of day")
    moment = _time_of_day(found)
    if moment is None:
        raise RuleBroken("must be a time before 24:00, to the microsecond")
    _require_utc_zone(found["zone"])
    return moment


def _require_utc_zone(zone: str | None) -> None:
    if zone is None or _offset(zone):
        raise RuleBroken("must be in UTC, zone Z")


def _parse_date(text: str) -> date:
    found = _DATE_TEXT.fullmatch(text.strip(XML_SPACE))
    if found is None:
        raise NotInSchema("must be a date")
    year, month, day = _calendar_day(found)
    if not 1 <= year <= 9999:
        raise RuleBroken("must lie within the years 1..9999")
    if found["zone"] is not None:
        _require_utc_zone(found["zone"])
    return date(year, month, day)


@lru_cache(maxsize=1 << 14)  # the same few parties and the same fleet of devices come again and again
def _parse_eui(text: str) -> Eui64:
    try:
        return Eui64(text.strip(XML_SPACE))
    except InvalidIdentifier as error:
        raise NotInSchema(error.rule) from None


def _parse_request_id(text: str) -> RequestId:
    text = text.strip(XML_SPACE)
    try:
        if text[23:24] == ":" == text[47:48] and _COUNTER.fullmatch(text, 48):
            return RequestId(_parse_eui(text[:23]), _parse_eui(text[24:47]), int(text[48:]))
        return RequestId.parse(text)  # raises, and names the rule
    except InvalidIdentifier as error:
        raise NotInSchema(error.rule) from None


def _parse_decimal(text: str) -> str:
    text = text.strip(XML_SPACE)
    if not _DECIMAL.fullmatch(text):
        raise NotInSchema("must be a decimal number")
    sign = "-" if text[0] == "-" else ""
    whole, _, part = text.lstrip("+-").partition(".")
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


ANY_STRING: Simple[str] = Simple(lambda text: text, _same)
BOOLEAN: Simple[bool] = Simple(_parse_boolean, lambda value: "true" if value else "false")
BASE64: Simple[bytes] = Simple(_parse_base64, _write_base64)
UNSIGNED_SHORT: Simple[int] = integer(0, 65535)
UNSIGNED_INT: Simple[int] = integer(0, 2**32 - 1)
# Templates and GBCS have hundredths of a second; responses have milliseconds.
DATE_TIME: Simple[datetime] = Simple(_parse_date_time, _write_date_time(2))
DATE_TIME_MS: Simple[datetime] = Simple(_parse_date_time, _write_date_time(3))
TIME: Simple[time] = Simple(_parse_time, lambda t: f"{t:%H:%M:%S}.{_fraction(t.microsecond, 2)}Z")
DATE: Simple[date] = Simple(_parse_date, lambda day: f"{day.isoformat()}Z")
EUI: Simple[Eui64] = Simple(_parse_eui, str)
REQUEST_ID: Simple[RequestId] = Simple(_parse_request_id, str)
DECIMAL: Simple[str] = Simple(_parse_decimal, _parse_decimal)
