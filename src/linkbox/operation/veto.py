"""Asking the independent veto about a hold, at the last moment before its signed bytes go out."""

from __future__ import annotations

from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.control.devices import Proportional
from linkbox.control.veto import OutgoingHold, StoredFacts, StoredInterval, StoredWord, veto
from linkbox.customers import ConsentEvent, Objection, PriorityChoice, TenancyChange
from linkbox.dcc.eligibility import Refused, may_send
from linkbox.dcc.inventory import label_is_ev_charger
from linkbox.operation.desk import Desk, LiveExchange
from linkbox.operation.devices import control_of
from linkbox.operation.entities import Command, CommandKind


def veto_reasons(desk: Desk, live: LiveExchange, at: datetime) -> tuple[str, ...]:
    """Why this request must not be sent now; empty for reads, for resets, and for holds that may go."""
    command = desk.commands.get(live.command_id)
    if command is None or command.kind is not CommandKind.HOLD:
        return ()
    hold = OutgoingHold(
        command=command.id,
        intervention_id=command.intervention_id,
        start=command.start,
        duration_s=command.duration_s,
        weight=command.weight,
        level=command.level_fraction,
    )
    return veto(hold, _facts(desk, command, at), at=at)


def _facts(desk: Desk, command: Command, at: datetime) -> StoredFacts:
    mpan = command.mpan
    point = next(p for feeder in desk.site.feeders for p in feeder.points if p.mpan == mpan)
    history = [e for e in desk.customers.history(mpan) if e.recorded_at <= at]
    choices = [e for e in history if isinstance(e, PriorityChoice) and e.at <= at]
    dcc = desk.site.dcc
    verdict = may_send(dcc.profile, role=dcc.role, srv=command.srv, at=at)
    label = desk.labels.get(mpan)
    charger = desk.site.chargers[mpan]
    control = control_of(charger, desk.site.inventory.find(mpan))
    return StoredFacts(
        domestic=point.domestic,
        priority_register=point.priority_register,
        priority_opted_in=max(choices, key=lambda c: c.at).opted_in if choices else False,
        words=tuple(
            StoredWord(
                at=e.at,
                kind=e.kind.value,
                tenancy=e.tenancy,
                text_version=e.text_version,
                expires_at=e.expires_at,
                off=e.scope.off,
                register=e.scope.register_opt_in,
            )
            for e in history
            if isinstance(e, ConsentEvent)
        ),
        tenancies=tuple((e.at, e.tenancy) for e in history if isinstance(e, TenancyChange)),
        objections=frozenset(e.intervention_id for e in history if isinstance(e, Objection)),
        label_is_ev_charger=label is not None and label_is_ev_charger(label),
        eligible=not isinstance(verdict, Refused),
        eligibility_rule=verdict.rule,
        intervals=_intervals(desk, mpan, at),
        proportional=isinstance(control, Proportional),
        rated_a=charger.rated_a,
        deactivated_level=charger.reduced_fraction,
    )


def _intervals(desk: Desk, mpan: Mpan, at: datetime) -> tuple[StoredInterval, ...]:
    """The ledger's rows of one charger that can still matter."""
    oldest = at - timedelta(days=31)
    return tuple(
        StoredInterval(command=e.command, start=e.start, end=e.end, weight=e.weight_milli / 1000)
        for e in desk.ledger.entries_of(mpan)
        if e.end > oldest
    )
