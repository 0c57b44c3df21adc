"""``linkbox watch`` at work: sources into the queue, a look each second, the state saved from time to time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from linkbox.adapters.ingest.files import FileSource, read_files
from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.snapshot_file import load_snapshot, save_snapshot
from linkbox.app.watch_config import MqttPart, ReplayPart, WatchConfig
from linkbox.app.watch_fleet import fleet_judge, read_fleet, readings_check
from linkbox.app.watch_log import LOGGER, LastLines, log_look, logged
from linkbox.app.watch_screen import plain_line
from linkbox.app.watch_screen import screen as on_screen
from linkbox.app.watch_status import status
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import Clock, ManualClock, SystemClock
from linkbox.grid.fleet import Fleet
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, milliseconds
from linkbox.operation.fleet_judge import FleetJudge, Shared
from linkbox.operation.fleet_watch import FleetWatch, WatchPolicy
from linkbox.operation.ingest import Source
from linkbox.operation.ingest_queue import IngestQueue
from linkbox.operation.night_work import NightWork

_LEAST_QUEUE = 100_000
_STEP, _SECOND = timedelta(minutes=1), timedelta(seconds=1)
Show = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Watching:
    """One run's parts, wired. ``played``: minutes of the files so far, and of all."""

    config: WatchConfig
    queue: IngestQueue
    watch: FleetWatch
    judge: FleetJudge
    state: Path | None
    show: Show
    latest: dict[str, Any]
    counted: Mapping[str, Mapping[str, int]]
    played: list[int]

    def look(self) -> None:
        """One look: judged, logged and shown."""
        started = time.perf_counter()
        look = self.watch.look()
        if look is None:
            return
        took_s = time.perf_counter() - started
        counts = self.queue.counted()
        log_look(look, counts, self.counted)
        self.counted = counts
        worst = self.config.watch.worst
        self.latest = status(look, self.watch, counts, waiting=self.queue.waiting, worst=worst, took_s=took_s)
        if isinstance(self.judge, Shared):
            self.latest["workers"] = self.judge.facts
        if self.played[1]:
            self.latest["played"] = list(self.played)
        self.show(self.latest)

    def save(self) -> None:
        """Keep the state, where the configuration says so."""
        if self.state is not None:
            save_snapshot(self.state, self.watch.to_bytes())


def run_watch(
    config: WatchConfig, *, folder: Path, as_json: bool, for_s: float | None, workers: int | None = None
) -> None:
    """Watch until interrupted, until ``for_s`` seconds have passed, or until the files are played.

    ``workers`` processes share the fleet; without it, it is this process's own. Raises InvalidInput for more of them
    than there are substations.
    """
    fleet = Fleet.of(read_fleet(folder / config.fleet.table))
    index = FeederIndex(fleet.ids)
    played = None if config.replay is None else _played(config.replay, folder, index)
    clock: Clock = SystemClock() if played is None else ManualClock(_first_minute(played) - 2 * _STEP)
    begin = clock.now().replace(microsecond=0) - _SECOND
    with (
        logged(_path(folder, config.watch.log)) as last,
        _shown(as_json, last) as show,
        fleet_judge(fleet, begin, config.risk_policy(), workers) as judge,
    ):
        watching = _wired(config, folder, judge, clock, show)
        if isinstance(clock, ManualClock) and played is not None and config.replay is not None:
            left = played.take(played.at_ms > milliseconds(judge.at))  # what a restored state has seen already
            asyncio.run(_replay(watching, left, clock, config.replay.speed))
        else:
            asyncio.run(_live(watching, folder, for_s))
        watching.save()


def _wired(config: WatchConfig, folder: Path, judge: FleetJudge, clock: Clock, show: Show) -> Watching:
    """Queue and watch around a fleet, with the state that was saved."""
    most = config.watch.queue_readings or max(_LEAST_QUEUE, 2 * len(judge.index))
    queue = IngestQueue(judge.index, decoders(), clock, max_readings=most, sheds=config.watch.overflow == "shed")
    policy = WatchPolicy(
        quality=config.quality_policy(), hold_s=config.watch.hold_s, blind_after_s=config.risk_policy().blind_after_s
    )
    night = NightWork(judge, policy=config.refit.policy())
    watch = FleetWatch(judge, queue, clock, policy=policy, check=readings_check(len(judge.index)), night=night)
    state = _path(folder, config.watch.state)
    if state is not None and (saved := load_snapshot(state)) is not None:
        watch.restore(saved)
        logging.getLogger(LOGGER).info("state restored", extra={"facts": {"bytes": len(saved)}})
    return Watching(config, queue, watch, judge, state, show, {}, {}, [0, 0])


