"""docs/reference/network-model.md: the schema that is published is the schema that is read."""

from __future__ import annotations

from pathlib import Path

from linkbox.adapters.network_dno import FILES
from linkbox.grid.schema import SCHEMA

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "network-model.md"


def schema_rows() -> list[str]:
    return [
        f"| {f'`{name}`' if i == 0 else ''} | `{c.name}` | {c.meaning} | {c.rule} | {_otherwise(c.otherwise)} |"
        for name, columns in SCHEMA.items()
        for i, c in enumerate(columns)
    ]


def file_rows() -> list[str]:
    return [f"| `{name}` | {', '.join(f'`{column}`' for column in columns)} |" for name, columns in FILES.items()]


def _otherwise(value: str | None) -> str:
    return "" if value is None else (f"`{value}`" if value else "empty")


def test_the_page_has_every_column_with_its_rule() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    assert [row for row in schema_rows() if row not in lines] == []


def test_the_page_has_every_file_of_a_distributor() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    assert [row for row in file_rows() if row not in lines] == []
