"""Bytes -> a safe tree, tree -> canonical bytes, text -> escaped text. Nothing else touches XML syntax."""

from __future__ import annotations

from typing import TypeAlias

from lxml import etree

from linkbox.dcc.errors import RemoteProtocolError

SR = "http://www.dccinterface.co.uk/ServiceUserGateway"
RA = "http://www.dccinterface.co.uk/ResponseAndAlert"
DS = "http://www.w3.org/2000/09/xmldsig#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAX_OCTETS = 1 << 20
MAX_DEPTH = 16
MALFORMED_CODE = "E100"

Element: TypeAlias = etree._Element
_too_deep = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_has_instruction = etree.XPath("boolean(//processing-instruction())")
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    remove_comments=True,
    remove_blank_text=False,
)


class MalformedXml(RemoteProtocolError):
    """The bytes are not an XML document of the kind that we read."""

    def __init__(self, rule: str) -> None:
        super().__init__("XML document", rule, response_code=MALFORMED_CODE)


def parse(data: bytes) -> Element:
    """The root of a document without document type, entities, processing instructions; comments are dropped.

    At most ``MAX_OCTETS`` octets and ``MAX_DEPTH`` levels, UTF-8. Nothing else is read. Raise MalformedXml.
    """
    if len(data) > MAX_OCTETS:
        raise MalformedXml(f"must be at most {MAX_OCTETS} octets, has {len(data)}")
    if b"\0" in data:  # UTF-16 or UTF-32: another alphabet in which the next check would find nothing
        raise MalformedXml("must be in UTF-8")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise MalformedXml("must not declare a document type or an entity")
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(f"must be well-formed: {error}") from None
    _require_plain(root)
    return root


def _require_plain(root: Element) -> None:
    if _too_deep(root):
        raise MalformedXml(f"must be nested at most {MAX_DEPTH} deep")
    if _has_instruction(root):
        raise MalformedXml("must not hold a processing instruction")


def inclusive(root: Element) -> bytes:
    """Inclusive Canonical XML 1.0 without comments."""
    return _canonical(root, exclusive=False)


def exclusive(element: Element) -> bytes:
    """Exclusive Canonical XML 1.0 without comments, no inclusive prefixes."""
    return _canonical(element, exclusive=True)


def _canonical(element: Element, *, exclusive: bool) -> bytes:
    try:
        return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)
    except etree.C14NError:  # the recommendation gives a document with a relative namespace name no canonical form
        raise MalformedXml("must have a canonical form: no relative namespace names") from None


def escape(text: str) -> str:
    """``text`` as canonical character data."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace("\r", "&#xD;") if "\r" in text else text


_IN_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})


def escape_attribute(text: str) -> str:
    """``text`` as a canonical attribute value."""
    return text if text.isalnum() else text.translate(_IN_ATTRIBUTE)


def path(element: Element) -> str:
    """Where ``element`` stands, for messages: ``/Request/Body/ReadInventory``."""
    names = [local_name(element)]
    names += [local_name(above) for above in element.iterancestors()]
    return "/" + "/".join(reversed(names))


def local_name(element: Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def unlayout(element: Element) -> None:
    """Remove white space between elements, in place: what DCC's signing tool does before it digests."""
    for node in element.iter(etree.Element):
        if len(node) and not (node.text or "").strip():
            node.text = None
        if not (node.tail or "").strip():
            node.tail = None
