"""The same evening without HTTP: the controller's ports and the world joined by plain calls, for long studies.

What passes is byte for byte what would pass over HTTP, and the same code takes it on both sides; only the sockets are
left out. A test compares an evening over both."""

from __future__ import annotations

from linkbox.base.time import Clock
from linkbox.operation.controller import Controller
from linkbox.operation.ports import HttpAnswer, PeerUnreachable
from linkbox.study.world import Due, World
from linkbox.twin.street import Minute

_XML = "application/xml"


class DirectDcc:
    """The DCC's three services, called."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """See DccGateway.post."""
        if not self._world.dcc_running:
            raise PeerUnreachable("DCC", "it is gone")
        reply = self._world.emulator.post(service, body, at=self._clock.now())
        if reply.status >= 500 or reply.content_type != _XML:
            raise PeerUnreachable("DCC", f"HTTP {reply.status} with {reply.content_type}")
        return HttpAnswer(status=reply.status, body=reply.body)


class DirectDoor:
    """The world's way to the controller, called."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    async def tell(self, due: Due) -> bool:
        """Hand over a message; whether it was taken."""
        take = self._controller.receive_dcc if due.kind == "dcc" else self._controller.receive_market
        return take(due.body) is None

    async def read(self, feeder: str, minute: Minute) -> bool:
        """Hand over a reading; whether it was taken."""
        head, bank = (
            [round(float(a), 2) for a in values] for values in (minute.head_current_a, minute.transformer_current_a)
        )
        return self._controller.receive_reading(feeder, minute.at, head, bank) is None
