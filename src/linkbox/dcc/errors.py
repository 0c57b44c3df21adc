"""What can go wrong on the wire, split by whose fault it is."""

from __future__ import annotations

from linkbox.base.errors import Issue, LinkboxError


class DccError(LinkboxError):
    """Root of every exception of the room ``dcc``."""


class LocalProtocolError(DccError):
    """Our own side asked for something that the protocol does not allow: nothing was sent."""

    def __init__(self, what: str, rule: str) -> None:
        self.what, self.rule = what, rule
        super().__init__(f"{what}: {rule}")


class RemoteProtocolError(DccError):
    """What the other side sent breaks a rule. The only exception that a parser of this room raises on bad bytes.

    ``what`` names the part of the message, ``rule`` the rule that it breaks, ``response_code`` the DUIS response
    code to answer with, where one is known. ``issues`` lists every problem found when there is more than one.
    """

    def __init__(
        self, what: str, rule: str, *, response_code: str | None = None, issues: tuple[Issue, ...] = ()
    ) -> None:
        self.what, self.rule, self.response_code, self.issues = what, rule, response_code, issues
        super().__init__(f"{what}: {rule}" + "".join(f"\n  {issue}" for issue in issues))
