"""What is known of boost buttons that Linkbox takes chargers off: as they were, and whether they are back.

The row is there before anything is sent, so a button that was taken is put back also after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.dcc.exchange import Exchange
from linkbox.dcc.gbcs.ecs61c import USE_CASE as _ECS61C
from linkbox.operation.desk import BoostRow, Desk
from linkbox.operation.devices import reach_of
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.session import Session

NOTED, OFF, BACK = "noted", "off", "back"


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
    session.put_boost(command.mpan, NOTED if readable and known[slot - 1] else BACK, known)
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
