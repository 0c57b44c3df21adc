"""Asking meters what their switches feed: nothing is held whose meter has not said that it is an EV charger."""

from __future__ import annotations

from linkbox.base.identifiers import Mpan
from linkbox.dcc.eligibility import Allowed, may_send
from linkbox.operation.devices import srv_of
from linkbox.operation.entities import CommandKind
from linkbox.operation.plan_desk import queue_other
from linkbox.operation.session import Session

PURPOSE = "labels"
READS_PER_PASS = 5
"""Reads are paced: they must never stand in the way of switching."""

URGENT_READS = 40
"""Of a feeder that is in need now: without their labels nobody on it could be held."""


def ask_labels(session: Session) -> None:
    """Queue reads for chargers whose label is not known yet: a few with each reading, and while an intervention runs
    those of its feeder at once, and no others."""
    desk = session.desk
    if not desk.fresh:
        return
    urgent = {p.mpan for feeder in desk.interventions for p in desk.site.points(feeder)}
    asked = {c.mpan for c in desk.commands.values() if c.kind is CommandKind.READ}
    resting = {mpan for mpan, until in desk.resting.items() if until > session.now}
    wanted = [m for m in desk.site.chargers if m in urgent] if desk.interventions else desk.site.chargers
    unknown = [m for m in wanted if m not in desk.labels and m not in asked and m not in resting]
    most = max(0, URGENT_READS - len(asked)) if desk.interventions else READS_PER_PASS
    for mpan in [m for m in unknown if _may_ask(session, m)][:most]:
        queue_other(session, PURPOSE, CommandKind.READ, mpan, reason="what does this switch feed?")


def _may_ask(session: Session, mpan: Mpan) -> bool:
    """Whether the rules in force allow the read that this meter needs."""
    desk = session.desk
    srv = srv_of(CommandKind.READ, desk.site.inventory.find(mpan))
    return isinstance(may_send(desk.site.dcc.profile, role=desk.site.dcc.role, srv=srv, at=session.now), Allowed)
