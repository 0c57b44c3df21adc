"""The boost button (catalogue D3): a held charger is taken off it where the setting, the rules and the consent allow.

Read first (7.11), take off (7.10), and put back exactly as it was (7.9) when nothing is held any more. Nothing of it
delays a hold, and a button that is off is put back whatever the setting says by then."""

from __future__ import annotations

from linkbox.operation.boost_rows import BACK, BOOST_KINDS, NOTED, allowed, may_take, to_put_back
from linkbox.operation.entities import CommandKind
from linkbox.operation.plan_desk import queue_other
from linkbox.operation.session import Session


def step(session: Session) -> None:
    """Queue what is due about boost buttons."""
    desk = session.desk
    if desk.site.control.take_boost_button and allowed(session):
        _take_off(session)
    for mpan, _ in list(to_put_back(desk)):
        if desk.resting.get(mpan, session.now) <= session.now and allowed(session):
            queue_other(session, "boost", CommandKind.BOOST_ON, mpan, reason="its charger is free: the button is back")


def _take_off(session: Session) -> None:
    desk = session.desk
    busy = {c.mpan for c in desk.commands.values() if c.kind in BOOST_KINDS}
    holds = {c.mpan: c.intervention_id for c in desk.commands.values() if c.holding and c.unwanted is None}
    for mpan, intervention_id in holds.items():
        known = desk.boost.get(mpan)
        if mpan in busy or not may_take(session, mpan):
            continue
        if known is None:
            why = "which slots does the boost button switch?"
            queue_other(session, intervention_id, CommandKind.BOOST_READ, mpan, reason=why)
        elif known.state == NOTED:
            why = "its charger is held: the boost button would switch it on again"
            queue_other(session, intervention_id, CommandKind.BOOST_OFF, mpan, reason=why)
    for mpan, row in list(desk.boost.items()):
        if row.state == NOTED and mpan not in holds and mpan not in busy:
            session.put_boost(mpan, BACK)
