"""What is simulated: one evening and night on one street, described by plain values and a seed.

A scenario can be written to a file and read back; everything else (people, devices, weather of demand) is drawn
from its seed, so the same scenario is the same evening, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.control.authorisation import POLICIES
from linkbox.dcc.eligibility import PROFILES
from linkbox.grid.network import FUSES
from linkbox.study.faults import FAULTS, Faults, faults_of
from linkbox.study.operators import CHARACTERS

PROVIDERS = ("accepts", "rejects", "silent", "no-delivery", "part", "late", "twice", "over", "revokes", "none")
"""How the market's provider behaves; ``seed`` lets the seed choose among the second to the fifth."""


DEVICES = ("hcalcs", "apc", "mixed", "reduced")
"""What stands in front of the chargers: HAN connected switches on older meters; proportional controllers in a slot of
the meter; by turns a switch on an older meter, one on a newer, a controller in a slot, and one that stands alone; or by
turns a switch that is wired to switch off and one that is wired to a reduced rate, of whose customers each second has
consented to no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One evening. ``feeder`` names where the street comes from: None is the street in the package.

    ``tariff_start`` is the clock time at which cars on a night tariff start, None for no such tariff;
    ``tariff_share`` the share of cars on it. ``consent_share`` is the share of car owners who consented,
    ``say_no_share`` of those who say no by the link in their notice.
    The defaults are a hard night that the evening's own data give: every car comes home and waits for the tariff.
    ``emulator_stops_at`` is when the DCC goes away for good, to see what Linkbox makes of it; ``faults`` names what
    else the DCC, the devices and the connections do wrong. ``authorisation`` is the policy that says who must approve a
    plan, ``operators`` how the simulated people answer: ``approve``, ``refuse`` or ``silent``; ``devices`` is one
    of DEVICES. Several nights of one street differ in ``night`` (1, 2 ...; 0: a night of its own): the same people and
    devices, another evening. ``known_state``: some channel tells which chargers draw. ``contracts`` names a contract
    file in place of the one contract over what the provider's chargers add up to. ``phase_known_share`` of the homes
    have their phase on file; of the others it must be learned."""

    seed: int = 1
    feeder: str | None = None
    fuse_a: int | None = None
    ev_share: float = 0.8
    session_probability: float = 1.0
    tariff_start: str | None = "00:30"
    tariff_share: float = 1.0
    consent_share: float = 0.9
    say_no_share: float = 0.0
    charger_kw: float = 7.36
    provider: str = "seed"
    provider_share: float = 0.25
    profile: str = "secmp0046"
    day: str = "2026-01-13"
    starts: str = "17:00"
    hours: float = 14.0
    emulator_stops_at: str | None = None
    faults: str = "none"
    control: bool = True
    authorisation: str = "automatic"
    operators: str = "approve"
    devices: str = "hcalcs"
    night: int = 0
    known_state: bool = False
    contracts: str | None = None
    phase_known_share: float = 1.0

    def __post_init__(self) -> None:
        issues = [
            *self._shares_out_of_range(),
            *self._unknown_names(),
            *self._no_clock_times(),
            *self._numbers_out_of_range(),
        ]
        if issues:
            raise InvalidInput("scenario", issues)

    def _shares_out_of_range(self) -> Iterator[Issue]:
        for name, value in asdict(self).items():
            if name.endswith(("_share", "_probability")) and not 0.0 <= value <= 1.0:
                yield _issue(name, value, "must be within 0..1")

    def _unknown_names(self) -> Iterator[Issue]:
        choices = {"provider": (*PROVIDERS, "seed"), "profile": tuple(PROFILES), "faults": tuple(FAULTS)}
        choices |= {"authorisation": tuple(POLICIES), "operators": CHARACTERS, "devices": DEVICES}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                yield _issue(name, getattr(self, name), f"must be one of {', '.join(known)}")
        if self.contracts is not None and self.provider == "none":
            yield _issue("contracts", self.contracts, "needs a provider: --provider none has nobody who could answer")
        if self.fuse_a is not None and self.fuse_a not in FUSES:
            known = tuple(str(amps) for amps in sorted(FUSES))
            yield _issue("fuse", self.fuse_a, f"must be one of {', '.join(known)}")

    def _no_clock_times(self) -> Iterator[Issue]:
        for name in ("tariff_start", "starts"):
            text = getattr(self, name)
            if text is not None and not _is_clock_time(text, "%H:%M"):
                yield _issue(name, text, "must be a time of day as HH:MM")
        stops = self.emulator_stops_at
        if stops is not None and not _is_clock_time(stops, "%H:%M", "%H:%M:%S"):
            yield _issue("stop_emulator_at", stops, "must be a time of day as HH:MM or HH:MM:SS")
        if not _is_day(self.day):
            yield _issue("day", self.day, "must be a day as YYYY-MM-DD")

    def _numbers_out_of_range(self) -> Iterator[Issue]:
        if not 1 / 60 <= self.hours <= 48.0:
            yield _issue("hours", self.hours, "must be at least one minute and at most 48 hours")
        if not 0.0 < self.charger_kw <= 22.0:
            yield _issue("charger_kw", self.charger_kw, "must be above 0 and at most 22")
        if self.seed < 0:
            yield _issue("seed", self.seed, "must not be negative")
        if self.night < 0:
            yield _issue("night", self.night, "must not be negative")

    @property
    def start(self) -> datetime:
        """When the evening begins. British winter: local time is UTC."""
        return datetime.combine(datetime.fromisoformat(self.day).date(), time.fromisoformat(self.starts), UTC)

    @property
    def night_seed(self) -> int:
        """What the evening's demand and cars are drawn from."""
        return self.seed if self.night == 0 else self.seed * 1000 + self.night

    @property
    def end(self) -> datetime:
        """When the night is over."""
        return self.start + timedelta(hours=self.hours)

    @property
    def minutes(self) -> int:
        """How many readings there will be."""
        return round(self.hours * 60)

    @property
    def fault_plan(self) -> Faults:
        """What goes wrong in this evening."""
        return faults_of(self.faults, start=self.start, end=self.end)

    def at_clock(self, text: str) -> datetime:
        """The first moment after the start at which a clock shows ``HH:MM``."""
        at = datetime.combine(self.start.date(), time.fromisoformat(text), UTC)
        return at if at > self.start else at + timedelta(days=1)

    def to_record(self) -> dict[str, Any]:
        """Plain values for a file."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Scenario:
        """The inverse of to_record; raise InvalidInput for anything that is not a scenario."""
        try:
            return cls(**record)
        except TypeError as error:
            raise InvalidInput(
                "scenario", [Issue(where="scenario", value=str(record)[:80], rule=str(error))]
            ) from error


def _is_clock_time(text: str, *forms: str) -> bool:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        return False
    return text in {at.strftime(form) for form in forms}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _issue(name: str, value: object, rule: str) -> Issue:
    return Issue(where=f"--{name.replace('_', '-')}", value=str(value), rule=rule)
