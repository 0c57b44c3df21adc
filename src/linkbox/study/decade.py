"""Ten years of evenings in which everything goes wrong now and then, and no safeguard may give way.

A controller does what a real one does, with the real permits, planning, ledger and veto; it keeps its ledger's rows
in a store, crashes at any point and begins again from the rows. Answers come twice, late or never; commands are lost,
or kept back by the DCC and let through hours later; tenants move, customers change their minds, meters are exchanged,
the clocks change. ``decade_world`` keeps the truth and judges it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES
from linkbox.control.ledger import Ledger, entry_from_row, entry_to_row
from linkbox.control.planning import Charger, PlannedHold, plan
from linkbox.control.veto import OutgoingHold, veto
from linkbox.customers import ConsentKind, Permit
from linkbox.study.decade_town import Town
from linkbox.study.decade_world import Verdict, judge

FIRST_DAY = date(2026, 1, 1)
_ZERO = datetime(2026, 1, 1, tzinfo=UTC)
_LOCAL = ZoneInfo("Europe/London")
_FEEDER = 40
_HOLD_S, _LEAD_S, _TIMEOUT_S = 1800, 240, 90
#: What arrives this long after it was decided was kept back by the DCC; what a margin has to cover is less.
_IN_TIME_S = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is simulated. ``margin_s`` is reserved beyond each hold for devices that act late.

    ``pressure`` is the share of winter evenings on which a feeder needs help; ``quarantined`` the share of commands
    that the DCC keeps back and lets through after their reservation has ended.
    """

    days: int
    chargers: int
    seed: int
    margin_s: int = 180
    pressure: float = 0.12
    quarantined: float = 0.001


@dataclass(slots=True, kw_only=True)
class Counts:
    """What happened."""

    steps: int = 0
    holds: int = 0
    vetoed: int = 0
    crashes: int = 0
    duplicates: int = 0
    late_answers: int = 0
    missing_answers: int = 0
    overruns: int = 0
    meters_exchanged: int = 0
    tenancies: int = 0
    not_permitted: int = 0
    without_permit: int = 0
    ledger_breaches: int = 0
    unexplained_breaches: int = 0
    unbooked_by_dcc: int = 0


@dataclass(slots=True, kw_only=True)
class _Sent:
    """One command as the controller knows it."""

    charger: int
    intervention: str
    start_s: int
    duration_s: int
    level: float
    state: str = "queued"
    begin_s: int = 0
    end_s: int = 0