async def _replay(watching: Watching, played: ReadingBatch, clock: ManualClock, speed: float) -> None:
    """Play files back under their own time: a look for each minute of theirs."""

    def begins(end_ms: int) -> None:
        clock.move_to(max(datetime.fromtimestamp(end_ms / 1000.0, UTC), clock.now()))

    def ended(_: int) -> None:
        watching.played[0] += 1
        watching.look()

    source = FileSource(played, speed=speed, begins=begins, ended=ended)
    watching.played[1] = source.steps
    await source.run(watching.queue)


async def _live(watching: Watching, folder: Path, for_s: float | None) -> None:
    """Listen, look and save until it is over; a source that fails for good ends the watch with its reason."""
    sources = _sources(watching, folder)
    watching.look()  # the first one compiles, and keeps nobody waiting yet
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, over.set)
    if for_s is not None:
        loop.call_later(for_s, over.set)
    tasks = [asyncio.create_task(source.run(watching.queue)) for source in sources]
    tasks += [asyncio.create_task(_look_each(watching)), asyncio.create_task(_save_each(watching))]
    ending = asyncio.create_task(over.wait())
    await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, ending):
        task.cancel()
    ended = await asyncio.gather(*tasks, ending, return_exceptions=True)
    await _last_look(watching)
    for end in ended:
        if isinstance(end, Exception):
            raise end


async def _last_look(watching: Watching) -> None:
    """Judge what was taken before we go: its senders were told that they may forget it. Looks are at whole seconds."""
    watching.look()
    if watching.queue.waiting:
        await asyncio.sleep(1.01 - SystemClock().now().microsecond / 1e6)
        watching.look()


async def _look_each(watching: Watching) -> None:
    """Look at whole multiples of the period, so that a slow look does not put off the next ones."""
    period = watching.config.watch.every_s
    loop = asyncio.get_running_loop()
    while True:
        watching.look()
        now = loop.time()
        await asyncio.sleep(period - now % period)


async def _save_each(watching: Watching) -> None:
    while True:
        await asyncio.sleep(watching.config.watch.save_every_s)
        watching.save()


def _sources(watching: Watching, folder: Path) -> list[Source]:
    found: list[Source] = []
    if watching.config.mqtt is not None:
        found.append(mqtt_source(watching.config.mqtt, folder))
    if (http := watching.config.http) is not None:
        from linkbox.adapters.ingest.http import HttpSource

        def listening(port: int) -> None:
            logging.getLogger(LOGGER).info("listening", extra={"facts": {"host": http.host, "port": port}})

        found.append(HttpSource(http.host, http.port, status=lambda: watching.latest, listening=listening))
    return found


def mqtt_source(part: MqttPart, folder: Path) -> Source:
    """The broker of a configuration as a source; raise InvalidInput where that can not be."""
    try:
        from linkbox.adapters.ingest.mqtt import MqttBroker, MqttSource, Password
    except ImportError as error:
        rule = "needs aiomqtt: install the extra 'mqtt'"
        raise InvalidInput("watch", [Issue(where="mqtt", value=part.host, rule=rule)]) from error
    password = None
    if part.password_file is not None:
        try:
            password = Password((folder / part.password_file).read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            rule = f"can not be read: {type(error).__name__}"
            raise InvalidInput(
                "watch", [Issue(where="mqtt.password_file", value=part.password_file, rule=rule)]
            ) from error
    broker = MqttBroker(
        host=part.host,
        port=part.port,
        prefix=part.prefix.rstrip("/"),
        client_id=part.client_id,
        username=part.username,
        password=password,
        tls=part.tls,
        ca_file=None if part.ca_file is None else str(folder / part.ca_file),
        receive_maximum=part.receive_maximum,
    )
    return MqttSource(broker)


@contextlib.contextmanager
def _shown(as_json: bool, last: LastLines) -> Any:
    """How each status is shown: as JSON lines, on a live screen, or as plain lines where there is no terminal."""
    if as_json:
        yield _printed(lambda found: json.dumps(found, allow_nan=False))
    elif sys.stdout.isatty():
        with Live(console=Console(), auto_refresh=False, screen=False) as live:
            yield lambda found: live.update(on_screen(found, last.lines), refresh=True)
    else:
        yield _printed(plain_line)


def _printed(text: Callable[[Mapping[str, Any]], str]) -> Show:
    def show(found: Mapping[str, Any]) -> None:
        sys.stdout.write(text(found) + "\n")
        sys.stdout.flush()

    return show


def _played(part: ReplayPart, folder: Path, index: FeederIndex) -> ReadingBatch:
    found = read_files([folder / name for name in part.files], index)
    if not len(found):
        raise InvalidInput("watch", [Issue(where="replay", value="0 readings", rule="there must be a reading")])
    return found


def _first_minute(played: ReadingBatch) -> datetime:
    return datetime.fromtimestamp(int(played.at_ms[0]) // 60_000 * 60, UTC)


def _path(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name
