"""What the other side of the market did wrong, with the answer to give."""

from __future__ import annotations

from linkbox.base.errors import LinkboxError


class RemoteProtocolError(LinkboxError):
    """A message that can not be taken. ``status`` and ``reason`` are what UFTP answers on the transport's own leg."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)