@dataclass(slots=True)
class Decade:
    """The whole of it; ``run`` goes through."""

    setting: Setting
    rng: random.Random = field(init=False)
    counts: Counts = field(default_factory=Counts)
    now_s: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    rows: dict[str, dict[str, str | int]] = field(default_factory=dict)
    sent: dict[str, _Sent] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    breached: set[Mpan] = field(default_factory=set)
    number: int = 0
    queue: list[tuple[int, int, str, str]] = field(default_factory=list)
    town: Town = field(init=False)

    def __post_init__(self) -> None:
        rng = self.rng = random.Random(self.setting.seed)
        self.town = Town(self.setting.chargers, rng)
        for n in range(self.setting.chargers):
            if rng.random() < 0.9:
                self._says(n, ConsentKind.GIVEN)

    # the clock

    def at(self, seconds: int | None = None) -> datetime:
        return _ZERO + timedelta(seconds=self.now_s if seconds is None else seconds)

    def put(self, at_s: int, what: str, about: str) -> None:
        self.number += 1
        heapq.heappush(self.queue, (at_s, self.number, what, about))

    def run(self, day_done: Callable[[], object]) -> tuple[Counts, Verdict]:
        """Every day in turn, then whatever is still open; the counts, and the judge's verdict."""
        for day in range(self.setting.days):
            self._begin_day(FIRST_DAY + timedelta(days=day))
            self._work_until((day + 1) * 86_400)
            if day % 7 == 6:
                self._look_for_breaches()
                self._forget()
            day_done()
        self._work_until((self.setting.days + 5) * 86_400)
        verdict = judge(self.town.devices)
        self._look_for_breaches()
        known = {int(mpan[2:12]) for mpan in self.breached}
        self.counts.unbooked_by_dcc = len(set(verdict.broken_by_dcc) - known)
        return self.counts, verdict

    def _look_for_breaches(self) -> None:
        """What the ledger itself says; each charger is counted once, and kept when its rows are forgotten."""
        for breach in self.ledger.explained_breaches():
            self.counts.unexplained_breaches += not breach.by_overrun
            self.counts.ledger_breaches += breach.mpan not in self.breached
            self.breached.add(breach.mpan)

    def _work_until(self, end_s: int) -> None:
        handlers = {
            "overload": self._overload,
            "arrive": self._arrive,
            "answer": self._answer,
            "timeout": self._timeout,
            "over": self._over,
            "customer": self._customer,
        }
        while self.queue and self.queue[0][0] < end_s:
            self.now_s, _, what, about = heapq.heappop(self.queue)
            handlers[what](about)
            self.counts.steps += 1
            if self.rng.random() < 0.0002:
                self._crash()

    def _begin_day(self, day: date) -> None:
        """Local time decides when people come home, and on the days of a clock change things happen in its hours."""
        rng = self.rng
        changes = (datetime.combine(day, time(0), _LOCAL).utcoffset() != _offset_after(day)) and rng.random() < 0.8
        winter = day.month in {11, 12, 1, 2}
        cold = (day.toordinal() // 9) % 5 == 0
        share = self.setting.pressure * (1.0 if winter else 0.2) * (5.0 if winter and cold else 1.0)
        for feeder in range(-(-self.setting.chargers // _FEEDER)):
            if changes or rng.random() < share:
                local = time(1 if changes else rng.randrange(16, 24), rng.randrange(60), rng.randrange(60))
                began = datetime.combine(day, local, _LOCAL).astimezone(UTC)
                start_s = int((began - _ZERO).total_seconds())
                for again in range(rng.randrange(1, 10)):
                    self.put(start_s + again * 1620, "overload", f"{feeder}/i{day.toordinal()}f{feeder}")
        for _ in range(int(self.setting.chargers / 100 + rng.random())):
            noon = int((datetime.combine(day, time(12), _LOCAL).astimezone(UTC) - _ZERO).total_seconds())
            self.put(noon + rng.randrange(30_000), "customer", str(rng.randrange(self.setting.chargers)))

    # the controller

    def _overload(self, about: str) -> None:
        feeder, intervention = about.split("/")
        first = int(feeder) * _FEEDER
        chargers = []
        for n in range(first, min(first + _FEEDER, self.setting.chargers)):
            running = self.sent.get(self.held.get(n, ""))
            if running is not None and (running.state != "confirmed" or running.end_s > self.now_s + _LEAD_S):
                continue
            answer = self.town.ask(n, intervention, self.at())
            if isinstance(answer, Permit):
                chargers.append(self._charger(n, answer, running is not None))
            else:
                self.counts.not_permitted += 1
        need = tuple(self.rng.choice((0.0, self.rng.uniform(0, 120))) for _ in PHASES)
        made = plan((need[0], need[1], need[2]), chargers, hold_s=_HOLD_S, at=self.at(), effort=0.0)
        for hold in made.commands:
            self._command(hold, intervention)

    def _charger(self, n: int, granted: Permit, held: bool) -> Charger:
        mpan, deepest = self.town.mpans[n], self.town.deepest(n)
        left_s = self.ledger.remaining_s(mpan, self.at(), weight=1 - deepest) - self.setting.margin_s
        return Charger(
            mpan=mpan,
            permit=granted,
            phase=PHASES[n % 3],
            amps=32.0,
            probability_drawing=self.rng.choice((0.3, 0.6, 0.9)),
            remaining_s=max(0, left_s),
            used_24h_s=self.ledger.used_s(mpan, self.at(), timedelta(hours=24)),
            used_30d_s=self.ledger.used_s(mpan, self.at(), timedelta(days=30)),
            held_now=held,
            control=self.town.control(n),
        )

    def _command(self, hold: PlannedHold, intervention: str) -> None:
        n = int(hold.mpan[2:12])
        command = f"c{self.counts.holds}"
        reserved_s = hold.duration_s + self.setting.margin_s
        ledger = self.ledger.reserve(hold.mpan, self.at(), reserved_s, command=command, weight=hold.weight)
        outgoing = OutgoingHold(
            command=command,
            intervention_id=intervention,
            start=self.at(),
            duration_s=hold.duration_s,
            weight=hold.weight,
            level=hold.level_fraction,
        )
        if veto(outgoing, self.town.facts(n, ledger, self.at()), at=self.at()):
            self.counts.vetoed += 1
            return
        self.counts.holds += 1
        self._keep(ledger, command)
        self.sent[command] = _Sent(
            charger=n,
            intervention=intervention,
            start_s=self.now_s,
            duration_s=hold.duration_s,
            level=hold.level_fraction,
        )
        self.held[n] = command
        self.put(self.now_s + _TIMEOUT_S, "timeout", command)
        self._transmit(command)

    def _transmit(self, command: str) -> None:
        """On its way; the world decides what becomes of it. The judge looks at who may be held as it leaves."""
        sent, rng = self.sent[command], self.rng
        if not self.town.people[sent.charger].allows(sent.intervention, sent.level):
            self.counts.without_permit += 1
        fate = rng.random()
        if fate < self.setting.quarantined:
            self.put(self.now_s + rng.randrange(4 * 3600, 40 * 3600), "arrive", f"{command}/late")
        elif fate < 0.97:
            self.put(self.now_s + rng.choice((2, 10, 30, 60, 120)), "arrive", f"{command}/in time")
        if rng.random() < 0.01:  # the network repeats it
            self.put(self.now_s + rng.randrange(1, 150), "arrive", f"{command}/in time")

    def _keep(self, ledger: Ledger, command: str) -> None:
        """Commit: the row first, then memory."""
        entry = ledger.entry(command)
        if entry is not None:
            self.rows[command] = entry_to_row(entry)
        self.ledger = ledger

    def _crash(self) -> None:
        """All memory is lost; what was committed is read again, and what was under way is sent again, byte for byte."""
        self.counts.crashes += 1
        self.ledger = Ledger.from_entries(entry_from_row(row) for row in self.rows.values())
        for command, sent in self.sent.items():
            if sent.state == "queued" and self.now_s - sent.start_s < _TIMEOUT_S:
                self.put(self.now_s + 5, "arrive", f"{command}/in time")

    def _forget(self) -> None:
        self.ledger = self.ledger.since(self.at())
        kept = {e.command for e in self.ledger.entries()}
        self.rows = {c: row for c, row in self.rows.items() if c in kept}
        self.sent = {c: s for c, s in self.sent.items() if c in kept}

    # the world

    def _arrive(self, about: str) -> None:
        command, how = about.split("/")
        sent = self.sent.get(command)
        if sent is None:
            return
        late = how == "late" or self.now_s > sent.start_s + _IN_TIME_S
        device = self.town.devices[sent.charger]
        did = device.act(command, self.now_s, sent.duration_s, sent.level, late=late)
        if did is None:
            self.counts.duplicates += 1
            return
        fate = self.rng.random()
        delay_s = self.rng.choice((1, 5, 20)) if fate < 0.95 else self.rng.randrange(200, 40_000)
        if fate > 0.99 and not late:
            self.counts.missing_answers += 1
            return
        told = f"{command}/{did[0]}/{did[1]}"
        self.put(self.now_s + delay_s, "answer", told)
        if self.rng.random() < 0.03:
            self.put(self.now_s + delay_s + self.rng.randrange(50_000), "answer", told)

    def _answer(self, about: str) -> None:
        command, begin, end = about.split("/")
        sent = self.sent.get(command)
        if sent is None:
            return
        begin_s, end_s = int(begin), int(end)
        if sent.state == "queued":
            sent.state, sent.begin_s, sent.end_s = "confirmed", begin_s, end_s
            self.held[sent.charger] = command
            self.put(end_s, "over", command)
            if self.rng.random() < 0.15:
                self.put(self.now_s + self.rng.randrange(60, 1500), "customer", f"{sent.charger}/free")
            return
        if sent.state in {"confirmed", "booked"} or (sent.begin_s, sent.state) == (begin_s, "ended"):
            self.counts.duplicates += 1
            return
        self.counts.late_answers += 1
        sent.state, sent.begin_s, sent.end_s = "booked", begin_s, end_s
        if end_s > self.now_s:
            self.held[sent.charger] = command
        self.put(max(end_s, self.now_s), "over", command)
        before = self.rows[command]
        self._keep(self.ledger.book(command, self.at(begin_s), self.at(end_s)), command)
        self.counts.overruns += self.rows[command] != before and self.rows[command]["state"] == "overrun"

    def _timeout(self, command: str) -> None:
        sent = self.sent.get(command)
        if sent is not None and sent.state == "queued":
            sent.state = "unknown"
            self._keep(self.ledger.hold_unknown(command), command)
            self.put(sent.start_s + sent.duration_s + self.setting.margin_s, "over", command)

    def _over(self, command: str) -> None:
        """The commanded time is over: what the device said is settled; where it said nothing, all that was reserved."""
        sent = self.sent.get(command)
        if sent is None or sent.state not in {"confirmed", "unknown", "booked"}:
            return
        if self.held.get(sent.charger) == command:
            del self.held[sent.charger]
        if sent.state == "booked":
            sent.state = "ended"
            return
        if sent.state == "confirmed":
            ledger = self.ledger.book(command, self.at(sent.begin_s), self.at(min(sent.end_s, self.now_s)))
            sent.state = "ended"
        else:
            reserved_s = sent.start_s + sent.duration_s + self.setting.margin_s
            ledger, sent.state = self.ledger.settle(command, self.at(reserved_s)), "assumed"
        self._keep(ledger, command)

    def _customer(self, about: str) -> None:
        n, _, free = about.partition("/")
        number = int(n)
        if free:
            self._free(number)
            return
        what = self.rng.random()
        if what < 0.2:
            self.town.moves(number, f"t{self.now_s}", self.at())
            self.counts.tenancies += 1
        elif what < 0.3:
            self._exchange(number)
        elif what < 0.4:
            self._says(number, ConsentKind.WITHDRAWN)
        elif what < 0.5 and number in self.held:
            self._object(number, self.sent[self.held[number]].intervention)
        else:
            self._says(number, ConsentKind.GIVEN)

    def _says(self, n: int, kind: ConsentKind) -> None:
        self.now_s += 1
        self.town.says(n, kind, self.at(), reduced_only=self.rng.random() < 0.2)

    def _object(self, n: int, intervention: str) -> None:
        self.town.objects(n, intervention, self.at())
        self._free(n)

    def _exchange(self, n: int) -> None:
        """A new meter with a new switch: it knows nothing of the old one's hold, which ends as the old one is taken
        out. The minutes belong to the premises, and so does the truth about them."""
        self.counts.meters_exchanged += 1
        self._free(n)

    def _free(self, n: int) -> None:
        """A reset, and the device's answer to it: what the device says of the end is settled."""
        command = self.held.get(n)
        sent = self.sent.get(command or "")
        if command is None or sent is None or sent.state != "confirmed":
            return
        ended_s = self.town.devices[n].stop(self.now_s)
        if ended_s is not None:
            sent.end_s = ended_s
            self._over(command)


def _offset_after(day: date) -> timedelta | None:
    return datetime.combine(day, time(12), _LOCAL).utcoffset()
