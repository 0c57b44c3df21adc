"""Element shapes: one description of an element's content serves reading, checking and writing.

A shape is built from parts, in the order of the schema. Reading collects every problem instead of stopping at the
first; writing raises LocalProtocolError for a value that the schema has no text for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from linkbox.base.errors import Issue
from linkbox.dcc.duis.text import XML_SPACE, NotInSchema, RuleBroken, Simple
from linkbox.dcc.duis.xmltext import SR, XSI, Element, escape, local_name, path
from linkbox.dcc.errors import LocalProtocolError

_XSI = f"{{{XSI}}}"
_MAX_ISSUES = 50


@dataclass(slots=True)
class Findings:
    """What is wrong with a message: against the schema, and against our own rules."""

    structure: list[Issue] = field(default_factory=list)
    rules: list[Issue] = field(default_factory=list)

    def misshaped(self, where: str, value: str, rule: str) -> None:
        """Note a breach of the schema."""
        if len(self.structure) < _MAX_ISSUES:
            self.structure.append(Issue(where=where, value=value[:80], rule=rule))

    def against_rule(self, where: str, value: str, rule: str) -> None:
        """Note a breach of a rule that the schema does not know."""
        if len(self.rules) < _MAX_ISSUES:
            self.rules.append(Issue(where=where, value=value[:80], rule=rule))


class Kids:
    """The child elements of an element, read from first to last."""

    __slots__ = ("at", "items", "owner")

    def __init__(self, owner: Element) -> None:
        self.owner = owner
        self.items: Sequence[Element] = list(owner)
        self.at = 0

    def take(self, tag: str) -> Element | None:
        """The next child if it is a ``tag``, else None."""
        if self.at < len(self.items) and self.items[self.at].tag == tag:
            self.at += 1
            return self.items[self.at - 1]
        return None

    def missing(self, wanted: str, found: Findings) -> None:
        """Note that ``wanted`` should stand here."""
        there = local_name(self.items[self.at]) if self.at < len(self.items) else ""
        found.misshaped(path(self.owner), there, f"must have {wanted} here")


Values = dict[str, Any]
Out = list[str]


class Part(Protocol):
    """One piece of an element's content."""

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """Read the piece into ``into``, noting what is wrong."""
        ...

    def write(self, value: Any, out: Out) -> None:
        """Write the piece of ``value`` that it describes."""
        ...


class Shape(Protocol):
    """The content of an element whose name is given by whoever holds it."""

    def read(self, node: Element, found: Findings) -> Any:
        """The value, or None where the content is wrong (noted in ``found``)."""
        ...

    def write(self, name: str, value: Any, out: Out) -> None:
        """Write the element ``name``."""
        ...


def tag_of(name: str) -> str:
    """The name with the DUIS namespace, as lxml has it."""
    return f"{{{SR}}}{name}"


def read_text(simple: Simple[Any], node: Element, found: Findings) -> Any:
    """The value of an element of simple type; its attributes are the caller's matter."""
    if len(node):
        found.misshaped(path(node), local_name(node[0]), "must hold text only")
        return None
    return _parse(simple, node.text or "", path, node, found)


def _parse(simple: Simple[Any], text: str, where: Callable[[Element], str], node: Element, found: Findings) -> Any:
    try:
        return simple.parse(text)
    except NotInSchema as error:
        found.misshaped(where(node), text, str(error))
    except RuleBroken as error:
        found.against_rule(where(node), text, str(error))
    return None


def write_text(simple: Simple[Any], value: Any, where: str) -> str:
    """The escaped text of ``value``; raise LocalProtocolError where it has none."""
    try:
        return escape(simple.write(value))
    except (ValueError, TypeError) as error:
        raise LocalProtocolError(f"{where} {value!r}", str(error)) from None


def require_no_attributes(node: Element, found: Findings) -> None:
    """Note every attribute."""
    for name in node.keys():  # noqa: SIM118 - an lxml element iterates over children
        _stray_attribute(node, str(name), found)


def _stray_attribute(node: Element, name: str, found: Findings) -> None:
    if name.startswith(_XSI):  # the schema allows them anywhere; we have no use for them and trust none of them
        found.against_rule(path(node), name, "must not have xsi attributes")
    else:
        found.misshaped(path(node), name, "must not have this attribute")


