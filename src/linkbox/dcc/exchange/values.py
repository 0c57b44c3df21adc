"""The value of one service request under way, and its form in a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkbox.dcc.duis import ServiceRequest, decode_request, encode_request
from linkbox.dcc.exchange.commands import changes_the_device
from linkbox.dcc.exchange.services import TRANSFORM, Service
from linkbox.dcc.exchange.table import TABLE, ExchangeState
from linkbox.dcc.gbcs.envelope import Message, decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Where one service request stands.

    ``outgoing`` are the exact signed bytes to post to ``service`` now, None when nothing is left to post.
    ``pre_command`` is as received. ``response`` is the device's answer, its signature verified; ``succeeded`` says
    whether the device carried out every instruction of it. ``answer`` is the XML that ended the exchange. ``seen`` are
    digests of what came to the receive endpoint, ``duplicates`` counts repeats, ``throttled`` how often the DSP said to
    come again later, ``late`` that an answer came after the end.
    """

    request: ServiceRequest
    state: ExchangeState
    service: Service
    outgoing: bytes | None = None
    pre_command: bytes | None = None
    signed: bool = False
    response: Message | None = None
    succeeded: bool | None = None
    response_code: str | None = None
    failure: str | None = None
    answer: bytes | None = None
    seen: tuple[str, ...] = ()
    duplicates: int = 0
    throttled: int = 0
    late: bool = False
    quarantine_reference: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can change its state any more."""
        return not TABLE.rows[self.state]

    @property
    def may_have_effect(self) -> bool:
        """Whether the device may have acted, as far as is known: False only where that is certain.

        No Signed Pre-Command exists before a critical request is correlated; a refused one goes nowhere; a read
        changes nothing; and a device that answered with a failure has said so.
        """
        if not changes_the_device(self.request) or self.state is ExchangeState.REFUSED:
            return False
        if self.succeeded is not None:
            return self.succeeded
        return self.signed or self.request.command_variant != TRANSFORM

    def to_record(self) -> dict[str, Any]:
        """A dict of JSON values; ``from_record`` gives the equal Exchange back."""
        return {
            "request": encode_request(self.request).decode(),
            "state": self.state.value,
            "service": self.service,
            "outgoing": _text(self.outgoing),
            "pre_command": _hex(self.pre_command),
            "signed": self.signed,
            "response": None if self.response is None else encode(self.response).hex(),
            "succeeded": self.succeeded,
            "response_code": self.response_code,
            "failure": self.failure,
            "answer": _text(self.answer),
            "seen": list(self.seen),
            "duplicates": self.duplicates,
            "throttled": self.throttled,
            "late": self.late,
            "quarantine_reference": self.quarantine_reference,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Exchange:
        """The inverse of to_record. Raise RemoteProtocolError, KeyError or ValueError for a record that is not one."""
        response = record["response"]
        return cls(
            request=decode_request(record["request"].encode()),
            state=ExchangeState(record["state"]),
            service=record["service"],
            outgoing=_bytes(record["outgoing"]),
            pre_command=_from_hex(record["pre_command"]),
            signed=record["signed"],
            response=None if response is None else decode(bytes.fromhex(response)),
            succeeded=record["succeeded"],
            response_code=record["response_code"],
            failure=record["failure"],
            answer=_bytes(record["answer"]),
            seen=tuple(record["seen"]),
            duplicates=record["duplicates"],
            throttled=record["throttled"],
            late=record["late"],
            quarantine_reference=record["quarantine_reference"],
        )


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else octets.decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


def _from_hex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
