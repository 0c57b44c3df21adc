"""The market first: flexibility contracts, the call-off, delivery as measured, why it fell short, and its account."""

from linkbox.market.calloff import CallOff, FlexRequest, MarketError, NoCover, ShortfallReason, call_off
from linkbox.market.contracts import ALWAYS, AvailabilityWindow, Contract, check_contracts
from linkbox.market.counterfactual import Counterfactual, Measured, follow
from linkbox.market.delivery import (
    DELIVERED_FRACTION,
    Accepted,
    Answer,
    Delivered,
    Effect,
    Judgement,
    Pending,
    Rejected,
    Shortfall,
    judge,
    useful_a,
)
from linkbox.market.errors import RemoteProtocolError
from linkbox.market.findings import Finding, MarketFinding
from linkbox.market.records import (
    answer_from_record,
    answer_to_record,
    call_off_from_record,
    call_off_to_record,
    effect_from_record,
    effect_to_record,
)
from linkbox.market.uftp import UftpIdentity

__all__ = [
    "ALWAYS",
    "DELIVERED_FRACTION",
    "Accepted",
    "Answer",
    "AvailabilityWindow",
    "CallOff",
    "Contract",
    "Counterfactual",
    "Delivered",
    "Effect",
    "Finding",
    "FlexRequest",
    "Judgement",
    "MarketError",
    "MarketFinding",
    "Measured",
    "NoCover",
    "Pending",
    "Rejected",
    "RemoteProtocolError",
    "Shortfall",
    "ShortfallReason",
    "UftpIdentity",
    "answer_from_record",
    "answer_to_record",
    "call_off",
    "call_off_from_record",
    "call_off_to_record",
    "check_contracts",
    "effect_from_record",
    "effect_to_record",
    "follow",
    "judge",
    "useful_a",
]
