"""Stored facts about customers as values again. They were checked when they were written; here they are only read."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from linkbox.base.identifiers import Mpan
from linkbox.customers import CustomerEvent, event_from_row
from linkbox.customers.rows import EVENT_KINDS


class _Kind(msgspec.Struct):
    event: str


def _as_stored(kind: type, value: Any) -> Any:
    if kind is Mpan:
        return str.__new__(Mpan, value)  # its check digit was verified when it was written
    raise NotImplementedError(kind)


_CONSENT = '{"event":"consent",'
_kind = msgspec.json.Decoder(_Kind)
_decoders = {name: msgspec.json.Decoder(kind, dec_hook=_as_stored) for name, kind in EVENT_KINDS.items()}


def fact_from_body(body: str) -> CustomerEvent:
    """The fact that a stored body tells; InvalidInput with all that is wrong with one that was not written by us."""
    try:
        known = body.startswith(_CONSENT)  # the kind comes first in what we write, and most are of this kind
        event: CustomerEvent = _decoders["consent" if known else _kind.decode(body).event].decode(body)
    except (msgspec.MsgspecError, KeyError):
        return event_from_row(json.loads(body))
    return event
