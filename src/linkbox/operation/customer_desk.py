"""What a customer says while Linkbox is at work: kept, and obeyed at once by those holds that it no longer allows."""

from __future__ import annotations

from linkbox.customers import CustomerEvent, Refusal, event_to_row
from linkbox.operation.plan_desk import ask_permit
from linkbox.operation.release_desk import free
from linkbox.operation.session import Session


def tell(session: Session, event: CustomerEvent) -> None:
    """Add a fact to the customers' file. A charger that may not be held any more is given its supply back."""
    desk = session.desk
    session.tx.append_customer_event(event_to_row(event))
    desk.customers = desk.customers.with_(event)
    session.audit("customer", "told", customer=session.customer(event.mpan), event=type(event).__name__, at=event.at)
    for hold in [c for c in desk.commands.values() if c.holding and c.mpan == event.mpan]:
        point = next(p for feeder in desk.site.feeders for p in feeder.points if p.mpan == event.mpan)
        verdict = ask_permit(session, hold.intervention_id, point)
        if isinstance(verdict, Refusal):
            free(session, hold, "; ".join(verdict.reasons))
