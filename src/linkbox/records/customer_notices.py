"""What customers are told about an intervention, as values: sending them is an adapter's work.

A notice says what happens, for how long at most, why, that the supply comes back by itself, and how to say no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

from linkbox.base.errors import Issue
from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.records.canonical import Unrecordable
from linkbox.records.civil_time import clock_words, day_words, minutes_words, span_words


class NoticeStage(StrEnum):
    """At which moment of an intervention a customer is told."""

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


Occasion: TypeAlias = Started | Changed | Ended
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

    ``why`` says in plain words and whole sentences what would fail; ``reject_reference`` is the link that says no;
    ``reduced_to_w`` is the rate that remains, None for none.
    """

    mpan: Mpan
    intervention_id: str
    start: datetime
    until: datetime
    why: str
    reject_reference: str
    boost_button: BoostButton = BoostButton.KEPT
    reduced_to_w: int | None = None

    def __post_init__(self) -> None:
        require_utc(self.start)
        require_utc(self.until)
        if self.until <= self.start:
            rule = "a hold must end after it starts"
            raise Unrecordable("hold in a notice", [Issue(where="until", value=str(self.until), rule=rule)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNotice:
    """A message to one customer. It names nobody else."""

    mpan: Mpan
    intervention_id: str
    stage: NoticeStage
    at: datetime
    subject: str
    body: str


def customer_notice(hold: Hold, sender: Sender, occasion: Occasion, *, at: datetime) -> CustomerNotice:
    """The notice to one customer on one occasion, in plain text, times in British civil time."""
    match occasion:
        case Started():
            stage, subject, paragraphs = NoticeStage.START, *_started(hold, sender)
        case Changed(was_until=was_until):
            stage, subject, paragraphs = NoticeStage.CHANGE, *_changed(hold, sender, was_until)
        case Ended(ended_at=ended_at, ending=ending):
            stage, subject, paragraphs = NoticeStage.END, *_ended(hold, sender, ended_at, ending)
        case _:
            assert_never(occasion)
    closing = f"{sender.name}, your electricity network. {sender.website}\nReference {hold.intervention_id}"
    return CustomerNotice(
        mpan=hold.mpan,
        intervention_id=hold.intervention_id,
        stage=stage,
        at=require_utc(at),
        subject=subject,
        body="\n\n".join([*(p for p in paragraphs if p), closing]) + "\n",
    )


def _started(hold: Hold, sender: Sender) -> tuple[str, list[str]]:
    done = "paused" if hold.reduced_to_w is None else "slowed down"
    to = "" if hold.reduced_to_w is None else f" to {hold.reduced_to_w / 1000:g} kW"
    most = minutes_words(hold.until - hold.start)
    span = span_words(hold.start, hold.until)
    return f"Your car charger will be {done} until {clock_words(hold.until)}", [
        f"Your car charger will be {done}{to} from {span}: at most {most}. It may be shorter.",
        f"Why: {hold.why} If nothing were done, you and your neighbours could lose your electricity supply.",
        _NOTHING_ELSE,
        _BOOST[hold.boost_button],
        _say_no(hold, sender) + " No reason is needed, and it costs you nothing. Your charger is then freed within "
        "a minute or two.",
        _LIMITS,
    ]


def _changed(hold: Hold, sender: Sender, was_until: datetime) -> tuple[str, list[str]]:
    later = hold.until > was_until
    most = minutes_words(hold.until - hold.start)
    return f"Your car charger: the new end is {clock_words(hold.until)}", [
        (
            f"We told you that your car charger would be held until {clock_words(was_until)}. The new end is "
            f"{'later' if later else 'earlier'}: {clock_words(hold.until)} on {day_words(hold.until)}. In all that is "
            f"at most {most}."
        ),
        f"Why: {hold.why}" if later else "",
        "Your charger starts again by itself when the time is over. You do not have to do anything.",
        _say_no(hold, sender),
    ]


def _ended(hold: Hold, sender: Sender, ended_at: datetime, ending: Ending) -> tuple[str, list[str]]:
    call = f"If your charger does not start again, call {sender.phone} at any hour."
    if ending is Ending.NOT_HELD:
        return "Your car charger was not held", [
            (
                "We told you that your car charger would be held. In the end it was not: nothing was switched in your "
                "home, and nothing is counted against your hours."
            ),
            call,
        ]
    used, clock = minutes_words(max(ended_at - hold.start, timedelta(0))), clock_words(ended_at)
    what = {
        Ending.EXPIRY: f"Your car charger was freed at {clock} as planned. It was held for {used}.",
        Ending.RELEASE: f"We freed your car charger early, at {clock}, because the hold was no longer needed. It was "
        f"held for {used}.",
        Ending.OBJECTION: f"You said no, so we freed your car charger at {clock}. It was held for {used}. Saying no "
        "has no consequences for you.",
    }[ending]
    boost = "The Boost Button on your meter works for your charger again."
    return "Your car charger is free again", [
        what,
        boost if hold.boost_button is BoostButton.TAKEN else "",
        "Your car is charging again if it is plugged in and not yet full. Thank you for your help.",
        call,
    ]


def _say_no(hold: Hold, sender: Sender) -> str:
    return f"If you need your car, you can say no: open {hold.reject_reference} or call {sender.phone}."


_NOTHING_ELSE = (
    "Nothing else in your home is affected. You do not have to do anything: your charger starts again by itself when "
    "the time is over, even if we could not reach it."
)
_LIMITS = (
    "You agreed to this scheme, and you can leave it at any time. Your charger is never held for more than 2 hours in "
    "any 24 hours, or 8 hours in any 30 days."
)
_BOOST = {
    BoostButton.TAKEN: "During this time the Boost Button on your meter does not start your charger. It works for "
    "your charger again as soon as the time is over.",
    BoostButton.KEPT: "The Boost Button on your meter still works. If you press it, your charger may start: please "
    "press it only if you need your car.",
    BoostButton.ABSENT: "",
}
