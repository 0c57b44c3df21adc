"""Our own structural checks give the verdict of the official schema, on the same inputs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.dcc.duis import (
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from linkbox.dcc.duis.answer import response_from
from linkbox.dcc.duis.request import request_from
from linkbox.dcc.duis.xmltext import MAX_OCTETS, Element, inclusive, local_name
from linkbox.dcc.duis.xsd import OfficialSchema
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from tests.dcc_duis.damage import NASTY_TEXTS, libxml2_errs, mutated, schema, seeds, verdicts
from tests.dcc_duis.samples import REQUEST, RESPONSE


def _distinct(roots: tuple[Element, ...], attributes: bool) -> dict[str, tuple[Element, str]]:
    """One place of every kind that holds a text: by element, or by element and attribute."""
    places: dict[str, tuple[Element, str]] = {}
    for root in roots:
        for node in root.iter():
            parent = node.getparent()
            kind = f"{'root' if parent is None else local_name(parent)}/{local_name(node)}"
            if attributes:
                for name in node.keys():  # noqa: SIM118 - an lxml element iterates over children
                    places.setdefault(f"{kind}@{name!s}", (node, str(name)))
            elif not len(node):
                places.setdefault(kind, (node, ""))
    return places


def test_every_place_of_a_text_takes_what_the_official_schema_takes() -> None:
    compared, different = 0, []
    for kind, (node, _) in _distinct(seeds(), attributes=False).items():
        before, root = node.text, node.getroottree().getroot()
        for text in NASTY_TEXTS:
            node.text = text
            ours, official = verdicts(root)
            if ours != official and not libxml2_errs(root):
                different.append((kind, text, ours))
            compared += 1
        node.text = before
    assert not different, "\n".join(map(str, different))
    print(f"{compared} texts in elements judged alike")  # noqa: T201 - the count is to be seen


def test_every_attribute_takes_what_the_official_schema_takes() -> None:
    compared, different = 0, []
    for kind, (node, name) in _distinct(seeds(), attributes=True).items():
        before, root = node.get(name), node.getroottree().getroot()
        for text in NASTY_TEXTS:
            node.set(name, text)
            ours, official = verdicts(root)
            if ours != official and not libxml2_errs(root):
                different.append((kind, text, ours))
            compared += 1
        node.set(name, before or "")
    assert not different, "\n".join(map(str, different))
    print(f"{compared} texts in attributes judged alike")  # noqa: T201 - the count is to be seen


def test_every_seed_is_valid_for_both() -> None:
    for root in seeds():
        assert verdicts(root) == (True, True), inclusive(root)
    print(f"{len(seeds())} valid messages accepted by both")  # noqa: T201 - the count is to be seen


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_what_was_read_is_written_and_read_again_as_the_same_value(root: Element) -> None:
    try:
        if local_name(root) == "Request":
            request = request_from(root)
            assert decode_request(encode_request(request)) == request
        else:
            answer = response_from(root)
            assert decode_response(encode_response(answer)) == answer
    except RemoteProtocolError as error:
        assert error.rule  # noqa: PT017 - refused is as good as read; any other exception is not


@settings(max_examples=int(os.environ.get("LINKBOX_SCHEMA_EXAMPLES", "600")), deadline=None)
@given(st.data())
def test_our_verdict_is_that_of_the_official_schema(data: st.DataObject) -> None:
    root = data.draw(mutated().filter(lambda root: not libxml2_errs(root) and len(inclusive(root)) < MAX_OCTETS))
    ours, official = verdicts(root)
    assert ours == official, inclusive(root).decode()


@pytest.mark.parametrize("message", [encode_request(REQUEST), encode_response(RESPONSE)], ids=["request", "response"])
def test_our_own_messages_are_valid(message: bytes) -> None:
    assert schema().issues(message) == ()


def test_the_official_schema_says_what_is_wrong() -> None:
    data = encode_response(RESPONSE).replace(b">I0<", b">I7<")
    assert any("I7" in issue.rule for issue in schema().issues(data))


def test_an_absent_schema_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalProtocolError, match=r"DUIS-4\.0\.xsd"):
        OfficialSchema(tmp_path, "4.0")
