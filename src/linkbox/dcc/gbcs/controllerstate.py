"""The state that a controller reports, as a JSON text. Source: reference dcc.md sections 5.6 (ECS61e), 5.7 (ECS200)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import Data, Tag, Text
from linkbox.dcc.gbcs.levels import MAX_LEVEL

STATE_CHARACTERS_MAX = 72_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerLevels:
    """Output and input level (0..100 %), None where the controller says nothing; ``other`` is what else it says."""

    output_percent: int | None
    input_percent: int | None
    other: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerState:
    """The text as the controller wrote it: kept as it is, since a bad one must not spoil the rest of a response."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > STATE_CHARACTERS_MAX:
            raise LocalProtocolError("controller state", f"must not exceed {STATE_CHARACTERS_MAX} characters")

    @classmethod
    def of(cls, *, output_percent: int, input_percent: int, other: str | None = None) -> ControllerState:
        """The state of a controller that says both levels."""
        said = {"outputState": output_percent, "inputState": input_percent}
        return cls(text=json.dumps(said if other is None else {**said, "other-data": other}))

    def levels(self) -> ControllerLevels:
        """What the text says; numbers may be written as texts. Raise RemoteProtocolError if it is unreadable."""
        try:
            said = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise RemoteProtocolError("controller state", f"must be JSON: {type(error).__name__}") from None
        if not isinstance(said, dict):
            raise RemoteProtocolError("controller state", "must be a JSON object")
        other = said.get("other-data")
        return ControllerLevels(
            output_percent=_percent(said, "outputState"),
            input_percent=_percent(said, "inputState"),
            other=other if isinstance(other, str) else None,
        )


def _percent(said: dict[str, Any], name: str) -> int | None:
    value = said.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(MAX_LEVEL)):
        value = int(value)
    if value is None or (type(value) is int and 0 <= value <= MAX_LEVEL):
        return value
    raise RemoteProtocolError("controller state", f"{name} must be 0..{MAX_LEVEL}")


def encode_state(state: ControllerState) -> Data:
    """The state as a UTF-8 string."""
    return Text(Tag.UTF8_STRING, state.text)


def read_state(data: Data) -> ControllerState:
    """The inverse of ``encode_state``."""
    match data:
        case Text(Tag.UTF8_STRING, text) if len(text) <= STATE_CHARACTERS_MAX:
            return ControllerState(text=text)
    raise RemoteProtocolError("controller state", f"must be a UTF-8 string of {STATE_CHARACTERS_MAX} at most")
