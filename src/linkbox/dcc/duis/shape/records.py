"""Shapes: elements that are a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from linkbox.dcc.duis.shape.content import Attr, Content, read_text, require_no_attributes, stray_attribute, write_text
from linkbox.dcc.duis.shape.findings import Findings, Out, Part, Values
from linkbox.dcc.duis.text import Simple
from linkbox.dcc.duis.xmltext import Element, local_name, path


@dataclass(frozen=True, slots=True)
class Empty:
    """The content of an element that holds nothing and stands for a fixed value."""

    value: Any = None

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        require_no_attributes(node, found)
        if len(node) or node.text:
            found.misshaped(path(node), node.text or local_name(node[0]), "must be empty")
        return self.value

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        out.append(f"<sr:{name}></sr:{name}>")


@dataclass(frozen=True, slots=True)
class Plain:
    """The shape of an element of simple type without attributes."""

    simple: Simple[Any]

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        require_no_attributes(node, found)
        return read_text(self.simple, node, found)

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        out.append(f"<sr:{name}>{write_text(self.simple, value, name)}</sr:{name}>")


class Record:
    """An element that is one value of a dataclass."""

    __slots__ = ("_content", "make")

    def __init__(self, make: Callable[..., Any], *parts: Part, attributes: tuple[Attr, ...] = ()) -> None:
        self.make, self._content = make, Content(parts, attributes)

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        values: Values = {}
        before = found.count
        self._content.read_into(node, values, found)
        return self.make(**values) if found.count == before else None

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        self._content.write(name, value, out)


class Single:
    """An element whose content is one thing, called ``value``: the thing itself is what is read and written."""

    __slots__ = ("_content",)

    def __init__(self, *parts: Part, attributes: tuple[Attr, ...] = ()) -> None:
        self._content = Content(parts, attributes)

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        values: Values = {}
        self._content.read_into(node, values, found)
        return values.get("value")

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        self._content.write(name, _Held(value), out)


@dataclass(frozen=True, slots=True)
class _Held:
    value: Any


class Text:
    """An element of simple content with attributes, one value of a dataclass."""

    __slots__ = ("_attributes", "_name", "_simple", "make")

    def __init__(
        self, make: Callable[..., Any], name: str, simple: Simple[Any], *, attributes: tuple[Attr, ...] = ()
    ) -> None:
        self.make, self._name, self._simple, self._attributes = make, name, simple, attributes

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        before = found.count
        values: Values = {}
        known = {a.xml for a in self._attributes}
        for attribute in self._attributes:
            attribute.read(node, values, found)
        for name in node.keys():  # noqa: SIM118 - an lxml element iterates over children
            if name not in known:
                stray_attribute(node, str(name), found)
        values[self._name] = read_text(self._simple, node, found)
        return self.make(**values) if found.count == before else None

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        attributes = "".join(a.write(value) for a in self._attributes)
        text = write_text(self._simple, getattr(value, self._name), name)
        out.append(f"<sr:{name}{attributes}>{text}</sr:{name}>")
