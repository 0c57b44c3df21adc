"""What goes over a connection, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from linkbox.base.errors import LinkboxError


class TransportError(LinkboxError):
    """Root of the errors of this room."""


class NoAnswer(TransportError):
    """No whole answer came. ``why`` is in words, without addresses. Whether the peer got the question is not known."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Question:
    """What a peer asks. ``content_type`` has no parameters and is in small letters; both may be empty."""

    method: str
    path: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. ``content_type`` as in Question."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


def media_type(value: bytes) -> str:
    """The media type in the value of a Content-Type header."""
    return value.partition(b";")[0].strip().lower().decode("latin-1")
