"""Texts, attributes, and the whole content of an element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from linkbox.dcc.duis.shape.findings import Findings, Kids, Out, Part, Values
from linkbox.dcc.duis.text import XML_SPACE, NotInSchema, RuleBroken, Simple
from linkbox.dcc.duis.xmltext import XSI, Element, escape, escape_attribute, local_name, path
from linkbox.dcc.errors import LocalProtocolError

_XSI = f"{{{XSI}}}"


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


def write_text(simple: Simple[Any], value: Any, where: str, escaped: Callable[[str], str] = escape) -> str:
    """The escaped text of ``value``; raise LocalProtocolError where it has none."""
    try:
        return escaped(simple.write(value))
    except (ValueError, TypeError) as error:
        raise LocalProtocolError(f"{where} {value!r}", str(error)) from None


def require_no_attributes(node: Element, found: Findings) -> None:
    """Note every attribute."""
    for name in node.keys():  # noqa: SIM118 - an lxml element iterates over children
        stray_attribute(node, str(name), found)


def stray_attribute(node: Element, name: str, found: Findings) -> None:
    """Note an attribute that should not be there."""
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
        item = getattr(value, self.name)
        return f' {self.xml}="{write_text(self.simple, item, self.xml, escape_attribute)}"'


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
                    stray_attribute(node, str(name), found)

    def write(self, name: str, value: Any, out: Out) -> None:
        """Write the element ``name`` from the fields of ``value``."""
        out.append(f"<sr:{name}")
        for attribute in self._attributes:
            out.append(attribute.write(value))
        out.append(">")
        for part in self._parts:
            part.write(value, out)
        out.append(f"</sr:{name}>")


def _refuse_text(node: Element, kids: Sequence[Element], found: Findings, *, allow_space: bool) -> None:
    """Note text between elements; an element that may hold none has not even room for white space."""
    for text in (node.text, *[kid.tail for kid in kids]):
        if text and not (allow_space and not text.strip(XML_SPACE)):
            found.misshaped(path(node), text, "must not have text between elements")
