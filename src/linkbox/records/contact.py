"""How a customer wants to be told: channel, address, language, quiet hours, and what may break them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.records.civil_time import british_time


class Language(StrEnum):
    """The languages that customers are written to in, by their ISO 639-1 codes."""

    ENGLISH = "en"
    WELSH = "cy"


class Channel(StrEnum):
    """The ways to a customer. PHONE is a call list: a file for people who have neither of the others."""

    EMAIL = "e-mail"
    SMS = "SMS"
    WEBHOOK = "webhook"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``start`` to ``end`` by British civil time, over midnight where ``end`` is not after ``start``."""

    start: time
    end: time

    def over_at(self, at: datetime) -> datetime:
        """``at`` itself outside the quiet hours, else the moment at which they are over (UTC)."""
        local = british_time(at)
        overnight = self.end <= self.start
        inside = (
            local.time() >= self.start or local.time() < self.end
            if overnight
            else self.start <= local.time() < self.end
        )
        if not inside:
            return at
        day = local.date() + timedelta(days=1 if overnight and local.time() >= self.start else 0)
        wanted = datetime.combine(day, self.end)
        return next(  # summer time is an hour or none: the guess that reads back right
            (guess for hours in (0, 1) if british_time(guess := _utc(wanted, hours)) == wanted), _utc(wanted, 0)
        )


def _utc(local: datetime, hours: int) -> datetime:
    return (local - timedelta(hours=hours)).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One customer's choices.

    ``start_in_quiet``: the start, a change and a warning ahead come at any hour; else they wait as the others do.
    ``ahead``: wants to be told before it is certain that the charger is held.
    """

    channel: Channel
    address: str = ""
    language: Language = Language.ENGLISH
    quiet: QuietHours | None = None
    start_in_quiet: bool = True
    ahead: bool = True

    def not_before(self, at: datetime, *, urgent: bool) -> datetime:
        """When a notice of ``at`` may be handed over; ``urgent`` is one that can not wait without losing its use."""
        if self.quiet is None or self.channel is Channel.WEBHOOK or (urgent and self.start_in_quiet):
            return at
        return self.quiet.over_at(at)

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values; from_record is the inverse."""
        quiet = None if self.quiet is None else [f"{self.quiet.start:%H:%M}", f"{self.quiet.end:%H:%M}"]
        return {
            "channel": self.channel.value,
            "address": self.address,
            "language": self.language.value,
            "quiet": quiet,
            "start_in_quiet": self.start_in_quiet,
            "ahead": self.ahead,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Contact:
        """Raise InvalidInput, naming everything, for what is no contact."""
        issues: list[Issue] = []

        def read(name: str, parse: Any, rule: str, default: Any) -> Any:
            try:
                return parse(record[name])
            except (KeyError, ValueError, TypeError):
                issues.append(Issue(where=name, value=repr(record.get(name)), rule=rule))
                return default

        channel = read("channel", Channel, f"must be one of {', '.join(Channel)}", Channel.PHONE)
        language = read("language", Language, f"must be one of {', '.join(Language)}", Language.ENGLISH)
        quiet = read("quiet", _quiet, "must be nothing, or two times HH:MM", None)
        address = read("address", _text, "must be text without line breaks", "")
        start = read("start_in_quiet", _truth, "must be true or false", True)
        ahead = read("ahead", _truth, "must be true or false", True)
        if issues:
            raise InvalidInput("contact", issues)
        return cls(channel=channel, address=address, language=language, quiet=quiet, start_in_quiet=start, ahead=ahead)


def _quiet(value: Any) -> QuietHours | None:
    if value is None:
        return None
    start, end = value
    return QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end))


def _text(value: Any) -> str:
    if not isinstance(value, str) or any(ord(c) < 32 for c in value) or len(value) > 320:
        raise ValueError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value
