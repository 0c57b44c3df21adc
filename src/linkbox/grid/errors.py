"""The errors of this room."""

from __future__ import annotations

from linkbox.base.errors import LinkboxError


class GridError(LinkboxError):
    """Root of the exceptions of ``linkbox.grid``."""


class UnknownCable(GridError, LookupError):
    """A line code is not in the table, and no resistance came with it from which to estimate a rating."""

    def __init__(self, line_code: str) -> None:
        self.line_code = line_code
        super().__init__(f"line code {line_code!r}: not in the cable table and without R1; give r1_ohm_per_km")


class SnapshotMismatch(GridError, ValueError):
    """A stored fleet state can not be restored: other fleet, other version, cut short or altered."""

    def __init__(self, rule: str, found: str) -> None:
        self.rule, self.found = rule, found
        super().__init__(f"fleet snapshot refused: {rule}; found {found}")
