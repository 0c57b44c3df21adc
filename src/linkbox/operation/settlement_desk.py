"""The account of an event that is over: one row for each order, and a FlexSettlement to each provider."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from linkbox.base.time import parse_utc
from linkbox.control.intervention import Intervention
from linkbox.market import effect_from_record
from linkbox.market.messages import order_name
from linkbox.market.settlement import Ordered, Settled, flex_settlement, settle
from linkbox.market.uftp import amps
from linkbox.operation.market_desk import accepted_requests
from linkbox.operation.outbox import between
from linkbox.operation.ports import Row
from linkbox.operation.session import Session

SETTLE_WITHIN = timedelta(hours=24)


def settle_event(session: Session, intervention: Intervention) -> None:
    """Settle every order of an intervention that has just been closed; nothing where nothing was ordered."""
    orders = _orders(session, intervention)
    recorded = {} if intervention.call_off is None else intervention.call_off.get("effect")
    accounts = settle(orders, effect_from_record(recorded) if recorded else None)
    for account in accounts:
        body = account.to_record()
        key = account.request.request_id
        session.tx.put("settlement", Row(key=key, state="open", owner=intervention.id, body=body))
        session.audit("market", "settled", intervention=intervention.id, **body)
    for _, mine in groupby(sorted(accounts, key=_contract), key=_contract):
        message = flex_settlement(list(mine), session.desk.site.market, session.now)
        body = between(message, session.now, session.now + SETTLE_WITHIN)
        session.queue("market_message", message["message_id"], intervention.id, body)


def _contract(account: Settled) -> tuple[str, str]:
    return account.request.contract_id, account.request.request_id.rsplit("/", 2)[0]


def _orders(session: Session, intervention: Intervention) -> list[Ordered]:
    """The orders that reached their providers and were not taken back."""
    found = []
    for request, answer in accepted_requests(intervention):
        row = session.desk.recall_row("market_message", session.desk.site.market.message_id(order_name(request)))
        if row is not None and row.state == "delivered":
            ordered_a = min(amps(isp["power"]) for isp in row.body["isps"])
            since = max(answer.at, parse_utc(row.body["time_stamp"]))
            found.append(Ordered(request=request, ordered_a=ordered_a, since=since))
    return found
