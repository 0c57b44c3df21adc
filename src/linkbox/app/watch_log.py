"""The watch's log: a line of JSON for each event; identities of feeders, counts and durations, never a payload."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linkbox.base.time import SystemClock, format_utc
from linkbox.operation.fleet_watch import Look
from linkbox.operation.night_work import told

LOGGER = "linkbox.ingest"
_LAST = 5


class JsonLines(logging.Formatter):
    """``{"at", "level", "event", ...facts}``."""

    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        line = {"at": format_utc(SystemClock().now()), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(line | dict(facts))


class LastLines(logging.Handler):
    """The last few events, for the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_LAST)

    def emit(self, record: logging.LogRecord) -> None:
        facts = " ".join(f"{key}={value}" for key, value in getattr(record, "facts", {}).items())
        self.lines.append(f"{record.getMessage()} {facts}")


@contextmanager
def logged(file: Path | None) -> Iterator[LastLines]:
    """Within the block the log goes to a file, or to the standard error, and its last lines are at hand."""
    logger = logging.getLogger(LOGGER)
    written: logging.Handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    written.setFormatter(JsonLines())
    last = LastLines()
    for handler in (written, last):
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield last
    finally:
        for handler in (written, last):
            logger.removeHandler(handler)
            handler.close()


def log_look(
    look: Look, source_counts: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]
) -> None:
    """What one look noticed: a line for each flag with its count, for each count of a source that is trouble, for what
    the forecast's night work did, and for feeders that went blind or are seen again."""
    logger = logging.getLogger(LOGGER)
    for quality, count in look.flags.items():
        level = logging.WARNING if quality.refuses else logging.INFO
        facts = {"quality": quality.value, "count": count, "refused": quality.refuses}
        logger.log(level, "readings flagged", extra={"facts": facts})
    for source, counts in source_counts.items():
        for what in ("malformed", "shed", "shed_messages", "busy"):
            more = counts.get(what, 0) - before.get(source, {}).get(what, 0)
            if more:
                logger.warning("source in trouble", extra={"facts": {"source": source, "what": what, "count": more}})
    if look.night is not None:
        event = "forecast refitted" if look.night.accepted else "forecast kept"
        logger.info(event, extra={"facts": told(look.night)})
    if look.newly_blind_count:
        blind: dict[str, Any] = {"count": look.newly_blind_count, "feeders": list(look.newly_blind)}
        logger.warning("feeders went blind", extra={"facts": blind})
    if look.seen_again_count:
        seen: dict[str, Any] = {"count": look.seen_again_count, "feeders": list(look.seen_again)}
        logger.info("feeders are seen again", extra={"facts": seen})
