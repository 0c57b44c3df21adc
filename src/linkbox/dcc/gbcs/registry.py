"""Which use case a message code means, and which SRV it serves."""

from __future__ import annotations

from typing import Any

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs import alerts, ecs47, ecs61a
from linkbox.dcc.gbcs.envelope import Cra, Message
from linkbox.dcc.gbcs.usecase import AlertCase, UseCase

USE_CASES: dict[int, UseCase[Any, Any]] = {case.message_code: case for case in (ecs47.USE_CASE, ecs61a.USE_CASE)}
ALERT_CASES: dict[int, AlertCase[Any]] = {
    case.message_code: case for case in (alerts.GENERIC_CRITICAL, alerts.GENERIC_NON_CRITICAL, alerts.ECS100)
}


def use_cases_of(srv: str) -> tuple[UseCase[Any, Any], ...]:
    """The use cases that serve the service reference variant ``srv``."""
    return tuple(case for case in USE_CASES.values() if srv in case.srvs)


def read_value(message: Message) -> object:
    """The typed value of any message of a known use case; raise RemoteProtocolError for others and for bad ones."""
    code = message.message_code
    if message.cra is Cra.ALERT and code in ALERT_CASES:
        return ALERT_CASES[code].decode_alert(message)
    if message.cra is not Cra.ALERT and code in USE_CASES:
        case = USE_CASES[code]
        return case.decode_command(message) if message.cra is Cra.COMMAND else case.decode_response(message)
    raise RemoteProtocolError("GBCS message code", f"must be of a known use case: {code:04X} {message.cra.name}")


def write_payload(value: Any, like: Message) -> bytes:
    """The payload that ``value`` gives in a message with the kind, code and counter of ``like``."""
    code, counter = like.message_code, like.originator_counter
    if like.cra is Cra.ALERT:
        return ALERT_CASES[code].encode_alert(value, counter)
    case = USE_CASES[code]
    return case.encode_command(value, counter) if like.cra is Cra.COMMAND else case.encode_response(value, counter)
