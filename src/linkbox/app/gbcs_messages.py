"""GBCS messages for the command line: tell about one, and build one from what was told."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from enum import Enum
from functools import cache
from types import ModuleType
from typing import Any

from linkbox.app.wire_json import from_json, to_json
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs import (
    ALERT_CASES,
    USE_CASES,
    Cra,
    Message,
    decode,
    encode,
    read_value,
    registry,
    write_payload,
)

_NO_TEXT = (LinkboxError, OverflowError, ValueError)
"""What writing raises for a number, or another value, that has no octets."""
_ADDED = ("use_case", "value", "problem")


def describe_message(data: bytes) -> dict[str, Any]:
    """A message as JSON: envelope, use case, and the value of its payload, or why that can not be read.

    Raise RemoteProtocolError where not even the envelope can be read.
    """
    message = decode(data)
    told: dict[str, Any] = to_json(message)
    if not message.bare:
        del told["bare"]
    cases: Any = ALERT_CASES if message.cra is Cra.ALERT else USE_CASES
    case = cases.get(message.message_code)
    told["use_case"] = None if case is None else case.name
    if case is None:
        return told
    try:
        told["value"] = _value(read_value(message))
    except RemoteProtocolError as error:
        told["problem"] = str(error)
    return told


def _value(value: Any) -> Any:
    told = to_json(value)
    return told if isinstance(told, dict) else {"type": type(value).__name__, "value": told}


def compose_message(told: Any) -> bytes:
    """The octets of a message that is told as ``describe_message`` does; ``payload`` or ``value`` may be left out.

    Raise InvalidInput with everything that is wrong, also where payload and value contradict each other.
    """
    if not isinstance(told, dict):
        raise InvalidInput("message", [Issue(where="message", value="", rule="must be a JSON object")])
    given = {name: item for name, item in told.items() if name not in _ADDED}
    value = told.get("value")
    if "payload" not in given and value is None:
        rule = "must be given, or a value that gives it"
        raise InvalidInput("message", [Issue(where="message.payload", value="", rule=rule)])
    message: Message = from_json({"payload": "", **given}, Message, "message")
    if value is not None:
        message = _with_value(message, value, "payload" in given)
    try:
        return encode(message)
    except _NO_TEXT as error:
        raise InvalidInput("message", [Issue(where="message", value="", rule=str(error))]) from error


def _with_value(message: Message, told: Any, has_payload: bool) -> Message:
    value = _read(told)
    try:
        payload = write_payload(value, message)
    except (*_NO_TEXT, AttributeError, TypeError) as error:  # the last two: a value of another use case
        raise InvalidInput(
            "message", [Issue(where="message.value", value="", rule=f"must fit the use case: {error}")]
        ) from error
    if has_payload and payload != message.payload:
        rule = f"must be what the value gives, {payload.hex()}, or be left out"
        raise InvalidInput("message", [Issue(where="message.payload", value=message.payload.hex()[:80], rule=rule)])
    return replace(message, payload=payload)


def _read(told: Any) -> Any:
    name = told.get("type") if isinstance(told, dict) else None
    kind = _kinds().get(name) if isinstance(name, str) else None
    if kind is None:
        rule = f"must be one of {', '.join(sorted(_kinds()))}"
        raise InvalidInput("message", [Issue(where="message.value.type", value=str(name), rule=rule)])
    return from_json(told["value"] if set(told) == {"type", "value"} else told, kind, "message.value")


@cache
def _kinds() -> dict[str, type[Any]]:
    """The classes that the modules of the use cases know, by name."""
    modules = [module for module in vars(registry).values() if isinstance(module, ModuleType)]
    found = {kind.__name__: kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    return {name: kind for name, kind in found.items() if is_dataclass(kind) or issubclass(kind, Enum)}
