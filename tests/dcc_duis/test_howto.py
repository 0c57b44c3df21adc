"""The how-to is run: its examples must say what they say."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from linkbox.dcc.duis.requestshapes import SRV_OF_BODY
from linkbox.dcc.duis.services import SERVICES, SIGNED_PRE_COMMAND_VARIANTS

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "duis.md"


def test_every_example_of_the_how_to_gives_what_it_shows() -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```$", HOW_TO.read_text(), flags=re.MULTILINE | re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "duis.md", str(HOW_TO), 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert outcome.failed == 0, "".join(said)
    assert outcome.attempted > 30


def test_the_table_of_services_is_the_table_in_the_code() -> None:
    body_of = {srv: body.__name__ for body, srv in SRV_OF_BODY.items()}
    rows = [
        f"| {srv} | `{body_of[srv]}` | "
        + ", ".join(str(v) for v in service.kind.command_variants if v not in SIGNED_PRE_COMMAND_VARIANTS)
        + " |"
        for srv, service in SERVICES.items()
    ]
    assert "\n".join(rows) in HOW_TO.read_text()
