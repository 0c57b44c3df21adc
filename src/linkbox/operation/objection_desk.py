"""What a customer's own link does: invite when a notice goes out, show what it is about, take the no.

Whatever is wrong with a link (unknown, expired, used, made up), the answer is None or False, after the same steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc, parse_utc
from linkbox.customers import ConsentEvent, ConsentKind, Objection
from linkbox.operation import customer_desk
from linkbox.operation.controller import Controller
from linkbox.operation.invitations import LEAVE_WITHIN, MARK, TABLE
from linkbox.operation.ports import Row, Store
from linkbox.operation.session import Session
from linkbox.records.links import Claim, LinkSigner, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a good link is about: nothing that would tell a stranger who or where the customer is."""

    intervention_id: str
    language: str
    start: datetime
    until: datetime
    leave_token: str


class CustomerLinks:
    """The customers' own way to the controller. ``nudge`` is called when there is something to send at once."""

    def __init__(self, controller: Controller, store: Store, signer: LinkSigner, *, nudge: Callable[[], None]) -> None:
        self._controller, self._store, self._signer, self._nudge = controller, store, signer, nudge

    def look(self, purpose: Purpose, token: str) -> Invitation | None:
        """What the link is about; None for any link that can not be used now. Nothing changes."""
        claim, row = self._read(purpose, token)
        if row is None:
            return None
        leave_by = claim.expires_at if purpose is Purpose.LEAVE else claim.expires_at + LEAVE_WITHIN
        return Invitation(
            intervention_id=row.owner,
            language=str(row.body["language"]),
            start=parse_utc(row.body["start"]),
            until=parse_utc(row.body["until"]),
            leave_token=self._signer.token(Purpose.LEAVE, claim.reference, expires_at=leave_by),
        )

    def use(self, purpose: Purpose, token: str) -> bool:
        """Take the customer's word: once. False for any link that can not be used now."""
        _, row = self._read(purpose, token)
        if row is None:
            return False
        self._controller.act(lambda session: _take(session, purpose, row))
        self._nudge()
        return True

    def _read(self, purpose: Purpose, token: str) -> tuple[Claim, Row | None]:
        claim = self._signer.read(purpose, token)
        row = self._store.row(TABLE, claim.reference)
        usable = claim.good_at(self._controller.now()) and row is not None and row.body[MARK[purpose]] is None
        return claim, row if usable else None


def _take(session: Session, purpose: Purpose, row: Row) -> None:
    """Mark the invitation as used, and tell what the customer said, in one commit."""
    mpan, now = Mpan(row.body["mpan"]), session.now
    body = {**row.body, MARK[purpose]: format_utc(now)}
    session.tx.put(TABLE, Row(key=row.key, state="used", owner=row.owner, body=body))
    customer = session.customer(mpan)
    session.audit("objection", purpose.value, customer=customer, intervention=row.owner, by="link")
    if purpose is Purpose.REJECT:
        customer_desk.tell(session, Objection(mpan=mpan, intervention_id=row.owner, at=now, recorded_at=now))
        return
    status = session.desk.customers.consent(mpan, now)
    if status.event is None or not status.valid:
        return  # there is no consent to withdraw
    withdrawn = ConsentEvent(
        mpan=mpan,
        at=now,
        recorded_at=now,
        kind=ConsentKind.WITHDRAWN,
        text_version=status.event.text_version,
        channel="link",
        evidence=f"link of {row.owner}",
        tenancy=status.event.tenancy,
    )
    customer_desk.tell(session, withdrawn)