@dataclass(frozen=True, slots=True)
class Attr:
    """A required attribute."""

    xml: str
    name: str
    simple: Simple[Any]

    def read(self, node: Element, into: Values, found: Findings) -> None:
        """Read the attribute of ``node``."""
        text = node.get(self.xml)
        if text is None:
            found.misshaped(path(node), "", f"must have the attribute {self.xml}")
        else:
            into[self.name] = _parse(self.simple, text, lambda n: f"{path(n)}/@{self.xml}", node, found)

    def write(self, value: Any) -> str:
        """`` name="value"``."""
        text = write_text(self.simple, getattr(value, self.name), self.xml).replace('"', "&quot;")
        return f' {self.xml}="{text}"'


class Leaf:
    """A child element of simple type."""

    __slots__ = ("name", "optional", "simple", "tag", "xml")

    def __init__(self, xml: str, name: str, simple: Simple[Any], *, optional: bool = False) -> None:
        self.xml, self.name, self.simple, self.optional, self.tag = xml, name, simple, optional, tag_of(xml)

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
            out.append(f"<sr:{self.xml}>{write_text(self.simple, item, self.xml)}</sr:{self.xml}>")
        elif not self.optional:
            raise LocalProtocolError(self.name, "must have a value")


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


class Content:
    """Attributes and parts of an element, read into named values."""

    __slots__ = ("_attributes", "_parts")

    def __init__(self, parts: tuple[Part, ...], attributes: tuple[Attr, ...]) -> None:
        self._parts, self._attributes = parts, attributes

    def read_into(self, node: Element, into: Values, found: Findings) -> None:
        """Read ``node`` whole: nothing may be left over."""
        for attribute in self._attributes:
            attribute.read(node, into, found)
        self._refuse_other_attributes(node, found)
        kids = Kids(node)
        for part in self._parts:
            part.read(kids, into, found)
        if kids.at < len(kids.items):
            stray = local_name(kids.items[kids.at])
            found.misshaped(path(node), stray, "must not have this element here")
        _refuse_text(node, kids.items, found, allow_space=bool(self._parts))

    def _refuse_other_attributes(self, node: Element, found: Findings) -> None:
        names = node.keys()
        if len(names) != len(self._attributes):
            known = {a.xml for a in self._attributes}
            for name in names:
                if name not in known:
                    _stray_attribute(node, str(name), found)

    def write(self, name: str, value: Any, out: Out) -> None:
        """Write the element ``name`` from the fields of ``value``."""
        out.append(f"<sr:{name}{''.join(a.write(value) for a in self._attributes)}>")
        for part in self._parts:
            part.write(value, out)
        out.append(f"</sr:{name}>")


def _refuse_text(node: Element, kids: Sequence[Element], found: Findings, *, allow_space: bool) -> None:
    space = XML_SPACE if allow_space else ""
    texts = [node.text, *(kid.tail for kid in kids)]
    for text in texts:
        if text and text.strip(space) if space else text:
            found.misshaped(path(node), str(text), "must not have text between elements")


class Record:
    """An element that is one value of a dataclass."""

    __slots__ = ("_content", "make")

    def __init__(self, make: Callable[..., Any], *parts: Part, attributes: tuple[Attr, ...] = ()) -> None:
        self.make, self._content = make, Content(parts, attributes)

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        values: Values = {}
        before = len(found.structure) + len(found.rules)
        self._content.read_into(node, values, found)
        return None if len(found.structure) + len(found.rules) != before else self.make(**values)

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        self._content.write(name, value, out)


class Text:
    """An element of simple content with attributes, one value of a dataclass."""

    __slots__ = ("_attributes", "_name", "_simple", "make")

    def __init__(
        self, make: Callable[..., Any], name: str, simple: Simple[Any], *, attributes: tuple[Attr, ...] = ()
    ) -> None:
        self.make, self._name, self._simple, self._attributes = make, name, simple, attributes

    def read(self, node: Element, found: Findings) -> Any:
        """See Shape."""
        before = len(found.structure) + len(found.rules)
        values: Values = {}
        known = {a.xml for a in self._attributes}
        for attribute in self._attributes:
            attribute.read(node, values, found)
        for name in node.keys():  # noqa: SIM118 - an lxml element iterates over children
            if name not in known:
                _stray_attribute(node, str(name), found)
        values[self._name] = read_text(self._simple, node, found)
        return None if len(found.structure) + len(found.rules) != before else self.make(**values)

    def write(self, name: str, value: Any, out: Out) -> None:
        """See Shape."""
        attributes = "".join(a.write(value) for a in self._attributes)
        text = write_text(self._simple, getattr(value, self._name), name)
        out.append(f"<sr:{name}{attributes}>{text}</sr:{name}>")


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
