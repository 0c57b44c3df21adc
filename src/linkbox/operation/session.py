"""One transaction of the operation: what it writes, and the audit records that tell why.

Memory is changed together with the store. If the commit fails the desk is loaded anew from the store, so the
two never disagree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.time import format_utc
from linkbox.control.intervention import Intervention
from linkbox.control.ledger import Ledger, entry_to_row
from linkbox.operation.checkpoint_desk import sign_head
from linkbox.operation.desk import REST_AFTER_FAILURE, BoostRow, Desk, LiveExchange
from linkbox.operation.entities import COMMAND_TABLE, Command, plain
from linkbox.operation.personal import keep_openings, keep_token
from linkbox.operation.ports import Row, Transaction
from linkbox.operation.reporting import put_effect, put_trip
from linkbox.records.audit import AuditEvent, append
from linkbox.records.commitments import seal


class Session:
    """A unit of work at one moment: ``desk`` is the memory, ``tx`` the store's transaction, ``now`` the time.

    ``now`` is in whole milliseconds, which is what the store keeps: so memory is what a restart would load."""

    def __init__(self, desk: Desk, tx: Transaction, now: datetime) -> None:
        self.desk, self.tx = desk, tx
        self.now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._lines: list[tuple[int, str]] = []

    def audit(self, stream: str, kind: str, **facts: Any) -> None:
        """Append a record to the chain. MPANs go in as the customer's token, and what is Personal as a commitment
        whose salt and value are kept beside the chain: nothing of a person stands in it in clear."""
        seq, salts = self.desk.chain.seq + 1, self.desk.site.salts
        sealed, openings = seal(plain(facts), lambda where: salts(f"{seq}/{where}"))
        keep_openings(self.tx, seq, openings, self.now)
        event = AuditEvent(at=self.now, stream=stream, kind=kind, facts=sealed)
        record = append(self.desk.chain, event)
        self.desk.chain = self.desk.chain.after(record)
        self._lines.append((record.seq, record.line().decode()))
        if stream == "effect":
            put_effect(self.tx, self.now, record.seq, kind, event.facts)
        self.desk.tell(self.now, stream, kind, facts)

    def customer(self, mpan: Mpan) -> str:
        """The pseudonym under which a customer stands in every record, from the first time on until it is redacted."""
        token = self.desk.tokens.get(mpan)
        if token is None:
            token = keep_token(self.tx, mpan, self.desk.site.salts, self.desk.tokens_redacted, self.now)
            self.desk.tokens[mpan] = token
        return token

    def put_intervention(self, value: Intervention) -> Intervention:
        """Store an intervention; a closed one leaves the memory."""
        row = Row(key=value.id, state=value.state.value, owner=value.feeder_id, body=value.to_record())
        self.tx.put("intervention", row)
        if value.open:
            self.desk.interventions[value.feeder_id] = value
        else:
            self.desk.interventions.pop(value.feeder_id, None)
        return value

    def put_stop(self, feeder_id: FeederId, *, in_force: bool) -> None:
        """Store that a person wants nothing done on a feeder, or that this is over."""
        state = "in force" if in_force else "lifted"
        self.tx.put("stop", Row(key=feeder_id, state=state, owner=feeder_id, body={"at": format_utc(self.now)}))
        if in_force:
            self.desk.stopped.add(feeder_id)
        else:
            self.desk.stopped.discard(feeder_id)

    def put_command(self, value: Command) -> Command:
        """Store a command; one that is over leaves the memory."""
        self.tx.put("command", value.to_row())
        if value.state in COMMAND_TABLE.final:
            self.desk.commands.pop(value.id, None)
        else:
            self.desk.commands[value.id] = value
        return value

    def put_ledger(self, ledger: Ledger, command_id: str) -> None:
        """Store the ledger's row of one command and take over the new ledger."""
        entry = ledger.entry(command_id)
        if entry is not None:
            body = entry_to_row(entry)
            self.tx.put("hold", Row(key=command_id, state=entry.state.value, owner=str(entry.mpan), body=body))
        self.desk.ledger = ledger

    def put_exchange(self, live: LiveExchange) -> None:
        """Store a service request with its signed bytes; a finished one leaves the memory."""
        self.tx.put("exchange", live.to_row())
        key = str(live.exchange.request.request_id)
        if live.done:
            put_trip(self.tx, self.desk, live)
            self.desk.exchanges.pop(key, None)
        else:
            self.desk.exchanges[key] = live

    def put_boost(self, mpan: Mpan, state: str, controls: tuple[bool, ...] | None = None) -> None:
        """Store where a boost button stands; one that is back as it was leaves the memory."""
        known = self.desk.boost_controls(mpan) if controls is None else controls
        self.tx.put("boost", Row(key=str(mpan), state=state, owner=str(mpan), body={"controls": list(known)}))
        if state == "back":
            self.desk.boost.pop(mpan, None)
        else:
            self.desk.boost[mpan] = BoostRow(state=state, controls=known)

    def rest(self, mpan: Mpan) -> None:
        """Leave a charger alone for a while, because its last command failed."""
        until = self.now + REST_AFTER_FAILURE
        self.tx.put("resting", Row(key=str(mpan), state="", owner=str(mpan), body={"until": format_utc(until)}))
        self.desk.resting[mpan] = until

    def first_refusal(self, intervention_id: str, mpan: Mpan, reasons: tuple[str, ...]) -> bool:
        """Keep that a charger may not be held in an intervention; whether that is said for the first time."""
        if (intervention_id, mpan) in self.desk.refusals:
            return False
        body = {"mpan": str(mpan), "reasons": list(reasons)}
        self.tx.put("refusal", Row(key=f"{intervention_id}/{mpan}", state="", owner=intervention_id, body=body))
        self.desk.refusals.add((intervention_id, mpan))
        return True

    def queue(self, table: str, key: str, owner: str, body: dict[str, Any]) -> None:
        """Queue a message for delivery after the commit (``market_message`` or ``notice``)."""
        self.tx.put(table, Row(key=key, state="queued", owner=owner, body=plain(body)))
        self.desk.outbox[(table, key)] = plain(body)

    def finish(self) -> None:
        """Write the audit records of this unit of work, and a checkpoint where one is due; the last thing before the
        commit."""
        self.tx.append_audit(self._lines)
        self._lines = []
        desk = self.desk
        desk.signed = desk.signed.after(desk.chain, self.now)
        if desk.signed.due(desk.chain, desk.site.checkpoints, self.now):
            self.sign()

    def sign(self) -> None:
        """Sign the chain's head, if there is something that is not under a signature, and a key to do it with."""
        key = self.desk.site.notices.records_key
        if key is not None and self.desk.signed.seq < self.desk.chain.seq:
            self.desk.signed = sign_head(self.tx, self.desk.chain, key, self.now)
