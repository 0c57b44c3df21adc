"""Readings over MQTT 5, quality of service 1, acknowledged when they were taken. Needs the extra ``mqtt``.

Below a prefix (``linkbox`` unless set otherwise) the second level of the topic tells the format:
``linkbox/reading/...``, ``linkbox/columns/...``, ``linkbox/arrow/...``; what follows is free and not looked at.

Back-pressure: at most ``receive_maximum`` messages are on their way unacknowledged, so a broker sends no more until
some were taken; what waits in the broker is the broker's to bound. Messages of quality of service 0 know no such limit:
of them the oldest go when as many wait here, counted as ``shed_messages``.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from linkbox.base.errors import Issue
from linkbox.operation.ingest import Answer, Busy, Format, Refused, Sink

BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
SESSION_EXPIRY_S = 3600
"""How long the broker keeps what we have not acknowledged while we are away."""

_log = logging.getLogger("linkbox.ingest")
_AT_MOST_ONCE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttBroker:
    """Where the broker is and who we are there. ``client_id`` names our session: one watch, one id.

    The password does not show when this is printed."""

    host: str
    port: int = 1883
    prefix: str = "linkbox"
    client_id: str = "linkbox-watch"
    username: str | None = None
    password: Password | None = None
    tls: bool = False
    ca_file: str | None = None
    receive_maximum: int = 500


class Password:
    """A text that does not print."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Password(…)"

    def reveal(self) -> str:
        """The text."""
        return self._text


class MqttSource:
    """A Source that stays connected: after a failure it comes back, later each time, and resumes its session."""

    name = "mqtt"

    def __init__(self, broker: MqttBroker, *, backoff_s: tuple[float, ...] = BACKOFF_S) -> None:
        self._broker, self._backoff_s = broker, backoff_s
        self._failures = 0

    async def run(self, sink: Sink) -> None:
        while True:
            try:
                await self._listen(sink)
            except aiomqtt.MqttError as error:
                wait_s = self._backoff_s[min(self._failures, len(self._backoff_s) - 1)]
                self._failures += 1
                sink.count(self.name, "connections_lost")
                _log.warning("mqtt connection lost", extra={"facts": {"why": str(error)[:200], "retry_in_s": wait_s}})
                await asyncio.sleep(wait_s)

    async def _listen(self, sink: Sink) -> None:
        waiting = _Bounded(self._broker.receive_maximum, lambda: sink.count(self.name, "shed_messages"))
        async with self._client(waiting) as client:
            await client.subscribe(f"{self._broker.prefix}/#", qos=1)
            self._failures = 0
            sink.count(self.name, "connections")
            async for first in client.messages:
                message: aiomqtt.Message | None = first
                while message is not None:  # what has come meanwhile, without a task for each
                    await self._hand_over(sink, message)
                    if message.qos > _AT_MOST_ONCE:
                        client._client.ack(message.mid, message.qos)
                    message = None if waiting.empty() else waiting.get_nowait()

    async def _hand_over(self, sink: Sink, message: aiomqtt.Message) -> None:
        while isinstance(answer := self._offered(sink, message), Busy):
            await sink.room()
        if isinstance(answer, Refused):
            rules = [f"{issue.where}: {issue.rule}" for issue in answer.issues[:3]]
            _log.warning("message refused", extra={"facts": {"source": self.name, "rules": rules}})

    def _offered(self, sink: Sink, message: aiomqtt.Message) -> Answer:
        form = self._format(message.topic.value)
        if form is None:
            sink.count(self.name, "malformed")
            rule = f"must begin with {self._broker.prefix}/ and reading, columns or arrow"
            return Refused(issues=(Issue(where="topic", value="another", rule=rule),))
        body = message.payload
        return sink.take(self.name, form, body if isinstance(body, bytes) else b"")

    def _format(self, topic: str) -> Format | None:
        below = topic.removeprefix(f"{self._broker.prefix}/").split("/", 1)[0]
        return Format(below) if below in tuple(Format) else None

    def _client(self, waiting: _Bounded) -> aiomqtt.Client:
        b = self._broker
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho declares no types here
        properties.ReceiveMaximum = b.receive_maximum
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        client = aiomqtt.Client(
            b.host,
            b.port,
            identifier=b.client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            username=b.username,
            password=b.password.reveal() if b.password is not None else None,
            tls_context=ssl.create_default_context(cafile=b.ca_file) if b.tls else None,
            queue_type=cast("Any", lambda **_: waiting),
        )
        client._client.manual_ack_set(True)  # aiomqtt has no option for it; the method of paho is public
        return client


class _Bounded(asyncio.Queue[aiomqtt.Message]):
    """A queue that holds what the broker may send unacknowledged, and as many messages of quality 0, oldest first."""

    def __init__(self, most: int, shed: Callable[[], None]) -> None:
        super().__init__()
        self._most, self._shed, self._at_most_once = most, shed, 0

    def _get(self) -> aiomqtt.Message:
        message: aiomqtt.Message = super()._get()
        self._at_most_once -= message.qos == _AT_MOST_ONCE
        return message

    def _put(self, item: aiomqtt.Message) -> None:
        if item.qos == _AT_MOST_ONCE:
            if self._at_most_once >= self._most:
                self._let_oldest_go()
            self._at_most_once += 1
        super()._put(item)

    def _let_oldest_go(self) -> None:
        waiting = self._queue  # type: ignore[attr-defined]  # a deque, as the documentation of _init promises
        oldest = next(place for place, held in enumerate(waiting) if held.qos == _AT_MOST_ONCE)
        del waiting[oldest]
        self._at_most_once -= 1
        self._shed()
