"""What a service has answered is in its store, however it ends: told to, or killed, in the middle of the traffic."""

from __future__ import annotations

import http.client
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest

from linkbox.adapters.store_sql import SqliteStore
from tests.service.installation import FEEDER, Place, ask, lay_out, running, until


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return lay_out(tmp_path_factory.mktemp("lossless"))


class Monitor(threading.Thread):
    """Posts readings as fast as they are answered, until nobody answers any more."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        self.place = place
        self.answered: list[datetime] = []
        self.other: list[int] = []

    def run(self) -> None:
        url, at = f"{self.place.url('door')}/ingest/readings", datetime.now(UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        while True:
            at += timedelta(milliseconds=1)
            amps = [30.0 + at.microsecond / 1e6, 30.0, 30.0]
            try:
                status, _ = ask("POST", url, {"feeder_id": FEEDER, "at": at.isoformat(), "current_a": amps})
            except (OSError, http.client.HTTPException):
                return
            if status == 204:
                self.answered.append(at)
            else:
                self.other.append(status)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["told to end", "killed"])
def test_every_reading_that_was_answered_is_in_the_store(place: Place, how: signal.Signals) -> None:
    with running(place.folder, "run", "service.toml", "--json") as service:
        service.line()
        monitor = Monitor(place)
        monitor.start()
        until("traffic", lambda: len(monitor.answered) >= 20)
        assert service.stop(how) == (0 if how is signal.SIGTERM else -how)
        monitor.join(60)
    store = SqliteStore(place.folder / place.store)
    kept = {at for at, _ in store.readings(FEEDER, after=None)}
    store.close()
    assert monitor.other == []
    assert set(monitor.answered) <= kept
