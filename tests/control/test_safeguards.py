"""Permits, planning, ledger and veto together, against devices that are late, deaf or silent.

The machine below plays a controller that does what a real one does with one charger's commands: ask for a permit, plan,
reserve with a margin for late devices, ask the veto, send; then hears back, or does not. The devices keep the truth, in
seconds. Whatever the order of events, the truth never passes a quota (but by what the DCC kept back and let through
hours later, and then the ledger says so), nobody is held whose consent was not in force, nobody is left with less than
6 A but with nothing, and everybody is free again by himself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import Phase
from linkbox.control.devices import Control, OnOff, Proportional
from linkbox.control.ledger import EntryState, Ledger, entry_from_row, entry_to_row
from linkbox.control.planning import Charger, PlannedHold, plan
from linkbox.control.veto import OutgoingHold, StoredFacts, StoredInterval, StoredWord, veto
from linkbox.customers import Candidate, ConsentEvent, ConsentKind, CustomerFile, Permit, TenancyChange, permit
from tests.control.permits import T0, mpan

MARGIN_S = 180
KEPT_BACK_S = 5 * 3600
STREET = [mpan(n) for n in range(3)]
DEVICES: dict[Mpan, Control] = dict(zip(STREET, (OnOff(), OnOff(reduced_fraction=0.5), Proportional()), strict=True))
DAY, MONTH = timedelta(days=1), timedelta(days=30)


#: Fraction of full off of the deepest hold: all; half; 32 A down to 19 %, the least whole percent that leaves 6 A.
DEEPEST: dict[Control, float] = {OnOff(): 1.0, OnOff(reduced_fraction=0.5): 0.5, Proportional(): 0.81}


@dataclass
class Sent:
    """One command on its way: what only the device knows is ``off``, in whole seconds since T0, and how far.

    ``kept_back``: the DCC lets it through hours later.
    """

    command: str
    mpan: Mpan
    at: datetime
    duration_s: int
    off: tuple[int, int] | None
    weight: float
    kept_back: bool = False
    heard: bool = False


class LastResort(RuleBasedStateMachine):
    """A controller and three devices."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.file = CustomerFile()
        self.consenting: dict[Mpan, bool] = dict.fromkeys(STREET, False)
        self.tenancy: dict[Mpan, str] = dict.fromkeys(STREET, "t0")
        self.ledger = Ledger()
        self.sent: list[Sent] = []

    def seconds(self) -> int:
        return int((self.now - T0).total_seconds())

    # the world moves

    @rule(minutes=st.one_of(st.integers(1, 40), st.integers(40, 3000)))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(who=st.sampled_from(STREET), kind=st.sampled_from(ConsentKind))
    def customer_speaks(self, who: Mpan, kind: ConsentKind) -> None:
        self.now += timedelta(seconds=1)
        self.file = self.file.with_(
            ConsentEvent(
                mpan=who,
                at=self.now,
                recorded_at=self.now,
                kind=kind,
                text_version="1",
                channel="web",
                evidence="form",
                tenancy=self.tenancy[who],
            )
        )
        if kind is not ConsentKind.SOUGHT:
            self.consenting[who] = kind is ConsentKind.GIVEN

    @initialize()
    def everybody_agrees(self) -> None:
        for who in STREET:
            self.customer_speaks(who, ConsentKind.GIVEN)

    @rule()
    def everybody_agrees_again(self) -> None:
        self.everybody_agrees()

    @rule(who=st.sampled_from(STREET))
    def tenant_moves(self, who: Mpan) -> None:
        self.now += timedelta(seconds=1)
        self.tenancy[who] = f"t{self.seconds()}"
        self.file = self.file.with_(
            TenancyChange(mpan=who, at=self.now, recorded_at=self.now, tenancy=self.tenancy[who])
        )
        self.consenting[who] = False

    # the controller acts

    @rule(need=st.floats(1, 100), hold_min=st.integers(15, 117), data=st.data())
    def overload_comes(self, need: float, hold_min: int, data: st.DataObject) -> None:
        chargers = []
        for who in STREET:
            answer = permit(
                Candidate(mpan=who, domestic=True, priority_register=False),
                self.file,
                intervention_id="i1",
                at=self.now,
            )
            if isinstance(answer, Permit):
                chargers.append(self.charger(answer))
        made = plan((need, 0.0, 0.0), chargers, hold_s=hold_min * 60, at=self.now)
        for hold in made.commands:
            self.send(hold, data.draw(st.sampled_from(["deaf", "prompt", "late", "kept back"])))

    def charger(self, answer: Permit) -> Charger:
        return Charger(
            mpan=answer.mpan,
            permit=answer,
            phase=Phase.L1,
            amps=32.0,
            probability_drawing=0.9,
            control=DEVICES[answer.mpan],
            remaining_s=max(
                0, self.ledger.remaining_s(answer.mpan, self.now, weight=DEEPEST[DEVICES[answer.mpan]]) - MARGIN_S
            ),
            used_24h_s=self.ledger.used_s(answer.mpan, self.now, DAY),
            used_30d_s=self.ledger.used_s(answer.mpan, self.now, MONTH),
        )

    def send(self, hold: PlannedHold, device: str) -> None:
        command = f"c{len(self.sent)}"
        reserved_s = hold.duration_s + MARGIN_S
        self.ledger = self.ledger.reserve(hold.mpan, self.now, reserved_s, command=command, weight=hold.weight)
        outgoing = OutgoingHold(
            command=command,
            intervention_id="i1",
            start=self.now,
            duration_s=hold.duration_s,
            weight=hold.weight,
            level=hold.level_fraction,
        )
        assert veto(outgoing, self.facts(hold.mpan), at=self.now) == ()
        assert self.consenting[hold.mpan]
        left_a = 32.0 * hold.level_fraction
        assert left_a >= 6.0 if DEVICES[hold.mpan] != OnOff() else left_a == 0.0
        begin = self.seconds() + {"prompt": 20, "late": MARGIN_S, "deaf": 0, "kept back": KEPT_BACK_S}[device]
        off = None if device == "deaf" else (begin, begin + hold.duration_s)
        self.sent.append(
            Sent(command, hold.mpan, self.now, hold.duration_s, off, hold.weight, kept_back=device == "kept back")
        )

    def facts(self, who: Mpan) -> StoredFacts:
        history = self.file.history(who)
        return StoredFacts(
            domestic=True,
            priority_register=False,
            priority_opted_in=False,
            words=tuple(
                StoredWord(at=e.at, kind=str(e.kind), tenancy=e.tenancy) for e in history if isinstance(e, ConsentEvent)
            ),
            tenancies=tuple((e.at, e.tenancy) for e in history if isinstance(e, TenancyChange)),
            objections=frozenset(),
            label_is_ev_charger=True,
            eligible=True,
            eligibility_rule="",
            proportional=isinstance(DEVICES[who], Proportional),
            deactivated_level=getattr(DEVICES[who], "reduced_fraction", 0.0),
            intervals=tuple(
                StoredInterval(command=e.command, start=e.start, end=e.end, weight=e.weight_milli / 1000)
                for e in self.ledger.entries_of(who)
            ),
        )

    # the controller hears, or not

    def unheard(self) -> list[Sent]:
        """Those whose answer may come: a device that was told late answers late."""
        return [s for s in self.sent if not s.heard and not (s.kept_back and s.off and s.off[0] > self.seconds())]

    @precondition(lambda self: self.unheard())
    @rule(data=st.data())
    def answer_is_lost(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.unheard()))
        if self.state_of(sent) is EntryState.RESERVED:
            self.ledger = self.ledger.hold_unknown(sent.command)

    @precondition(lambda self: self.unheard())
    @rule(data=st.data())
    def controller_gives_up_waiting(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.unheard()))
        until = sent.at + timedelta(seconds=sent.duration_s + MARGIN_S)
        if self.state_of(sent) is EntryState.HELD and until <= self.now:
            self.ledger = self.ledger.settle(sent.command, until)

    @precondition(lambda self: self.unheard())
    @rule(data=st.data(), twice=st.booleans())
    def answer_arrives(self, data: st.DataObject, twice: bool) -> None:
        sent = data.draw(st.sampled_from(self.unheard()))
        sent.heard = True
        if sent.off is None:
            if self.state_of(sent) in {EntryState.RESERVED, EntryState.HELD}:
                self.ledger = self.ledger.release(sent.command)
            return
        begin, end = sent.off
        if begin < self.seconds() < end and data.draw(st.booleans()):
            end = self.seconds()
            sent.off = (begin, end)
        until, since = T0 + timedelta(seconds=end), T0 + timedelta(seconds=begin)
        self.ledger = self.ledger.book(sent.command, since, until)
        if twice:
            assert self.ledger.book(sent.command, since, until) == self.ledger

    @rule()
    def controller_crashes(self) -> None:
        self.ledger = Ledger.from_entries(entry_from_row(entry_to_row(e)) for e in self.ledger.entries())

    def state_of(self, sent: Sent) -> EntryState:
        entry = self.ledger.entry(sent.command)
        assert entry is not None
        return entry.state

    # the theorems

    @invariant()
    def truth_never_passes_a_quota_but_by_what_the_dcc_kept_back(self) -> None:
        for who in STREET:
            off = [(*s.off, s.weight) for s in self.sent if s.mpan == who and s.off is not None and not s.kept_back]
            for window, quota in ((86_400, 7_200), (30 * 86_400, 28_800)):
                for edge in [a for a, _, _ in off] + [b - window for _, b, _ in off]:
                    assert covered(off, edge, edge + window) <= quota + 1e-6

    @invariant()
    def every_breach_in_the_ledger_is_of_the_dccs_making(self) -> None:
        for breach in self.ledger.explained_breaches():
            assert breach.by_overrun
            assert breach.overruns

    @invariant()
    def ledger_covers_the_truth_as_far_as_it_can_be_known(self) -> None:
        for sent in self.sent:
            entry = self.ledger.entry(sent.command)
            assert entry is not None
            if sent.off is not None and (sent.heard or not sent.kept_back):
                assert entry.start <= T0 + timedelta(seconds=sent.off[0])
                assert T0 + timedelta(seconds=sent.off[1]) <= entry.end
                assert entry.weight_milli >= 1000 * sent.weight - 1e-6

    @invariant()
    def nobody_stays_held_for_ever(self) -> None:
        for sent in self.sent:
            if sent.off is not None:
                last_moment = sent.at + timedelta(seconds=7200 + (KEPT_BACK_S if sent.kept_back else MARGIN_S))
                assert T0 + timedelta(seconds=sent.off[1]) <= last_moment


def covered(spans: list[tuple[int, int, float]], start: int, end: int) -> float:
    """Seconds of full off in ``[start, end)``: piece by piece, the heaviest span counting."""
    marks = sorted({start, end} | {t for a, b, _ in spans for t in (a, b) if start < t < end})
    return sum(
        (right - left) * max((w for a, b, w in spans if a <= left and right <= b), default=0.0)
        for left, right in pairwise(marks)
    )


TestLastResort = LastResort.TestCase
TestLastResort.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
