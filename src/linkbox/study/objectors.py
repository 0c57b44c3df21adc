"""Customers of a simulated street who say no: they open the link in their notice after a while, and press."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from linkbox.base.time import parse_utc
from linkbox.operation.ports import Store

_LINK = re.compile(r"/no/[A-Za-z0-9_-]{48}")
_SOONEST_S, _LATEST_S = 20, 240


@dataclass(slots=True)
class Objectors:
    """Where the street's mail ends. Who says no, and when, follows from the seed and the notice alone."""

    seed: int
    share: float
    clicks: dict[str, datetime] = field(default_factory=dict)
    pressed: set[str] = field(default_factory=set)

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver: read it, and perhaps mean to say no."""
        self.read(notice)

    def read(self, notice: Mapping[str, Any]) -> None:
        """A notice that was handed over, now or before a restart."""
        link = _LINK.search(str(notice.get("body", "")))
        if link is None or not self._minded(str(notice["customer"])):
            return
        draw = random.Random(f"click/{self.seed}/{notice['id']}")
        at = parse_utc(notice["at"]) + timedelta(seconds=draw.randint(_SOONEST_S, _LATEST_S))
        self.clicks.setdefault(link[0], at)

    def recall(self, store: Store) -> None:
        """After a restart: the notices that had been handed over."""
        for row in store.rows("notice", states=["delivered"]):
            self.read(row.body)

    def next_at(self) -> datetime | None:
        """When somebody presses the button next."""
        return min((at for link, at in self.clicks.items() if link not in self.pressed), default=None)

    async def press(self, base_url: str, until: datetime) -> bool:
        """Open and press what is due; whether anybody did. A link that was used already changes nothing."""
        due = sorted((at, link) for link, at in self.clicks.items() if at <= until and link not in self.pressed)
        if not due:
            return False
        async with aiohttp.ClientSession() as http:
            for _, link in due:
                async with http.get(base_url + link) as page:
                    await page.read()
                async with http.post(base_url + link) as answer:
                    await answer.read()
                self.pressed.add(link)
        return True

    def _minded(self, customer: str) -> bool:
        return random.Random(f"objector/{self.seed}/{customer}").random() < self.share
