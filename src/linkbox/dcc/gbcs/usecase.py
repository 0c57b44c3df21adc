"""What every use case has in common: from a typed value to a message and back, in either role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.envelope import Cra, Message, answer_to, encode_pre_command
from linkbox.dcc.gbcs.times import date_time_octets

C = TypeVar("C")
R = TypeVar("R")
A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCase(Generic[C, R]):
    """A GBCS use case: a command C to a device and its response R.

    ``critical`` says whether a user signs the command; None where both forms exist. The four functions turn a value
    into the octets of a payload and back; each takes the originator counter, which DLMS repeats inside.
    """

    name: str
    message_code: int
    srvs: tuple[str, ...]
    critical: bool | None
    encode_command: Callable[[C, int], bytes]
    read_command: Callable[[bytes, int], C]
    encode_response: Callable[[R, int], bytes]
    read_response: Callable[[bytes, int], R]

    def command(
        self,
        value: C,
        *,
        originator: Eui64,
        recipient: Eui64,
        counter: int,
        user: Eui64 | None = None,
        user_counter: int | None = None,
    ) -> Message:
        """The unsigned command. Where the access control broker is the originator, ``user`` and ``user_counter`` say
        for whom it acts; the counter is then its own."""
        return Message(
            cra=Cra.COMMAND,
            originator_counter=counter,
            originator=originator,
            recipient=recipient,
            message_code=self.message_code,
            supplementary_party=user,
            supplementary_counter=user_counter,
            payload=self.encode_command(value, counter),
        )

    def build_pre_command(self, value: C, *, originator: Eui64, recipient: Eui64, counter: int) -> bytes:
        """The Pre-Command that ``value`` must give, as DUIS delivers it: unsigned, with its trailing 00."""
        if self.critical is False:
            raise LocalProtocolError(self.name, "has no Pre-Command: it is not critical")
        return encode_pre_command(
            self.encode_command(value, counter),
            originator=originator,
            recipient=recipient,
            counter=counter,
            message_code=self.message_code,
        )

    def response(self, command: Message, value: R, *, at: datetime | None = None) -> Message:
        """The unsigned response of the device to ``command``; ``at`` is the time in its header, if it has one."""
        self._require(command, Cra.COMMAND)
        return answer_to(
            command,
            message_code=self.message_code,
            payload=self.encode_response(value, command.originator_counter),
            date_time=None if at is None else date_time_octets(at),
        )

    def decode_command(self, message: Message) -> C:
        """The value of a command; raise RemoteProtocolError if it is not exactly one of this use case."""
        self._require(message, Cra.COMMAND)
        return self.read_command(message.payload, message.originator_counter)

    def decode_response(self, message: Message) -> R:
        """The value of a response; raise RemoteProtocolError if it is not exactly one of this use case."""
        self._require(message, Cra.RESPONSE)
        return self.read_response(message.payload, message.originator_counter)

    def _require(self, message: Message, cra: Cra) -> None:
        require_kind(message, self.name, self.message_code, cra)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase(Generic[A]):
    """A GBCS alert that a device sends by itself. ``critical`` says whether the device signs it."""

    name: str
    message_code: int
    critical: bool
    encode_alert: Callable[[A, int], bytes]
    read_alert: Callable[[bytes, int], A]

    def alert(
        self,
        value: A,
        *,
        originator: Eui64,
        recipient: Eui64,
        counter: int,
        user: Eui64 | None = None,
        user_counter: int | None = None,
    ) -> Message:
        """The unsigned alert of the device ``originator`` with its own ``counter``."""
        return Message(
            cra=Cra.ALERT,
            originator_counter=counter,
            originator=originator,
            recipient=recipient,
            message_code=self.message_code,
            supplementary_party=user,
            supplementary_counter=user_counter,
            payload=self.encode_alert(value, counter),
        )

    def decode_alert(self, message: Message) -> A:
        """The value of an alert; raise RemoteProtocolError if it is not exactly one of this kind."""
        require_kind(message, self.name, self.message_code, Cra.ALERT)
        return self.read_alert(message.payload, message.originator_counter)


def require_kind(message: Message, name: str, message_code: int, cra: Cra) -> None:
    """Raise RemoteProtocolError unless ``message`` has this code and this CRA flag."""
    if message.message_code != message_code or message.cra is not cra:
        found = f"{message.message_code:04X} {message.cra.name}"
        raise RemoteProtocolError("GBCS message", f"must be {message_code:04X} {cra.name} ({name}), is {found}")
