"""Elements that are carried without being understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linkbox.dcc.duis.shape import Findings, Out, tag_of
from linkbox.dcc.duis.xmltext import SR, Element, MalformedXml, exclusive, local_name, parse
from linkbox.dcc.errors import LocalProtocolError

_DECLARATION = f' xmlns:sr="{SR}"'.encode()


class Opaque:
    """An element kept as canonical XML in a value with ``element`` (its name) and ``content``."""

    __slots__ = ("_make",)
    opaque = True

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape; nothing is checked."""
        return self._make(element=local_name(node), content=exclusive(node))

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape; raise LocalProtocolError unless ``content`` is the canonical XML of such an element."""
        content: bytes = value.content
        try:
            root = parse(content)
        except MalformedXml as error:
            raise LocalProtocolError(f"content of {name}", error.rule) from None
        if root.tag != tag_of(name) or root.prefix != "sr" or exclusive(root) != content:
            raise LocalProtocolError(f"content of {name}", "must be its canonical XML with the prefix sr")
        # Canonical XML declares a namespace once: here the root of the message already does.
        out.append(content.replace(_DECLARATION, b"", 1).decode())
