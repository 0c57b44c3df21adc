"""What became of the parts of a command or a read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.data import NULL, Data
from linkbox.dcc.gbcs.dlms import (
    Choice,
    DlmsResult,
    RequestItem,
    ResponseItem,
    decode_response,
    encode_response,
    response_head,
)

T = TypeVar("T")
_REMEMBERED = 256
"""How many forms of an answer are remembered: nearly all are the same few octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The results of the sets and actions of a command, in the order of its instructions."""

    results: tuple[DlmsResult, ...]

    @property
    def success(self) -> bool:
        """Whether every instruction was carried out. A response that was delivered says nothing by itself."""
        return all(result is DlmsResult.SUCCESS for result in self.results)

    @classmethod
    def all_well(cls, count: int) -> Results:
        """The results of ``count`` instructions that were all carried out."""
        return cls(results=(DlmsResult.SUCCESS,) * count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Stands where a value could not be read, and says why."""

    result: DlmsResult


def encode_results(results: Results, choices: Sequence[Choice], counter: int) -> bytes:
    """The access response with ``results`` of sets and actions."""
    return response_head(counter) + _written(results.results, tuple(choices))


@lru_cache(maxsize=_REMEMBERED)
def _written(results: tuple[DlmsResult, ...], choices: tuple[Choice, ...]) -> bytes:
    """All of an access response but its head, which alone depends on the counter."""
    pairs = zip(choices, results, strict=True)
    items = [ResponseItem(choice=choice, result=result) for choice, result in pairs]
    return encode_response(items, counter=0)[len(response_head(0)) :]


def read_results(payload: bytes, counter: int, *allowed: tuple[Choice, ...]) -> Results:
    """The results in an access response, which must answer one of the ``allowed`` lists of sets and actions."""
    head = response_head(counter)
    if not payload.startswith(head):
        decode_response(payload, counter=counter)  # raises, and says where
    return _read(payload[len(head) :], allowed)


@lru_cache(maxsize=_REMEMBERED)
def _read(tail: bytes, allowed: tuple[tuple[Choice, ...], ...]) -> Results:
    """The results in all of an access response but its head."""
    items = decode_response(response_head(0) + tail, counter=0)
    choices = tuple(item.choice for item in items)
    if choices not in allowed or any(item.data != NULL for item in items):
        found = ", ".join(choice.name for choice in choices)
        raise RemoteProtocolError("DLMS access response", f"must hold results of the command's items alone: {found}")
    return Results(results=tuple(item.result for item in items))


def read_values(payload: bytes, counter: int, count: int) -> tuple[Data | Unread, ...]:
    """The values in the response to ``count`` gets; Unread stands for one that failed."""
    items = decode_response(payload, counter=counter)
    if len(items) != count or any(item.choice is not Choice.GET for item in items):
        raise RemoteProtocolError("DLMS access response", f"must answer {count} gets: {len(items)} items")
    for number, item in enumerate(items, 1):
        if (item.data == NULL) != (item.result is not DlmsResult.SUCCESS):
            rule = f"item {number} must hold data exactly if it succeeded: {item.result.name}"
            raise RemoteProtocolError("DLMS access response", rule)
    return tuple(item.data if item.result is DlmsResult.SUCCESS else Unread(result=item.result) for item in items)


def encode_values(values: Sequence[Data | Unread], counter: int) -> bytes:
    """The inverse of ``read_values``."""
    items = [
        ResponseItem(choice=Choice.GET, result=value.result)
        if isinstance(value, Unread)
        else ResponseItem(choice=Choice.GET, result=DlmsResult.SUCCESS, data=value)
        for value in values
    ]
    return encode_response(items, counter=counter)


def read_or(read: Callable[[Data], T], value: Data | Unread) -> T | Unread:
    """What ``read`` makes of ``value``, unless it could not be read from the device."""
    return value if isinstance(value, Unread) else read(value)


def encode_or(encode: Callable[[T], Data], value: T | Unread) -> Data | Unread:
    """The inverse of ``read_or``."""
    return value if isinstance(value, Unread) else encode(value)


def require_items(found: Sequence[RequestItem], expected: Sequence[RequestItem]) -> None:
    """Raise RemoteProtocolError unless a request has exactly the ``expected`` items."""
    if tuple(found) != tuple(expected):
        raise RemoteProtocolError("DLMS access request", f"must hold exactly the {len(expected)} items of its use case")
