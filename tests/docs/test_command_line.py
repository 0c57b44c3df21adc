"""The page on the command line names every command and option that there is, with its default, and no other."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main

from linkbox.app.cli import app
from linkbox.dcc.eligibility import PROFILES
from linkbox.grid.network import FUSES
from linkbox.study.scenario import PROVIDERS
from tests.docs.guides import DOCS, shell

PAGE = (DOCS / "reference" / "command-line.md").read_text("utf-8")
ROOT_COMMAND: Any = typer.main.get_command(app)


def leaves(command: Any, name: str) -> dict[str, Any]:
    """Every command that does something, by its full name."""
    children = getattr(command, "commands", None)
    if children is None:
        return {name: command}
    return {leaf: c for child, sub in children.items() for leaf, c in leaves(sub, f"{name} {child}").items()}


COMMANDS = leaves(ROOT_COMMAND, "linkbox")


def section(name: str) -> str:
    """The text under a command's heading, "" where it has none."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def rows(text: str) -> dict[str, str]:
    """First cell to second cell, of table rows whose first cell is code."""
    found = re.findall(r"^\| (`[^|]*`) \|([^|]*)\|", text, re.MULTILINE)
    return {first: second.strip() for first, second in found}


def test_every_command_is_listed_and_no_other() -> None:
    listed = {re.sub(r"( [A-Z]+)+$", "", row.strip("`")) for row in rows(PAGE.split("## ")[0])}
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_with_its_default(name: str) -> None:
    described = rows(section(name))
    names: set[str] = set()
    for parameter in COMMANDS[name].params:
        if parameter.name == "help":
            continue
        if parameter.param_type_name == "argument":
            names.add(f"`{parameter.name.upper()}`")
            continue
        options = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
        names.add(options)
        told = described.get(options, "missing")
        if parameter.default is None:
            assert not told.startswith("`"), f"{options} has no default, the page says {told}"
        else:
            switches = {True: parameter.opts, False: parameter.secondary_opts}
            default = switches[parameter.default][0] if isinstance(parameter.default, bool) else parameter.default
            assert told == f"`{default}`", f"the default of {options} is {default}"
    assert set(described) == names


def test_every_value_that_is_chosen_from_a_list_is_listed() -> None:
    for value in (*PROVIDERS, *PROFILES):
        assert f"`{value}`" in section("linkbox demo")
    fuses = ", ".join(str(amps) for amps in sorted(FUSES)[:-1])
    assert f"{fuses} or {max(FUSES)}" in section("linkbox demo")


def test_the_program_helps_with_each_option_that_the_page_describes(tmp_path: Any) -> None:
    helped = shell("linkbox demo --help", tmp_path)
    assert [
        name for name in re.findall(r"^\| `(--[a-z-]+)`", section("linkbox demo"), re.M) if name not in helped
    ] == []
