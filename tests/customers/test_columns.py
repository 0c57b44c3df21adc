"""Facts as columns are the same facts, octet by octet, as line by line; what is special is left to the lines."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.customers.rows import KINDS_OF_CONSENT
from linkbox.customers.tables import LINES_AT_ONCE, Part, Reading, read_parts, read_table
from linkbox.operation.stored_facts import stored, stored_part

HOW = Reading(file="t.csv", recorded_at=datetime(2026, 1, 13, 18, tzinfo=UTC), recorded_by='50 % of "us"\n')
HEAD = ["mpan", "at", "kind", "text_version", "channel", "evidence", "tenancy"]
MPANS = [Mpan.from_core(f"2000{n:08d}") for n in (0, 1, 17, 99_999_999)]
TIMES = ["2026-01-02T10:00:00Z", "2026-01-02T11:00:00+01:00", "2024-02-29 23:59:59.123456+00:00", "2026-07-01T00:00Z"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)


def text_of(head: list[str], rows: list[list[str]]) -> io.StringIO:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([head, *rows])
    out.seek(0)
    return out


def parts(head: list[str], rows: list[list[str]]) -> list[Part]:
    found = list(read_parts(text_of(head, rows), HOW))
    assert all(isinstance(part, Part) for part in found), found
    return [part for part in found if isinstance(part, Part)]


def line(**changed: str) -> list[str]:
    usual = dict(zip(HEAD, [MPANS[0], TIMES[0], "given", "v1", "web", "form", "T1"], strict=True))
    return list((usual | changed).values())


CONSENTS = st.lists(
    st.tuples(
        st.sampled_from(MPANS),
        st.sampled_from(TIMES),
        st.sampled_from(sorted(KINDS_OF_CONSENT)),
        *[TEXTS] * 4,
    ).map(list),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(CONSENTS, st.permutations(HEAD))
def test_a_part_in_columns_is_what_its_lines_are(rows: list[list[str]], order: list[str]) -> None:
    places = [HEAD.index(name) for name in order]
    (part,) = parts(order, [[row[place] for place in places] for row in rows])
    columns = stored_part(part)
    one_by_one = [stored(fact) for fact in part.facts() if isinstance(fact, dict)]
    assert columns is not None
    assert list(columns.rows()) == one_by_one


def test_other_tables_go_as_columns_too() -> None:
    for event_head, cells in ((["mpan", "at", "tenancy"], "T2"), (["at", "mpan", "supplier"], "Elm Light")):
        given_ = {"mpan": MPANS[1], "at": TIMES[1], event_head[2]: cells}
        (part,) = parts(event_head, [[given_[name] for name in event_head]] * 3)
        columns = stored_part(part)
        assert columns is not None
        assert list(columns.rows()) == [stored(fact) for fact in part.facts() if isinstance(fact, dict)]


@pytest.mark.parametrize(
    "bad",
    [
        line(mpan="2000000000001"),
        line(mpan="200000000000"),
        line(mpan="200000000000x"),
        line(mpan="٢٠٠٠٠٠٠٠٠٠٠٠٦"),
        line(at="yesterday"),
        line(at="2026-01-02T10:00:00"),
        line(kind="maybe"),
        line(tenancy=""),
        line()[:-1],
        [*line(), "more"],
    ],
    ids=["digit", "short", "letter", "digits of another script", "no time", "no zone", "kind", "empty", "few", "many"],
)
def test_one_line_that_is_special_leaves_the_part_to_the_lines_which_say_what_is_wrong(bad: list[str]) -> None:
    (part,) = parts(HEAD, [line(), bad, line()])
    assert stored_part(part) is None
    found = list(part.facts())
    assert isinstance(found[0], dict)
    assert isinstance(found[2], dict)
    second: Any = found[1]
    assert isinstance(second, dict) or second[0].where.startswith("t.csv:3")


def test_a_head_with_more_columns_is_for_the_lines() -> None:
    (part,) = parts([*HEAD, "expires_at"], [[*line(), ""]])
    assert stored_part(part) is None
    (part,) = parts(["mpan", "at", "opted_in", "evidence"], [[MPANS[0], TIMES[0], "yes", "call"]])
    assert stored_part(part) is None


def test_lines_are_numbered_as_they_stand_in_the_file_however_many_there_are_at_once() -> None:
    rows = [line(evidence="two\nlines")] + [line()] * LINES_AT_ONCE + [line(kind="maybe")]
    text = text_of(HEAD, rows).getvalue().replace("\n", "\n\n", 1)
    found = [issue for issue in read_table(io.StringIO(text, newline=""), HOW) if not isinstance(issue, dict)]
    assert [issue.where for issues in found for issue in issues] == [f"t.csv:{LINES_AT_ONCE + 5}:kind"]
    sizes = [len(part.rows) for part in read_parts(io.StringIO(text, newline=""), HOW) if isinstance(part, Part)]
    assert sum(sizes) == LINES_AT_ONCE + 2


def test_what_is_no_csv_ends_the_table_after_what_was_right() -> None:
    text = ",".join(HEAD) + "\n" + ",".join(line()) + "\n" + '"open'
    first, last = read_table(io.StringIO(text, newline=""), HOW)
    assert isinstance(first, dict)
    assert "must be CSV" in last[0].rule  # type: ignore[index]
