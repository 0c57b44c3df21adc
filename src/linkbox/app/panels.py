"""Under which headings ``linkbox --help`` lists the commands."""

from __future__ import annotations

from typing import Final

SERVICE: Final = "See it, run it"
PEOPLE: Final = "People and records"
STUDIES: Final = "Studies and proofs"
TOOLS: Final = "Data, messages, neighbours"
