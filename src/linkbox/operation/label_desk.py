"""Asking meters what their switches feed: nothing is held whose meter has not said that it is an EV charger."""

from __future__ import annotations

from linkbox.dcc.eligibility import Refused, may_send
from linkbox.operation.entities import CommandKind
from linkbox.operation.plan_desk import queue_other
from linkbox.operation.session import Session
from linkbox.operation.translation import SRV

PURPOSE = "labels"
READS_PER_PASS = 5
"""Reads are paced: they must never stand in the way of switching."""


def ask_labels(session: Session) -> None:
    """Queue SRV 7.7 for a few chargers whose label is not known yet. Nobody is asked while an intervention runs."""
    desk = session.desk
    if desk.interventions or not desk.fresh:
        return
    dcc = desk.site.dcc
    if isinstance(may_send(dcc.profile, role=dcc.role, srv=SRV[CommandKind.READ], at=session.now), Refused):
        return
    asked = {c.mpan for c in desk.commands.values() if c.kind is CommandKind.READ}
    resting = {mpan for mpan, until in desk.resting.items() if until > session.now}
    unknown = [m for m in desk.site.chargers if m not in desk.labels and m not in asked and m not in resting]
    for mpan in unknown[:READS_PER_PASS]:
        queue_other(session, PURPOSE, CommandKind.READ, mpan, reason="what does this switch feed?")
