"""What a notice to a customer is about, as values; ``customer_notices`` puts them into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from linkbox.base.errors import Issue
from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.records.canonical import Unrecordable


class NoticeStage(StrEnum):
    """At which moment of an intervention a customer is told."""

    AHEAD = "ahead"
    START = "start"
    CHANGE = "change"
    END = "end"


class BoostButton(StrEnum):
    """What happens to the Boost Button on the meter, which can switch the charger on."""

    KEPT = "kept"
    TAKEN = "taken"
    ABSENT = "absent"


class Ending(StrEnum):
    """Why a hold ended."""

    EXPIRY = "expiry"
    RELEASE = "release"
    OBJECTION = "objection"
    NOT_HELD = "not held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """The hold may become necessary; it is not certain yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The hold is about to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The end of the hold has moved; ``was_until`` is the end that the customer knows."""

    was_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The hold is over, or turned out not to have been one."""

    ended_at: datetime
    ending: Ending


Occasion: TypeAlias = Foreseen | Started | Changed | Ended
"""What a customer is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The distributor as a customer knows it."""

    name: str
    phone: str
    website: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One customer's part in an intervention. ``until`` is when the device frees itself, whatever else happens.

    ``why`` says in plain words and whole sentences what would fail; ``reject_reference`` is the link that says no,
    ``leave_reference`` the one that leaves the scheme ("": there is none); ``reduced_to_w`` is the rate that remains,
    None for none.
    """

    mpan: Mpan
    intervention_id: str
    start: datetime
    until: datetime
    why: str
    reject_reference: str
    boost_button: BoostButton = BoostButton.KEPT
    reduced_to_w: int | None = None
    leave_reference: str = ""

    def __post_init__(self) -> None:
        require_utc(self.start)
        require_utc(self.until)
        if self.until <= self.start:
            rule = "a hold must end after it starts"
            raise Unrecordable("hold in a notice", [Issue(where="until", value=str(self.until), rule=rule)])
