"""The how-to is run: its examples must say what they say."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from linkbox.dcc.gbcs import ALERT_CASES, USE_CASES

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "gbcs.md"


def test_every_example_of_the_how_to_gives_what_it_shows() -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```$", HOW_TO.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = "\n".join(blocks)
    test = doctest.DocTestParser().get_doctest(text, {}, "gbcs.md", str(HOW_TO), 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert outcome.failed == 0, "".join(said)
    assert outcome.attempted > 25


def test_the_how_to_lists_every_message_code() -> None:
    table = HOW_TO.read_text().split("## Use cases")[1].split("## Add")[0]
    listed = set(re.findall(r"\b[01][0-9A-F]{3}\b", table))
    assert listed == {f"{code:04X}" for code in (*USE_CASES, *ALERT_CASES)}
