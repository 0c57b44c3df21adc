"""What is known of boost buttons that Linkbox takes chargers off: as they were, and whether they are back.

The row is there before anything is sent, so a button that was taken is put back also after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.dcc.eligibility import Allowed, may_send
from linkbox.dcc.exchange import Exchange
from linkbox.dcc.gbcs.ecs61c import USE_CASE as _ECS61C
from linkbox.operation.desk import BoostRow, Desk
from linkbox.operation.devices import Way, reach_of, way_of
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.session import Session
from linkbox.records.notices import BoostButton

NOTED, OFF, BACK = "noted", "off", "back"
_SRVS = ("7.9", "7.10", "7.11")


def allowed(session: Session) -> bool:
    """Whether the rules in force allow the whole of it: nothing is taken that could not be put back."""
    dcc = session.desk.site.dcc
    verdicts = (may_send(dcc.profile, role=dcc.role, srv=srv, at=session.now) for srv in _SRVS)
    return all(isinstance(verdict, Allowed) for verdict in verdicts)


def may_take(session: Session, mpan: Mpan) -> bool:
    """Whether the customer has consented to that too; a standalone APC has no boost button."""
    if session.desk.resting.get(mpan, session.now) > session.now:
        return False
    if way_of(session.desk.site.inventory.find(mpan)) is Way.LEVEL:
        return False
    consent = session.desk.customers.consent(mpan, session.now)
    given = consent.event
    return consent.valid and given is not None and given.scope.boost_button


def button_during(session: Session, mpan: Mpan) -> BoostButton:
    """What becomes of a home's boost button while its charger is held, as far as is known when that is told."""
    at = session.desk.site.inventory.find(mpan)
    if at.apc is not None or _known_elsewhere(session, mpan, at.slot):
        return BoostButton.ABSENT
    takes = session.desk.site.control.take_boost_button and allowed(session) and may_take(session, mpan)
    return BoostButton.TAKEN if takes or _is_off(session, mpan) else BoostButton.KEPT


def button_after(session: Session, mpan: Mpan) -> BoostButton:
    """What is to be told of the button when the hold is over: that it works again, if it was taken."""
    return BoostButton.TAKEN if _is_off(session, mpan) else BoostButton.KEPT


def _is_off(session: Session, mpan: Mpan) -> bool:
    row = session.desk.boost.get(mpan)
    return row is not None and row.state == OFF


def _known_elsewhere(session: Session, mpan: Mpan, slot: int) -> bool:
    """Whether the meter has told that its button switches other slots only."""
    row = session.desk.recall_row("boost", str(mpan))
    return row is not None and len(row.body["controls"]) >= slot and not row.body["controls"][slot - 1]


def take_outcome(session: Session, command: Command, exchange: Exchange) -> None:
    """What became of a request about a boost button. One that may have been done counts as done until it is undone."""
    done = command.state is CommandState.CONFIRMED
    match command.kind:
        case CommandKind.BOOST_READ if done:
            _note(session, command, exchange)
        case CommandKind.BOOST_OFF if done or command.state is CommandState.UNKNOWN:
            session.put_boost(command.mpan, OFF)
            session.audit("boost", "taken_off", customer=session.customer(command.mpan), confirmed=done)
        case CommandKind.BOOST_ON if done:
            session.put_boost(command.mpan, BACK)
            session.audit("boost", "put_back", customer=session.customer(command.mpan))


def _note(session: Session, command: Command, exchange: Exchange) -> None:
    """Keep which slots the button switches; where the charger's is not among them nothing is to be taken."""
    if exchange.response is None:
        return
    controls = _ECS61C.decode_response(exchange.response).controls
    slot = reach_of(command.kind, session.desk.site.inventory.find(command.mpan)).slot
    known = tuple(control is True for control in controls)
    readable = all(isinstance(control, bool) for control in controls)
    session.put_boost(command.mpan, NOTED if readable and known[slot - 1] else BACK, known if readable else ())
    session.audit(
        "boost", "read", customer=session.customer(command.mpan), switches_charger=readable and known[slot - 1]
    )


def to_put_back(desk: Desk) -> Iterator[tuple[Mpan, BoostRow]]:
    """Buttons that are off although nothing of their charger is held and nothing is under way about them."""
    touched = {c.mpan for c in desk.commands.values() if c.holding or c.kind in BOOST_KINDS}
    yield from ((mpan, row) for mpan, row in desk.boost.items() if row.state == OFF and mpan not in touched)


BOOST_KINDS = frozenset({CommandKind.BOOST_READ, CommandKind.BOOST_OFF, CommandKind.BOOST_ON})


def wake_times(desk: Desk) -> Iterator[datetime]:
    """When a button that could not be put back is tried again."""
    for mpan, _ in to_put_back(desk):
        if mpan in desk.resting:
            yield desk.resting[mpan]
