"""Which use case a message code means, and which SRV it serves."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import (
    alerts,
    ccs,
    controlleralerts,
    cs03,
    cs14,
    ecs35,
    ecs46,
    ecs46a,
    ecs47,
    ecs47a,
    ecs47e,
    ecs61a,
    ecs61c,
    ecs61d,
    ecs61e,
    ecs62,
)
from linkbox.dcc.gbcs.envelope import Cra, Message
from linkbox.dcc.gbcs.outcome import Results, Unread
from linkbox.dcc.gbcs.usecase import AlertCase, UseCase

_USE_CASES: tuple[UseCase[Any, Any], ...] = (
    ccs.CCS01,
    ccs.CCS02,
    cs03.CS03A1,
    cs03.CS03A2,
    cs03.CS03B,
    cs03.CS03C,
    ecs35.ECS35F,
    ecs35.ECS35G,
    ecs46a.USE_CASE,
    ecs46.ECS46C,
    ecs46.ECS46D,
    ecs47.USE_CASE,
    ecs47a.USE_CASE,
    ecs47e.USE_CASE,
    ecs61a.USE_CASE,
    ecs61c.USE_CASE,
    ecs61d.USE_CASE,
    ecs61e.USE_CASE,
    ecs62.USE_CASE,
)
_ALERT_CASES: tuple[AlertCase[Any], ...] = (
    alerts.GENERIC_CRITICAL,
    alerts.GENERIC_NON_CRITICAL,
    alerts.ECS100,
    controlleralerts.ECS101,
    controlleralerts.ECS102,
    controlleralerts.ECS200,
    controlleralerts.DATED,
    cs14.CS14,
)
USE_CASES = MappingProxyType({case.message_code: case for case in _USE_CASES})
"""Message code -> use case of commands and responses."""
ALERT_CASES = MappingProxyType({case.message_code: case for case in _ALERT_CASES})
"""Message code -> kind of alert."""


def use_cases_of(srv: str) -> tuple[UseCase[Any, Any], ...]:
    """The use cases that serve the service reference variant ``srv``; which of them depends on the device."""
    return tuple(case for case in _USE_CASES if srv in case.srvs)


def read_value(message: Message) -> Any:
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
    cases = ALERT_CASES if like.cra is Cra.ALERT else USE_CASES
    if code not in cases:
        raise LocalProtocolError("GBCS message code", f"must be of a known use case: {code:04X} {like.cra.name}")
    if like.cra is Cra.ALERT:
        return ALERT_CASES[code].encode_alert(value, counter)
    case = USE_CASES[code]
    return case.encode_command(value, counter) if like.cra is Cra.COMMAND else case.encode_response(value, counter)


def failures(value: object) -> tuple[str, ...]:
    """What failed, by the value of a response; empty if everything was done or read.

    A response that was delivered (I0) says nothing about that by itself.
    """
    match value:
        case Results(results=results):
            return tuple(f"instruction {n}: {result.name}" for n, result in enumerate(results, 1) if result)
        case cs03.JoinResult():
            return () if value is cs03.JoinResult.SUCCESS else (f"join: {value.name}",)
        case _ if is_dataclass(value):
            named = ((field.name, getattr(value, field.name)) for field in fields(value))
            return tuple(text for name, part in named for text in _unread(name, part))
    raise LocalProtocolError(f"value {type(value).__name__}", "must be that of a response")


def _unread(name: str, part: object) -> tuple[str, ...]:
    if isinstance(part, Unread):
        return (f"{name}: {part.result.name}",)
    if isinstance(part, tuple):
        return tuple(f"{name} {n}: {one.result.name}" for n, one in enumerate(part, 1) if isinstance(one, Unread))
    return ()
