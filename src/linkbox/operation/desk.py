"""What the operation holds in memory: a fold over the store, from which it can be loaded at any time."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.base.time import format_utc, parse_utc
from linkbox.control.drawing import Belief
from linkbox.control.habits import Habit
from linkbox.control.intervention import TABLE, Intervention
from linkbox.control.ledger import Ledger, entry_from_row
from linkbox.customers import CustomerFile
from linkbox.dcc.exchange import Exchange
from linkbox.dcc.exchange.storms import AlertBook
from linkbox.grid.fleet import Fleet, FleetState, initial_state
from linkbox.grid.risk import RiskAssessment
from linkbox.grid.snapshot import from_bytes
from linkbox.grid.telemetry import Track
from linkbox.operation.alert_counts import load_book
from linkbox.operation.assessments import ASSESSMENT_SNAPSHOT, assessments_from_bytes
from linkbox.operation.checkpoint_desk import Signed, load_signed
from linkbox.operation.entities import COMMAND_TABLE, Command, CommandKind, CommandState
from linkbox.operation.personal import load_tokens
from linkbox.operation.ports import Row, Store
from linkbox.operation.site import Site
from linkbox.records.audit import EMPTY_CHAIN, AuditRecord, ChainHead, head_of
from linkbox.records.contact import Contact

Told = Callable[[datetime, str, str, Mapping[str, Any]], None]

HABIT = "habit"
GRID_SNAPSHOT, DRAWING_SNAPSHOT, TRACKS_SNAPSHOT = "grid", "drawing", "tracks"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
REST_AFTER_FAILURE = timedelta(minutes=10)
"""A charger whose last command failed is left alone for this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveExchange:
    """A service request under way. ``done`` once its state is final or a person must decide; ``trouble`` is why its
    bytes could not be handed over the last time."""

    exchange: Exchange
    command_id: str
    opened_at: datetime
    deadline_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    first_sent_at: datetime | None = None
    closed_at: datetime | None = None
    trouble: str | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more is expected."""
        return self.closed_at is not None

    def to_row(self) -> Row:
        """As the store keeps it: with the exact signed bytes."""
        times = {name: getattr(self, name) for name in _TIMES}
        body = {
            "command_id": self.command_id,
            "attempts": self.attempts,
            "trouble": self.trouble,
            "exchange": self.exchange.to_record(),
            **{name: None if at is None else format_utc(at) for name, at in times.items()},
        }
        state = "done" if self.done else "live"
        return Row(key=str(self.exchange.request.request_id), state=state, owner=self.command_id, body=body)

    @classmethod
    def from_row(cls, row: Row) -> LiveExchange:
        """The inverse of to_row."""
        times = {name: None if row.body[name] is None else parse_utc(row.body[name]) for name in _TIMES}
        return cls(
            exchange=Exchange.from_record(row.body["exchange"]),
            command_id=row.body["command_id"],
            attempts=row.body["attempts"],
            trouble=row.body["trouble"],
            **times,  # type: ignore[arg-type]  # optional ones are optional in the row too
        )


_TIMES = ("opened_at", "deadline_at", "next_attempt_at", "first_sent_at", "closed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostRow:
    """A boost button that Linkbox has to do with: where that stands, and which slots it switched before."""

    state: str
    controls: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What past events taught of one charger, and when that was last."""

    habit: Habit
    counted_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Desk:
    """The operation's memory. Changed only by a Session, inside a transaction."""

    site: Site
    fleet: Fleet
    fleet_state: FleetState
    ledger: Ledger
    customers: CustomerFile
    chain: ChainHead
    interventions: dict[FeederId, Intervention]
    commands: dict[str, Command]
    exchanges: dict[str, LiveExchange]
    outbox: dict[tuple[str, str], dict[str, Any]]
    labels: dict[Mpan, str]
    beliefs: dict[Mpan, Belief]
    tested_at: dict[Mpan, datetime]
    habits: dict[Mpan, Remembered]
    resting: dict[Mpan, datetime]
    released_at: dict[tuple[str, Phase], datetime]
    numbers: Counter[str]
    refusals: set[tuple[str, Mpan]] = field(default_factory=set)
    assessments: dict[FeederId, RiskAssessment] = field(default_factory=dict)
    current_a: dict[FeederId, tuple[float, float, float]] = field(default_factory=dict)
    tracks: dict[FeederId, Track] = field(default_factory=dict)
    alerts: AlertBook = field(default_factory=AlertBook)
    fresh: set[FeederId] = field(default_factory=set)
    stopped: set[FeederId] = field(default_factory=set)
    facts_seen: int = 0
    rechecked_at: datetime = LONG_AGO
    contacts: dict[Mpan, Contact] = field(default_factory=dict)
    boost: dict[Mpan, BoostRow] = field(default_factory=dict)
    tokens: dict[Mpan, str] = field(default_factory=dict)
    tokens_redacted: int = 0
    clocks: dict[FeederId, tuple[date, str | None]] = field(default_factory=dict)
    signed: Signed = field(default_factory=Signed)
    recall_exchange: Callable[[str], LiveExchange | None]
    recall_command: Callable[[str], Command]
    holds_of: Callable[[str], list[Command]]
    recall_row: Callable[[str, str], Row | None]
    recall_readings: Callable[[FeederId, datetime], list[tuple[datetime, Mapping[str, Any]]]]
    recall_rows: Callable[[str, str], list[Row]]
    told: Told | None = None

    def seen_until(self, feeder_id: FeederId) -> datetime | None:
        """The time of the last reading of a feeder that the states have taken in."""
        seen_s = float(self.fleet_state.seen_s[self.fleet.ids.index(feeder_id)].max())
        return None if math.isnan(seen_s) else datetime.fromtimestamp(seen_s, UTC)

    def believed_a(self, hold: Command) -> float:
        """What a hold is believed to keep off the feeder: as planned, until its drop has taught better."""
        belief = self.beliefs.get(hold.mpan)
        return hold.expected_a if belief is None else belief.amps * hold.weight * belief.probability

    def share_of(self, hold: Command) -> tuple[float, float, float]:
        """Where a hold's current shows, by phase: as its phase is known, or as drops have taught meanwhile."""
        belief = self.beliefs.get(hold.mpan)
        return hold.share if hold.phase is not None or belief is None else belief.phase_probability

    def boost_controls(self, mpan: Mpan) -> tuple[bool, ...]:
        """Which slots a home's boost button switched before Linkbox touched it; empty where that is not known."""
        row = self.boost.get(mpan)
        return () if row is None else row.controls

    def next_number(self, name: str) -> int:
        """The next running number of a kind of thing."""
        self.numbers[name] += 1
        return self.numbers[name]

    def next_command_id(self, intervention_id: str) -> str:
        """An identifier for a new command."""
        return f"{intervention_id}-{self.next_number('command'):04d}"

    def tell(self, at: datetime, stream: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Let a live view know; the record itself is in the chain."""
        if self.told is not None:
            self.told(at, stream, kind, facts)

    def held(self, feeder_id: FeederId) -> list[Command]:
        """Holds in force, or possibly in force, on one feeder's chargers."""
        mine = {point.mpan for point in self.site.points(feeder_id)}
        return [c for c in self.commands.values() if c.mpan in mine and c.holding]


def load_desk(site: Site, store: Store, at: datetime, told: Told | None = None) -> Desk:
    """Fold the store into memory. A new store gives a desk that has seen nothing."""
    fleet = Fleet.of(site.feeders)
    saved = store.snapshot(GRID_SNAPSHOT)
    fleet_state = initial_state(fleet, at) if saved is None else from_bytes(fleet, saved[1])
    commands = [Command.from_row(row) for row in store.rows("command")]
    interventions = [Intervention.from_record(row.body) for row in store.rows("intervention")]
    exchanges = [LiveExchange.from_row(row) for row in store.rows("exchange", states=["live"])]
    queued = {
        (table, row.key): dict(row.body)
        for table in ("market_message", "notice")
        for row in store.rows(table, states=["queued"])
    }

    def recall(request_id: str) -> LiveExchange | None:
        row = store.row("exchange", request_id)
        return None if row is None else LiveExchange.from_row(row)

    def recall_command(command_id: str) -> Command:
        row = store.row("command", command_id)
        if row is None:
            raise KeyError(command_id)
        return Command.from_row(row)

    def holds_of(intervention_id: str) -> list[Command]:
        """Every hold of an intervention that a device confirmed, ended ones too."""
        every = [Command.from_row(row) for row in store.rows("command", owner=intervention_id)]
        return [c for c in every if c.kind is CommandKind.HOLD and c.confirmed]

    tokens, redacted = load_tokens(store)
    lines = store.audit_lines()
    believed = _beliefs(store)
    judged = store.snapshot(ASSESSMENT_SNAPSHOT)
    return Desk(
        site=site,
        fleet=fleet,
        fleet_state=fleet_state,
        ledger=Ledger.from_entries(entry_from_row(dict(row.body)) for row in store.rows("hold")),
        customers=CustomerFile.of(event for _, event in store.customer_facts(mpans=site.mpans)),
        facts_seen=store.last_customer_fact(),
        chain=_chain(lines),
        interventions={i.feeder_id: i for i in interventions if i.state not in TABLE.final},
        commands={c.id: c for c in commands if c.state not in COMMAND_TABLE.final},
        exchanges={str(e.exchange.request.request_id): e for e in exchanges},
        outbox=queued,
        labels={Mpan(row.key): row.body["label"] for row in store.rows("label")},
        beliefs={belief.mpan: belief for belief, _ in believed},
        tested_at={belief.mpan: at for belief, at in believed if at is not None},
        habits={Mpan(row.key): _remembered(row.body) for row in store.rows(HABIT)},
        resting={Mpan(row.key): parse_utc(row.body["until"]) for row in store.rows("resting")},
        released_at=_releases(commands),
        refusals={(row.owner, Mpan(row.body["mpan"])) for row in store.rows("refusal")},
        numbers=Counter(
            command=len(commands),
            intervention=len(interventions),
            notice=sum(row.body["audience"] == "customer" for row in store.rows("notice")),
        ),
        tracks=_tracks(store),
        alerts=load_book(store),
        assessments={} if judged is None else assessments_from_bytes(judged[1]),
        current_a={f: _triple(fleet_state.current_a[i]) for i, f in enumerate(fleet.ids)},
        contacts={Mpan(row.key): Contact.from_record(row.body) for row in store.rows("contact")},
        stopped={FeederId(row.key) for row in store.rows("stop", states=["in force"])},
        boost={
            Mpan(row.key): BoostRow(state=row.state, controls=tuple(row.body["controls"]))
            for row in store.rows("boost", states=["noted", "off"])
        },
        tokens=tokens,
        tokens_redacted=redacted,
        signed=load_signed(store, lines),
        recall_exchange=recall,
        recall_command=recall_command,
        holds_of=holds_of,
        recall_row=store.row,
        recall_readings=lambda feeder_id, after: store.readings(feeder_id, after=after),
        recall_rows=lambda table, owner: store.rows(table, owner=owner),
        told=told,
    )


def _releases(commands: Iterable[Command]) -> dict[tuple[str, Phase], datetime]:
    """When each intervention last gave a charger of each phase back early."""
    found: dict[tuple[str, Phase], datetime] = {}
    for c in commands:
        if c.kind is CommandKind.RESET and c.state is not CommandState.REFUSED and c.answered_at is not None:
            for key in ((c.intervention_id, phase) for phase in c.phases):
                found[key] = max(c.answered_at, found.get(key, c.answered_at))
    return found


def _triple(row: NDArray[np.float64]) -> tuple[float, float, float]:
    return (float(row[0]), float(row[1]), float(row[2]))


def _beliefs(store: Store) -> list[tuple[Belief, datetime | None]]:
    """What is believed of each charger, and when a drop last tested it."""
    saved = store.snapshot(DRAWING_SNAPSHOT)
    found = []
    for mpan, (amps, probability, where, tested_s) in ({} if saved is None else json.loads(saved[1])).items():
        at = datetime.fromtimestamp(tested_s, UTC) if tested_s else None
        triple = (where[0], where[1], where[2])
        found.append((Belief(mpan=Mpan(mpan), amps=amps, probability=probability, phase_probability=triple), at))
    return found


def _remembered(body: Mapping[str, Any]) -> Remembered:
    counted_at = None if body["counted_at"] is None else parse_utc(body["counted_at"])
    return Remembered(habit=Habit(seen=tuple(body["seen"]), drew=tuple(body["drew"])), counted_at=counted_at)


def tracks_to_bytes(tracks: Mapping[FeederId, Track]) -> bytes:
    """What is remembered of the feeders' readings, exactly."""
    return json.dumps({f: [format_utc(t.at), t.current_a, t.repeats] for f, t in tracks.items()}).encode()


def _tracks(store: Store) -> dict[FeederId, Track]:
    saved = store.snapshot(TRACKS_SNAPSHOT)
    return {
        FeederId(feeder): Track(at=parse_utc(at), current_a=(a, b, c), repeats=repeats)
        for feeder, (at, (a, b, c), repeats) in ({} if saved is None else json.loads(saved[1])).items()
    }


def _chain(lines: Sequence[str]) -> ChainHead:
    return head_of(AuditRecord.from_line(line.encode()) for line in lines) if lines else EMPTY_CHAIN
