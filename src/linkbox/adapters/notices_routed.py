"""Each notice to the channel that it names; a copy of every one to those who keep copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linkbox.operation.ports import NoticeChannel, PeerRefused


class RoutedNoticeChannel:
    """``routes`` by the notice's ``channel``; ``copies`` get all. A notice for which there is no route is refused."""

    def __init__(self, routes: Mapping[str, NoticeChannel], *, copies: Sequence[NoticeChannel] = ()) -> None:
        self._routes, self._copies = dict(routes), tuple(copies)

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        for copy in self._copies:
            await copy.deliver(notice)
        name = str(notice.get("channel", ""))
        channel = self._routes.get(name)
        if channel is None:
            raise PeerRefused(f"channel {name!r}", "it is not set up")
        await channel.deliver(notice)
