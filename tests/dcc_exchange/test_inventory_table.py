"""Installations as a table."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.dcc.inventory.table import read_table, write_table

from .test_inventory import installation

HEADER = write_table([]).strip()


@given(st.lists(st.integers(1, 99), unique=True, max_size=5), st.text(" -~", max_size=22))
def test_what_is_written_is_read_back(numbers: list[int], label: str) -> None:
    homes = [installation(n, label=label) for n in numbers]
    assert list(read_table(write_table(homes))) == homes


def test_every_problem_is_listed_with_line_field_value_and_rule() -> None:
    good = write_table([installation(1)]).splitlines()[1]
    bad = good.replace("1200000000011", "1200000000012").replace(",3,", ",6,", 1).replace("dual-band", "triple-band")
    with pytest.raises(InvalidInput) as caught:
        read_table(f"{HEADER}\n{good}\n{bad}\n1,2\n", name="homes.csv")
    found = [(issue.where, issue.value) for issue in caught.value.issues]
    assert found == [
        ("homes.csv:3: mpan", "1200000000012"),
        ("homes.csv:3: slot", "6"),
        ("homes.csv:3: hub", "triple-band"),
        ("homes.csv:4: line", ""),
    ]


def test_a_table_without_its_columns_says_which_are_missing() -> None:
    with pytest.raises(InvalidInput, match="'gpf, hcalcs, label'"):
        read_table("mpan,chf,esme,slot,region,hub\n")


def test_a_device_that_occurs_twice_is_reported() -> None:
    with pytest.raises(InvalidInput, match="must occur once"):
        read_table(write_table([installation(1), installation(1)]))


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_invalid(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        read_table(HEADER + "\n" + text)
