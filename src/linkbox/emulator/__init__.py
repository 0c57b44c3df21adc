"""The other side of the wire: the DCC and the devices behind it, with faults as seeded data."""

from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.dcc import DccEmulator, Delivery, HttpReply
from linkbox.emulator.faults import FaultKind, FaultPlan, FaultRule
from linkbox.emulator.latency import Latency, LatencyPlan

__all__ = [
    "DccEmulator",
    "Delivery",
    "EmulatorConfig",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "HttpReply",
    "Latency",
    "LatencyPlan",
]
