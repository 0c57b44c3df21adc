"""GBCS: the binary messages of smart meters as typed values, both ways, both roles. No I/O.

``decode`` and ``encode`` are the envelope; ``sign``, ``verify_signature``, ``add_mac``, ``verify_mac`` its protection;
each use case is a module of its own; ``registry`` finds it by message code or SRV.
"""

from linkbox.dcc.gbcs.envelope import Cra, Message, decode, encode, signed_part
from linkbox.dcc.gbcs.precommand import PreCommandMismatch, correlate, sign_pre_command
from linkbox.dcc.gbcs.protection import (
    BadMac,
    add_mac,
    add_mac_with_secret,
    derive_key,
    mac_with_secret,
    sign,
    verify_mac,
    verify_mac_with_secret,
    verify_signature,
)
from linkbox.dcc.gbcs.registry import ALERT_CASES, USE_CASES, failures, read_value, use_cases_of, write_payload
from linkbox.dcc.gbcs.usecase import AlertCase, UseCase

__all__ = [
    "ALERT_CASES",
    "USE_CASES",
    "AlertCase",
    "BadMac",
    "Cra",
    "Message",
    "PreCommandMismatch",
    "UseCase",
    "add_mac",
    "add_mac_with_secret",
    "correlate",
    "decode",
    "derive_key",
    "encode",
    "failures",
    "mac_with_secret",
    "read_value",
    "sign",
    "sign_pre_command",
    "signed_part",
    "use_cases_of",
    "verify_mac",
    "verify_mac_with_secret",
    "verify_signature",
    "write_payload",
]
