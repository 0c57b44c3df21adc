"""The world's own memory: what reached it and when, so that a killed simulation can be put back where it was.

The real world needs no journal; it is simply still there after the controller was killed. One JSON line each,
handed to the operating system before the answer goes out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc, parse_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldEvent:
    """``kind``: ``post`` (to the DCC), ``flex`` (to the provider), ``minute`` (a reading was taken by the
    controller), ``taken`` or ``refused`` (what the controller did with an asynchronous message)."""

    at: datetime
    kind: str
    name: str
    body: bytes = b""


class WorldJournal:
    """Append-only file of events. A last line that a kill cut off is taken away, so that no later one joins it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        if path.stat().st_size:
            self._file.truncate(path.read_bytes().rfind(b"\n") + 1)

    def add(self, event: WorldEvent) -> None:
        """Write one event."""
        line: dict[str, Any] = {"at": format_utc(event.at), "kind": event.kind, "name": event.name}
        if event.body:
            line["body"] = base64.b64encode(event.body).decode()
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def read_journal(path: Path) -> Iterator[WorldEvent]:
    """The events in order. A last line that was cut off by the kill is left out; raise InvalidInput for any other."""
    if not path.exists():
        return
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            line = json.loads(raw)
            body = base64.b64decode(line.get("body", ""), validate=True)
            event = WorldEvent(at=parse_utc(line["at"]), kind=line["kind"], name=line["name"], body=body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            shown = raw[:60].decode(errors="replace")
            raise InvalidInput("journal", [Issue(where=f"{path}:{number}", value=shown, rule=str(error))]) from error
        yield event
