"""Notices to customers in English."""

from __future__ import annotations

from datetime import datetime, timedelta

from linkbox.records.civil_time import clock_words, day_words, minutes_words, span_words
from linkbox.records.notice_values import BoostButton, Ending, Hold, Sender

NAME = "en"


def why(asset: str) -> str:
    """Why a charger is held, for the asset that would fail (``cable``, ``fuse``, ``transformer``)."""
    return f"Without this, the {asset} that supplies your street would have been overloaded."


def closing(hold: Hold, sender: Sender) -> str:
    """Who writes, and the reference."""
    return f"{sender.name}, your electricity network. {sender.website}\nReference {hold.intervention_id}"


def foreseen(hold: Hold, sender: Sender) -> tuple[str, list[str]]:
    """Subject and paragraphs of a warning ahead."""
    most = minutes_words(hold.until - hold.start)
    return f"We may have to pause your car charger soon after {clock_words(hold.start)}", [
        (
            f"The load on your street is growing. From {clock_words(hold.start)} on {day_words(hold.start)} we may "
            f"have to pause your car charger, for at most {most}. We are asking others first; it is not certain yet."
        ),
        f"Why: {hold.why} If nothing were done, you and your neighbours could lose your electricity supply.",
        _say_no(hold, sender) + " No reason is needed, and it costs you nothing. Your charger is then left alone.",
        _LIMITS + _leave(hold),
    ]


def text_message(subject: str, hold: Hold, sender: Sender, *, can_reject: bool) -> str:
    """The same in the few words of a text message."""
    no = f" Need your car? Say no: {hold.reject_reference}" if can_reject else ""
    return f"{sender.name}: {subject}.{no} Help: {sender.phone}"


def started(hold: Hold, sender: Sender) -> tuple[str, list[str]]:
    """Subject and paragraphs when a hold begins."""
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
        _LIMITS + _leave(hold),
    ]


def changed(hold: Hold, sender: Sender, was_until: datetime) -> tuple[str, list[str]]:
    """Subject and paragraphs when the end of a hold has moved."""
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


def ended(hold: Hold, sender: Sender, ended_at: datetime, ending: Ending) -> tuple[str, list[str]]:
    """Subject and paragraphs when a hold is over."""
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


def _leave(hold: Hold) -> str:
    return f" To leave the scheme for good, open\n{hold.leave_reference}" if hold.leave_reference else ""


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
