"""Bodies as JSON: whatever is changed in a published one gives a request or a list of issues."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.app.duis_build import from_options
from linkbox.app.duis_messages import describe, read_any
from linkbox.base.errors import InvalidInput
from linkbox.dcc.duis import decode_request
from tests.dcc_smki.places import vectors

SEARCH = {"type": "ByUprn", "uprn": -5}
OTHERS: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, "", "zz", "é", "00", [], {}, SEARCH, "2026-01-01T05:00:00+05:00")
NASTY: st.SearchStrategy[Any] = st.sampled_from(OTHERS).map(copy.deepcopy)


@cache
def published() -> list[dict[str, Any]]:
    """The published requests, as ``show --json`` tells them."""
    files = sorted(vectors("duis-requests").glob("*.XML"))
    return [json.loads(json.dumps(describe(read_any(file.read_bytes())))) for file in files]


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as a path of keys."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_is_changed_gives_a_request_or_a_list_of_issues(data: st.DataObject) -> None:
    shown = copy.deepcopy(data.draw(st.sampled_from(published())))
    body = shown["body"]
    for _ in range(data.draw(st.integers(1, 2))):
        (*above, last) = data.draw(st.sampled_from(places(body)[1:]))
        parent = body
        for key in above:
            parent = parent[key]
        parent[last] = data.draw(NASTY)
    originator, target, counter = shown["request_id"].split(":")
    header = {"originator": originator, "target": target, "counter": counter, "command_variant": None}
    with suppress(InvalidInput):
        built = from_options(shown["srv"], {**header, "schema_version": "5.4"}, {}, json.dumps(body).encode())
        assert decode_request(built).srv == shown["srv"]
