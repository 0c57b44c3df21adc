"""Parts: children of an element that are fields of its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from linkbox.dcc.duis.shape.content import Attr, Content, read_text, require_no_attributes, write_text
from linkbox.dcc.duis.shape.findings import Findings, Kids, Out, Part, Shape, Values, tag_of
from linkbox.dcc.duis.shape.records import Empty
from linkbox.dcc.duis.text import Simple
from linkbox.dcc.errors import LocalProtocolError


class Leaf:
    """A child element of simple type."""

    __slots__ = ("_end", "_start", "name", "optional", "simple", "tag", "xml")

    def __init__(self, xml: str, name: str, simple: Simple[Any], *, optional: bool = False) -> None:
        self.xml, self.name, self.simple, self.optional, self.tag = xml, name, simple, optional, tag_of(xml)
        self._start, self._end = f"<sr:{xml}>", f"</sr:{xml}>"

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        node = kids.take(self.tag)
        if node is not None:
            require_no_attributes(node, found)
            into[self.name] = read_text(self.simple, node, found)
        elif self.optional:
            into[self.name] = None
        else:
            kids.missing(self.xml, found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        item = getattr(value, self.name)
        if item is not None:
            out.append(f"{self._start}{write_text(self.simple, item, self.xml)}{self._end}")
        elif not self.optional:
            raise LocalProtocolError(self.name, "must have a value")


class Flag:
    """An optional empty child: there or not."""

    __slots__ = ("name", "tag", "xml")

    def __init__(self, xml: str, name: str) -> None:
        self.xml, self.name, self.tag = xml, name, tag_of(xml)

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        node = kids.take(self.tag)
        into[self.name] = node is not None
        if node is not None:
            Empty().read(node, found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        if getattr(value, self.name):
            out.append(f"<sr:{self.xml}></sr:{self.xml}>")


class Nest:
    """A child element whose parts are fields of the same value as those around it."""

    __slots__ = ("_content", "tag", "xml")

    def __init__(self, xml: str, *parts: Part, attributes: tuple[Attr, ...] = ()) -> None:
        self.xml, self.tag, self._content = xml, tag_of(xml), Content(parts, attributes)

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        node = kids.take(self.tag)
        if node is None:
            kids.missing(self.xml, found)
        else:
            self._content.read_into(node, into, found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        self._content.write(self.xml, value, out)


class Named:
    """A child element whose very name is a field, and whose parts are fields of the same value."""

    __slots__ = ("_content", "_tags", "_xml", "name")

    def __init__(self, name: str, names: Mapping[str, Any], *parts: Part) -> None:
        self.name, self._content = name, Content(parts, ())
        self._tags = {tag_of(xml): value for xml, value in names.items()}
        self._xml = {value: xml for xml, value in names.items()}

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        node = kids.items[kids.at] if kids.at < len(kids.items) else None
        if node is None or node.tag not in self._tags:
            kids.missing("one of " + ", ".join(self._xml.values()), found)
            return
        kids.at += 1
        into[self.name] = self._tags[str(node.tag)]
        self._content.read_into(node, into, found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        choice = getattr(value, self.name)
        if choice not in self._xml:
            raise LocalProtocolError(f"{self.name} {choice!r}", f"must be one of {list(self._xml)}")
        self._content.write(self._xml[choice], value, out)


class Child:
    """A child element that is a value of its own."""

    __slots__ = ("name", "optional", "shape", "tag", "xml")

    def __init__(self, xml: str, name: str, shape: Shape, *, optional: bool = False) -> None:
        self.xml, self.name, self.shape, self.optional, self.tag = xml, name, shape, optional, tag_of(xml)

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        node = kids.take(self.tag)
        into[self.name] = None if node is None else self.shape.read(node, found)
        if node is None and not self.optional:
            kids.missing(self.xml, found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        item = getattr(value, self.name)
        if item is not None:
            self.shape.write(self.xml, item, out)
        elif not self.optional:
            raise LocalProtocolError(self.name, "must have a value")


class Many:
    """``least`` to ``most`` children of one name, as a tuple."""

    __slots__ = ("least", "most", "name", "shape", "tag", "xml")

    def __init__(self, xml: str, name: str, shape: Shape, *, least: int, most: int) -> None:
        self.xml, self.name, self.shape, self.least, self.most, self.tag = xml, name, shape, least, most, tag_of(xml)

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        items: list[Any] = []
        while len(items) < self.most and (node := kids.take(self.tag)) is not None:
            items.append(self.shape.read(node, found))
        if len(items) < self.least:
            kids.missing(f"at least {self.least} of {self.xml}", found)
        into[self.name] = tuple(items)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        items = getattr(value, self.name)
        if not self.least <= len(items) <= self.most:
            raise LocalProtocolError(f"{len(items)} of {self.name}", f"must be {self.least}..{self.most}")
        for item in items:
            self.shape.write(self.xml, item, out)


class Withheld:
    """A field that this schema version has no element for: it must be None."""

    __slots__ = ("name", "since")

    def __init__(self, name: str, since: str) -> None:
        self.name, self.since = name, since

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        if getattr(value, self.name) is not None:
            raise LocalProtocolError(self.name, f"can be sent from schema version {self.since} only")


class Choice:
    """Exactly one (or, if optional, at most one) of several children.

    ``pick`` says which alternative a value is written as.
    """

    __slots__ = ("_by_tag", "_pick", "_shapes", "name", "optional")

    def __init__(
        self, name: str, shapes: Mapping[str, Shape], pick: Callable[[Any], str], *, optional: bool = False
    ) -> None:
        self.name, self.optional, self._shapes, self._pick = name, optional, dict(shapes), pick
        self._by_tag = {tag_of(xml): shape for xml, shape in shapes.items()}

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """See Part."""
        shape = self._by_tag.get(str(kids.items[kids.at].tag)) if kids.at < len(kids.items) else None
        if shape is not None:
            kids.at += 1
            into[self.name] = shape.read(kids.items[kids.at - 1], found)
        elif self.optional:
            into[self.name] = None
        else:
            kids.missing("one of " + ", ".join(list(self._shapes)[:30]), found)

    def write(self, value: Any, out: Out) -> None:
        """See Part."""
        item = getattr(value, self.name)
        if item is None and self.optional:
            return
        xml = self._pick(item)
        self._shapes[xml].write(xml, item, out)


def by_class(shapes: Mapping[str, Shape]) -> Callable[[Any], str]:
    """The ``pick`` of a Choice whose alternatives are different classes; a value with ``element`` names its own."""
    names = {getattr(shape, "make", None): xml for xml, shape in shapes.items() if not hasattr(shape, "opaque")}

    def pick(item: Any) -> str:
        xml = names.get(type(item)) or getattr(item, "element", None)
        if xml not in shapes:
            known = ", ".join(sorted(make.__name__ for make in names if make is not None))
            raise LocalProtocolError(type(item).__name__, f"must be one of {known}")
        return str(xml)

    return pick
