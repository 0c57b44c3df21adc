"""The ledger of curtailed time: no charger over 120 minutes in any 24 hours or 480 in any 30 days (NF11, NF12).

It keeps intervals, not counters, so every position of a rolling window is exact to the second. A command reserves the
whole of its duration before it is sent; what was not used is given back when that is known; while it is not known it
counts in full. So the limits hold even if the controller never comes back. All time is UTC: a change of the clocks
moves nothing. The ledger belongs to the connection point: a new meter, device or tenant does not empty it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc, require_utc
from linkbox.control.sharded import ShardedMap
from linkbox.control.windows import (
    FULL_OFF_MILLI,
    MONTH_S,
    Interval,
    UseCurve,
    addition_fits,
    longest_addition_s,
    within_quotas,
)


class EntryState(StrEnum):
    """What is known about one command's use of its charger's minutes."""

    RESERVED = "reserved"
    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    #: The device held beyond what was reserved, or after the command was given up: the DCC let it through late.
    OVERRUN = "overrun"


_OPEN = (EntryState.RESERVED, EntryState.HELD)


class LedgerError(LinkboxError):
    """Root of what the ledger refuses."""


class QuotaExceeded(LedgerError):
    """A reservation would pass a quota in some window; ``remaining_s`` is what could have been reserved."""

    def __init__(self, start: datetime, asked_s: int, remaining_s: int) -> None:
        self.start, self.asked_s, self.remaining_s = start, asked_s, remaining_s
        super().__init__(f"asked {asked_s} s from {format_utc(start)}, only {remaining_s} s may start then")


class LedgerConflict(LedgerError):
    """An operation contradicts what the ledger already says about a command."""

    def __init__(self, command: str, rule: str) -> None:
        self.command, self.rule = command, rule
        super().__init__(f"command {command}: {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One command's interval ``[start, end)``, as it is stored. ``weight_milli``: thousandths of full off, 1..1000.

    ``reserved_start`` and ``reserved_end`` keep what was granted; ``start`` and ``end`` are what counts now.
    """

    mpan: Mpan
    command: str
    reserved_start: datetime
    reserved_end: datetime
    start: datetime
    end: datetime
    weight_milli: int
    state: EntryState
    #: What counts, outward to whole seconds, so that a rounded interval never counts less than the true one.
    interval: Interval = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        interval = math.floor(self.start.timestamp()), math.ceil(self.end.timestamp()), self.weight_milli
        object.__setattr__(self, "interval", interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A charger that stands over a quota. ``overruns``: its commands that were carried out late or for too long.

    ``by_overrun``: without those it would stand within its quotas, so that the breach is not of Linkbox's making.
    """

    mpan: Mpan
    overruns: tuple[str, ...]
    by_overrun: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every charger's curtailed and reserved time. Immutable: each operation returns the ledger after it."""

    _entries: ShardedMap[tuple[LedgerEntry, ...]] = field(default_factory=ShardedMap)
    _owner: ShardedMap[Mpan] = field(default_factory=ShardedMap)

    @classmethod
    def from_entries(cls, entries: Iterable[LedgerEntry]) -> Ledger:
        """The ledger that a store's rows describe. Raises LedgerConflict where two rows name one command."""
        by_mpan: dict[str, tuple[LedgerEntry, ...]] = {}
        owner: dict[str, Mpan] = {}
        for entry in sorted(entries, key=lambda e: (e.reserved_start, e.command)):
            if entry.command in owner:
                raise LedgerConflict(entry.command, "stands in two rows")
            owner[entry.command] = entry.mpan
            by_mpan[entry.mpan] = (*by_mpan.get(entry.mpan, ()), entry)
        return cls(ShardedMap.of(by_mpan), ShardedMap.of(owner))

    def entries(self) -> Iterator[LedgerEntry]:
        """All rows, by MPAN and then by start."""
        for _, entries in self._entries.items():
            yield from entries

    def entries_of(self, mpan: Mpan) -> tuple[LedgerEntry, ...]:
        """The rows of one charger, by start."""
        return self._of(mpan)

    def entry(self, command: str) -> LedgerEntry | None:
        """The row of one command."""
        owner = self._owner.find(command)
        return None if owner is None else next(e for e in self._of(owner) if e.command == command)

    def reserve(self, mpan: Mpan, start: datetime, duration_s: int, *, command: str, weight: float = 1.0) -> Ledger:
        """Set aside the whole of a command. The same reservation again changes nothing.

        ``weight`` is the fraction of full off, above 0 and at most 1; it is rounded up to a thousandth.
        Raises QuotaExceeded; LedgerConflict where the command is known with other values; ValueError for a duration or
        weight out of range.
        """
        wanted = _new_entry(mpan, start, duration_s, command, weight)
        known = self.entry(command)
        if known is not None:
            if _same_reservation(known, wanted):
                return self
            raise LedgerConflict(command, "is already in the ledger with other values")
        intervals = self._intervals(mpan)
        if not addition_fits(intervals, wanted.interval):
            raise QuotaExceeded(start, duration_s, _remaining_s(intervals, start, wanted.weight_milli))
        entries = tuple(sorted((*self._of(mpan), wanted), key=lambda e: (e.reserved_start, e.command)))
        return Ledger(self._entries.with_(mpan, entries), self._owner.with_(command, mpan))

    def settle(self, command: str, used_until: datetime, *, used_from: datetime | None = None) -> Ledger:
        """Keep only what was used, ``[used_from, used_until)``, and give back the rest. Repeating it changes nothing.

        Raises LedgerConflict where the span leaves what was reserved (a device that acts late must have been reserved
        with a margin; what it did all the same is for ``book``), or where the command was closed otherwise.
        """
        entry = self._known(command)
        start = require_utc(used_from) if used_from is not None else entry.reserved_start
        settled = replace(entry, start=start, end=require_utc(used_until), state=EntryState.SETTLED)
        if not entry.reserved_start <= settled.start <= settled.end <= entry.reserved_end:
            raise LedgerConflict(command, "the use reported lies outside what was reserved")
        return self._close(entry, settled)

    def book(self, command: str, used_from: datetime, used_until: datetime) -> Ledger:
        """Enter what the device turns out to have done, ``[used_from, used_until)``, whenever it did and is known.

        For the late answer: of a command that the DCC kept back and let through after its reservation had ended, or
        after it was given up. It counts, as an overrun, although no quota allowed it, so that the ledger tells the
        truth and the charger rests until its windows have room again. Within what was reserved, and while that is
        open, it is ``settle``. A command is carried out once: of reports that overlap the outermost times count. A
        first report that lies elsewhere takes the place of what was only assumed, and is never shorter than that was:
        a late answer says that it was done, not when, so the longer of the two counts, up to the later end.
        Raises LedgerConflict for a command that is not in the ledger, ValueError for a span that ends before it begins.
        """
        entry = self._known(command)
        start, end = require_utc(used_from), require_utc(used_until)
        if end < start:
            raise ValueError(f"command {command}: the use ends {format_utc(end)}, before it begins")
        if entry.state in _OPEN and entry.reserved_start <= start and end <= entry.reserved_end:
            return self.settle(command, end, used_from=start)
        if entry.state not in _OPEN:
            apart = end <= entry.start or entry.end <= start
            if entry.start <= start and end <= entry.end:
                return self
            if entry.state is EntryState.OVERRUN or not apart:
                start, end = min(start, entry.start), max(end, entry.end)
            else:
                start = min(start, end - (entry.end - entry.start))
        return self._replace(entry, replace(entry, start=start, end=end, state=EntryState.OVERRUN))

    def release(self, command: str) -> Ledger:
        """Give back everything: the command was never carried out. Repeating it changes nothing."""
        entry = self._known(command)
        return self._close(entry, replace(entry, end=entry.start, state=EntryState.RELEASED))

    def hold_unknown(self, command: str) -> Ledger:
        """What became of the command is not known: it counts in full until settled or released."""
        entry = self._known(command)
        if entry.state not in _OPEN:
            raise LedgerConflict(command, f"is {entry.state} and can not become unknown")
        return self._replace(entry, replace(entry, state=EntryState.HELD))

    def remaining_s(self, mpan: Mpan, at: datetime, *, weight: float = 1.0) -> int:
        """The longest hold in whole seconds that may start at ``at``; at most a day.

        A hold that overlaps one already reserved for this charger counts once. Start on whole seconds: a hold that
        starts within a second is counted from its beginning.
        """
        return _remaining_s(self._intervals(mpan), require_utc(at), milli_of(weight))

    def remaining_many(self, mpans: Iterable[Mpan], at: datetime, *, weight: float = 1.0) -> list[int]:
        """``remaining_s`` of many chargers, in their order."""
        start, weight_milli = require_utc(at), milli_of(weight)
        untouched = _remaining_s([], start, weight_milli)
        held = ([e.interval for e in self._of(mpan)] for mpan in mpans)
        return [_remaining_s(intervals, start, weight_milli) if intervals else untouched for intervals in held]

    def used_s(self, mpan: Mpan, at: datetime, window: timedelta) -> float:
        """Seconds of full off in ``[at - window, at)``; what is reserved beyond ``at`` is not in it."""
        end_s = math.floor(require_utc(at).timestamp())
        start_s = end_s - int(window.total_seconds())
        return UseCurve(self._intervals(mpan)).within(start_s, end_s) / FULL_OFF_MILLI

    def breaches(self) -> tuple[Mpan, ...]:
        """The chargers that stand over a quota in some window. Empty unless the rows came from somewhere else."""
        return tuple(Mpan(mpan) for mpan, e in self._entries.items() if not within_quotas(x.interval for x in e))

    def explained_breaches(self) -> tuple[Breach, ...]:
        """The same with their cause, for the record and the regulator."""
        found = []
        for mpan in self.breaches():
            entries = self._of(mpan)
            late = tuple(e.command for e in entries if e.state is EntryState.OVERRUN)
            rest = within_quotas(e.interval for e in entries if e.state is not EntryState.OVERRUN)
            found.append(Breach(mpan=mpan, overruns=late, by_overrun=rest))
        return tuple(found)

    def since(self, at: datetime) -> Ledger:
        """The part that can still matter at ``at``: closed entries that ended over 30 days before are dropped."""
        oldest = require_utc(at) - timedelta(seconds=MONTH_S)
        return Ledger.from_entries(e for e in self.entries() if max(e.reserved_end, e.end) > oldest or e.state in _OPEN)

    def _of(self, mpan: Mpan) -> tuple[LedgerEntry, ...]:
        return self._entries.get(mpan, ())

    def _intervals(self, mpan: Mpan) -> list[Interval]:
        return [e.interval for e in self._of(mpan)]

    def _known(self, command: str) -> LedgerEntry:
        entry = self.entry(command)
        if entry is None:
            raise LedgerConflict(command, "is not in the ledger")
        return entry

    def _close(self, entry: LedgerEntry, closed: LedgerEntry) -> Ledger:
        if entry == closed:
            return self
        if entry.state not in _OPEN:
            raise LedgerConflict(entry.command, f"is already {entry.state} with other values")
        return self._replace(entry, closed)

    def _replace(self, old: LedgerEntry, new: LedgerEntry) -> Ledger:
        entries = tuple(new if e.command == old.command else e for e in self._of(old.mpan))
        return Ledger(self._entries.with_(old.mpan, entries), self._owner)


def _new_entry(mpan: Mpan, start: datetime, duration_s: int, command: str, weight: float) -> LedgerEntry:
    if duration_s <= 0:
        raise ValueError(f"command {command}: duration must be above 0 s, not {duration_s}")
    start, end = require_utc(start), start + timedelta(seconds=duration_s)
    return LedgerEntry(
        mpan=mpan,
        command=command,
        reserved_start=start,
        reserved_end=end,
        start=start,
        end=end,
        weight_milli=milli_of(weight),
        state=EntryState.RESERVED,
    )


def _same_reservation(a: LedgerEntry, b: LedgerEntry) -> bool:
    return (a.mpan, a.reserved_start, a.reserved_end, a.weight_milli) == (
        b.mpan,
        b.reserved_start,
        b.reserved_end,
        b.weight_milli,
    )


def _remaining_s(intervals: list[Interval], start: datetime, weight_milli: int) -> int:
    longest_s = longest_addition_s(intervals, math.floor(start.timestamp()), weight_milli)
    return max(0, longest_s - (1 if start.microsecond else 0))


def milli_of(weight: float) -> int:
    """The fraction of full off in thousandths, rounded up. Raises ValueError unless it is above 0 and at most 1."""
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight must be above 0 and at most 1, not {weight}")
    return math.ceil(round(weight * FULL_OFF_MILLI, 6))


def entry_to_row(entry: LedgerEntry) -> dict[str, str | int]:
    """The entry as plain values for a store; entry_from_row is its inverse."""
    return {
        "mpan": str(entry.mpan),
        "command": entry.command,
        "weight_milli": entry.weight_milli,
        "state": str(entry.state),
        "reserved_start": _text(entry.reserved_start),
        "reserved_end": _text(entry.reserved_end),
        "start": _text(entry.start),
        "end": _text(entry.end),
    }


def entry_from_row(row: dict[str, str | int]) -> LedgerEntry:
    """Raises ValueError or KeyError for a row that entry_to_row did not write."""
    return LedgerEntry(
        mpan=Mpan(str(row["mpan"])),
        command=str(row["command"]),
        weight_milli=int(row["weight_milli"]),
        state=EntryState(str(row["state"])),
        reserved_start=_time(row["reserved_start"]),
        reserved_end=_time(row["reserved_end"]),
        start=_time(row["start"]),
        end=_time(row["end"]),
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str | int) -> datetime:
    return require_utc(datetime.fromisoformat(str(text)).astimezone(UTC))
