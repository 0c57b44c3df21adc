"""Validation against the official schemas, where a folder with them is at hand. Our own checks do not need it."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from linkbox.base.errors import Issue
from linkbox.dcc.duis.xmltext import Element, parse
from linkbox.dcc.errors import LocalProtocolError


class OfficialSchema:
    """The DUIS schema of one version, from a folder with ``DUIS-<version>.xsd`` and the schemas that it imports.

    File names must have no blanks, and neither must the ``schemaLocation`` in them: libxml2 can not follow those.
    """

    __slots__ = ("_schema", "version")

    def __init__(self, folder: Path, version: str) -> None:
        """Raise LocalProtocolError where the schema is absent or unreadable."""
        self.version = version
        file = folder / f"DUIS-{version}.xsd"
        try:
            self._schema = etree.XMLSchema(etree.parse(file, etree.XMLParser(no_network=True)))
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise LocalProtocolError(f"schema file {file.name}", f"must be a readable XML schema: {error}") from None

    def issues(self, data: bytes) -> tuple[Issue, ...]:
        """What the official schema says against ``data``; nothing if it is valid. Raise MalformedXml."""
        return self.issues_of(parse(data))

    def issues_of(self, root: Element) -> tuple[Issue, ...]:
        """As ``issues``, of a parsed document."""
        # validate() keeps its log in the schema object: read it at once.
        if self._schema.validate(root):
            return ()
        log = str(self._schema.error_log).splitlines()  # one line per error: place, then what
        return tuple(Issue(where=f"official schema {self.version}", value="", rule=line) for line in log)
