"""What requests and responses have in common: the root, the verdict, the canonical form."""

from __future__ import annotations

from typing import Any

from lxml import etree

from linkbox.dcc.duis.shape import Attr, Content, Findings, Kids, Part, tag_of
from linkbox.dcc.duis.text import DECIMAL, RuleBroken, Simple
from linkbox.dcc.duis.versions import KNOWN
from linkbox.dcc.duis.xmltext import DS, MALFORMED_CODE, SR, Element, inclusive, local_name, parse, unlayout
from linkbox.dcc.errors import RemoteProtocolError

SIGNATURE = f"{{{DS}}}Signature"
_VERSIONS = {DECIMAL.parse(number): number for number in KNOWN}


class SchemaViolation(RemoteProtocolError):
    """A message that the DUIS schema does not allow; ``issues`` names every breach."""


class RuleViolation(RemoteProtocolError):
    """A message that the schema allows and a rule beyond it does not."""


def _parse_version(text: str) -> str:
    number = DECIMAL.parse(text)
    if number not in _VERSIONS:
        raise RuleBroken("must be one of the schema versions " + ", ".join(KNOWN))
    return _VERSIONS[number]


_SCHEMA_VERSION = Attr("schemaVersion", "schema_version", Simple(_parse_version, _parse_version))


class SignatureSlot:
    """The optional Signature at the end of the root: it is read elsewhere; here, only that nothing follows it."""

    def read(self, kids: Kids, into: dict[str, Any], found: Findings) -> None:
        """See Part."""
        kids.take(SIGNATURE)

    def write(self, value: Any, out: list[str]) -> None:
        """A signature is spliced in later, never written here."""


class Root:
    """The root element of a message."""

    __slots__ = ("_content", "_name", "_tag")

    def __init__(self, name: str, *parts: Part) -> None:
        self._name, self._tag = name, tag_of(name)
        self._content = Content((*parts, SignatureSlot()), (_SCHEMA_VERSION,))

    def read(self, root: Element, found: Findings) -> dict[str, Any]:
        """The named values of the message, complete only if nothing was found."""
        values: dict[str, Any] = {}
        if root.tag != self._tag:
            found.misshaped("/" + local_name(root), str(root.tag), f"must be {self._name} of the namespace {SR}")
        else:
            self._content.read_into(root, values, found)
        return values


def judge(what: str, found: Findings) -> None:
    """Raise SchemaViolation or RuleViolation when something was found."""
    if found.structure:
        issues = (*found.structure, *found.rules)
        raise SchemaViolation(what, "must follow the DUIS schema", response_code=MALFORMED_CODE, issues=issues)
    if found.rules:
        raise RuleViolation(what, "must follow our rules", response_code=MALFORMED_CODE, issues=tuple(found.rules))


def canonical_unsigned(data: bytes) -> bytes:
    """Any message as canonical bytes: no signature, no layout between elements, no spare namespaces.

    For comparing documents, and for signing one that others wrote. Raise MalformedXml.
    """
    root = parse(data)
    for signature in root.findall(SIGNATURE):
        root.remove(signature)
    unlayout(root)
    etree.cleanup_namespaces(root)
    return inclusive(root)
