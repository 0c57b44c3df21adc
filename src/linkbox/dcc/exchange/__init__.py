"""The exchange of a service request, in the user's role and in the DSP's, sans I/O."""

from linkbox.dcc.eligibility import EligibilityRefused
from linkbox.dcc.exchange.table import TABLE, ExchangeEvent, ExchangeState
from linkbox.dcc.exchange.user import (
    open_exchange,
    receive_reply,
    receive_response,
    request_of,
    send_failed,
    time_out,
)
from linkbox.dcc.exchange.values import Exchange

__all__ = [
    "TABLE",
    "EligibilityRefused",
    "Exchange",
    "ExchangeEvent",
    "ExchangeState",
    "open_exchange",
    "receive_reply",
    "receive_response",
    "request_of",
    "send_failed",
    "time_out",
]
