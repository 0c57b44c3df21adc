"""The market first: flexibility contracts, the call-off, delivery as measured, and why it fell short."""

from linkbox.market.calloff import CallOff, FlexRequest, MarketError, NoCover, ShortfallReason, call_off
from linkbox.market.contracts import ALWAYS, AvailabilityWindow, Contract, check_contracts
from linkbox.market.delivery import (
    DELIVERED_FRACTION,
    Accepted,
    Answer,
    Delivered,
    Judgement,
    Measured,
    Pending,
    Rejected,
    Shortfall,
    judge,
)
from linkbox.market.records import answer_from_record, answer_to_record, call_off_from_record, call_off_to_record

__all__ = [
    "ALWAYS",
    "DELIVERED_FRACTION",
    "Accepted",
    "Answer",
    "AvailabilityWindow",
    "CallOff",
    "Contract",
    "Delivered",
    "FlexRequest",
    "Judgement",
    "MarketError",
    "Measured",
    "NoCover",
    "Pending",
    "Rejected",
    "Shortfall",
    "ShortfallReason",
    "answer_from_record",
    "answer_to_record",
    "call_off",
    "call_off_from_record",
    "call_off_to_record",
    "check_contracts",
    "judge",
]
