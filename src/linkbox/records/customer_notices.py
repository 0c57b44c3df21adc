"""What customers are told about an intervention: sending it is an adapter's work.

A notice says what happens, for how long at most, why, that the supply comes back by itself, and how to say no. It is
written in the customer's language, in full (``body``) and for a text message (``short``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.records import wording_cy, wording_en
from linkbox.records.contact import Language
from linkbox.records.notice_values import Changed, Ended, Ending, Foreseen, Hold, NoticeStage, Occasion, Sender, Started


class Wording(Protocol):
    """One language. Each of the four gives the subject, and the paragraphs of the body ("" is left out)."""

    NAME: str

    def why(self, asset: str) -> str: ...
    def closing(self, hold: Hold, sender: Sender) -> str: ...
    def foreseen(self, hold: Hold, sender: Sender) -> tuple[str, list[str]]: ...
    def started(self, hold: Hold, sender: Sender) -> tuple[str, list[str]]: ...
    def changed(self, hold: Hold, sender: Sender, was_until: datetime) -> tuple[str, list[str]]: ...
    def ended(self, hold: Hold, sender: Sender, ended_at: datetime, ending: Ending) -> tuple[str, list[str]]: ...
    def text_message(self, subject: str, hold: Hold, sender: Sender, *, can_reject: bool) -> str: ...


_WORDINGS: dict[Language, Wording] = {Language.ENGLISH: wording_en, Language.WELSH: wording_cy}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNotice:
    """A message to one customer. It names nobody else."""

    mpan: Mpan
    intervention_id: str
    stage: NoticeStage
    at: datetime
    subject: str
    body: str
    short: str = ""


def why_words(asset: str, language: Language) -> str:
    """Why a charger is held, for the asset that would fail, in the customer's language."""
    return _WORDINGS[language].why(asset)


def customer_notice(
    hold: Hold, sender: Sender, occasion: Occasion, *, at: datetime, language: Language = Language.ENGLISH
) -> CustomerNotice:
    """The notice to one customer on one occasion, in plain text, times in British civil time."""
    words = _WORDINGS[language]
    match occasion:
        case Foreseen():
            stage, (subject, paragraphs) = NoticeStage.AHEAD, words.foreseen(hold, sender)
        case Started():
            stage, (subject, paragraphs) = NoticeStage.START, words.started(hold, sender)
        case Changed(was_until=was_until):
            stage, (subject, paragraphs) = NoticeStage.CHANGE, words.changed(hold, sender, was_until)
        case Ended(ended_at=ended_at, ending=ending):
            stage, (subject, paragraphs) = NoticeStage.END, words.ended(hold, sender, ended_at, ending)
        case _:
            assert_never(occasion)
    can_reject = stage is not NoticeStage.END
    return CustomerNotice(
        mpan=hold.mpan,
        intervention_id=hold.intervention_id,
        stage=stage,
        at=require_utc(at),
        subject=subject,
        body="\n\n".join([*(p for p in paragraphs if p), words.closing(hold, sender)]) + "\n",
        short=words.text_message(subject, hold, sender, can_reject=can_reject),
    )
