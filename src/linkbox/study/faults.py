"""Named sets of faults for a scenario: what the DCC, its devices and the connections to them do wrong, and how often.

Every fault follows from the seed and from what it strikes (a request, a home, a moment), never from how often or in
which order anything was drawn. So a run can be repeated, and goes on after a kill as if there had been none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from linkbox.base.time import Clock, format_utc
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.emulator.draws import Draws
from linkbox.operation.ports import DccGateway, HttpAnswer, PeerUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong in one evening.

    ``dcc`` is data for the emulator. Of the posts to the DCC ``post_lost`` never arrive, and of those that do
    ``reply_lost`` are taken but their reply is lost. ``reading_lost`` of the readings never reach the controller."""

    dcc: FaultPlan = field(default_factory=FaultPlan)
    post_lost: float = 0.0
    reply_lost: float = 0.0
    reading_lost: float = 0.0


def faults_of(name: str, *, start: datetime, end: datetime) -> Faults:
    """The faults called ``name`` for an evening from ``start`` to ``end``; raise KeyError for a name not in FAULTS."""
    return FAULTS[name](start, end)


def _none(start: datetime, end: datetime) -> Faults:
    return Faults()


def _rough(start: datetime, end: datetime) -> Faults:
    """A bad night: of everything that can go wrong, a little."""
    rules = (
        _rule(FaultKind.COMMAND_LOST, 0.04),
        _rule(FaultKind.RESPONSE_LOST, 0.04),
        _rule(FaultKind.DELIVERY_LOST, 0.03),
        _rule(FaultKind.DELAY, 0.06, delay_s=40.0),
        _rule(FaultKind.DELAY, 0.03, delay_s=200.0),  # comes after the request has timed out
        _rule(FaultKind.DUPLICATE, 0.10, delay_s=25.0),
        _rule(FaultKind.REORDER, 0.10, delay_s=45.0),
        _rule(FaultKind.WRONG_XML_SIGNATURE, 0.03),
        _rule(FaultKind.WRONG_GBCS_SIGNATURE, 0.03),
        _rule(FaultKind.THROTTLE, 0.05),
        _rule(FaultKind.QUARANTINE, 0.02),
        _rule(FaultKind.VERSION_MISMATCH, 0.01),
        *_spells(FaultKind.HUB_OFFLINE, 0.10, start, end, minutes=25),
        *_spells(FaultKind.HCALCS_OFFLINE, 0.05, start, end, minutes=3),
        *_spells(FaultKind.ALERT_STORM, 0.02, start, end, minutes=5, delay_s=10.0),
    )
    return Faults(dcc=FaultPlan(rules=rules), post_lost=0.03, reply_lost=0.03, reading_lost=0.02)


def _deaf(start: datetime, end: datetime) -> Faults:
    """No command that switches ever reaches a device; reads do."""
    return Faults(dcc=FaultPlan(rules=tuple(_rule(FaultKind.COMMAND_LOST, 1.0, srv=srv) for srv in ("7.6", "7.8"))))


def _forged(start: datetime, end: datetime) -> Faults:
    """Every device acts on what switches, and every proof of it is forged."""
    kinds = (FaultKind.WRONG_XML_SIGNATURE, FaultKind.WRONG_GBCS_SIGNATURE)
    rules = tuple(_rule(kind, 0.5 if kind is kinds[0] else 1.0, srv="7.6") for kind in kinds)
    return Faults(dcc=FaultPlan(rules=rules))


FAULTS: Mapping[str, Callable[[datetime, datetime], Faults]] = {
    "none": _none,
    "rough": _rough,
    "deaf": _deaf,
    "forged": _forged,
}
"""The names that a scenario may use."""


def _rule(kind: FaultKind, probability: float, *, srv: str | None = None, delay_s: float = 0.0) -> FaultRule:
    return FaultRule(kind=kind, probability=probability, srv=srv, delay_s=delay_s)


def _spells(
    kind: FaultKind, probability: float, start: datetime, end: datetime, *, minutes: int, delay_s: float = 0.0
) -> tuple[FaultRule, ...]:
    """Spells that begin at four moments of the evening, each in its own random share of the homes."""
    quarter = (end - start) / 4
    return tuple(
        FaultRule(
            kind=kind,
            probability=probability,
            start=start + quarter * number,
            end=start + quarter * number + timedelta(minutes=minutes),
            delay_s=delay_s,
        )
        for number in range(4)
    )


class LossyDcc:
    """A connection to the DCC that sometimes breaks, before or after a request got through."""

    def __init__(self, dcc: DccGateway, faults: Faults, *, seed: int, clock: Clock) -> None:
        self._dcc, self._faults, self._clock = dcc, faults, clock
        self._draws = Draws(seed)

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """See DccGateway.post. The same bytes at the same moment always fare the same."""
        key = (sha256(body).hexdigest(), format_utc(self._clock.now()))
        if self._draws.happens(self._faults.post_lost, "post lost", *key):
            raise PeerUnreachable("DCC", "the connection broke before the request was sent")
        answer = await self._dcc.post(service, body)
        if self._draws.happens(self._faults.reply_lost, "reply lost", *key):
            raise PeerUnreachable("DCC", "the connection broke before the reply came")
        return answer


def reading_lost(faults: Faults, at: datetime, *, seed: int) -> bool:
    """Whether the reading of this moment never reaches the controller."""
    return Draws(seed).happens(faults.reading_lost, "reading lost", format_utc(at))
