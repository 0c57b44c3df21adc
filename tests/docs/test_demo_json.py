"""The page on the demo's JSON has every key of real evenings, and no key that none of them has."""

from __future__ import annotations

import re

from tests.docs.evenings import Played, paths
from tests.docs.guides import DOCS

PAGE = (DOCS / "reference" / "demo-json.md").read_text("utf-8")
RUNS = ("without_control", "with_control", "household_only")


def documented() -> dict[str, set[str]]:
    """The keys of each section by its heading: ``Top``, ``wall``, ``A run`` …"""
    sections: dict[str, set[str]] = {}
    for part in PAGE.split("\n## ")[1:]:
        first_cells = re.findall(r"^\| (`[^|]*) \|", part, re.MULTILINE)
        sections[part.splitlines()[0].strip("`")] = set(re.findall(r"`([^`]+)`", " ".join(first_cells)))
    return sections


SECTIONS = documented()
ELEMENT = re.compile(r"(\[\])+$")


def is_documented(path: str) -> bool:
    section, _, rest = path.partition(".")
    known = set(SECTIONS.get(section, set()))
    if section in RUNS:
        known |= SECTIONS["A run"]
    if not rest:
        return section in SECTIONS["Top"]
    if rest.startswith("service_requests.by_srv."):
        return "service_requests.by_srv.*" in known
    return any(ELEMENT.sub("", rest) == ELEMENT.sub("", key) for key in known)


def test_every_key_of_an_evening_is_on_the_page(held: Played, escalated: Played) -> None:
    found = {path for evening in (held, escalated) for path in paths(evening.result)}
    empty = {"with_control.notices"}  # an object that may be empty, and then is a leaf itself
    parents = {key.split("[]")[0] for key in SECTIONS["with_control"] if "[]." in key}
    missing = {p for p in found - empty if not is_documented(p) and p.removeprefix("with_control.") not in parents}
    assert missing == set()


def test_every_key_on_the_page_is_in_some_evening(held: Played, escalated: Played) -> None:
    found = {ELEMENT.sub("", path) for evening in (held, escalated) for path in paths(evening.result)}
    objects = {path[:at] for path in found for at, letter in enumerate(path) if letter == "."}
    for section, keys in SECTIONS.items():
        for key in keys:
            name = ELEMENT.sub("", key.removesuffix(".*"))
            wanted = {f"{run}.{name}" for run in RUNS} if section == "A run" else {f"{section}.{name}"}
            wanted |= {name} if section == "Top" else set()
            assert wanted & (found | objects), f"no evening has {section}: {key}"
