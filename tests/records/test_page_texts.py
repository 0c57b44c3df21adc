"""Both languages say the same things."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from linkbox.base.identifiers import Mpan
from linkbox.records.contact import Language
from linkbox.records.notices import (
    BoostButton,
    Changed,
    Ended,
    Ending,
    Foreseen,
    Hold,
    Occasion,
    Sender,
    Started,
    customer_notice,
    why_words,
)
from linkbox.records.page_texts import TEXTS, choose_language

START = datetime(2026, 1, 14, 2, 14, tzinfo=UTC)
UNTIL = START + timedelta(minutes=30)
SENDER = Sender(name="Linkbox Networks", phone="105", website="www.networks.example")
OCCASIONS: tuple[Occasion, ...] = (
    Foreseen(),
    Started(),
    Changed(was_until=UNTIL - timedelta(minutes=10)),
    *(Ended(ended_at=UNTIL, ending=ending) for ending in Ending),
)


def test_every_text_of_the_page_is_there_in_both_languages_with_the_same_places() -> None:
    english, welsh = TEXTS["en"], TEXTS["cy"]
    assert english.keys() == welsh.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) - {"{day}"} <= set(re.findall(r"{\w+}", welsh[key]))
        assert key in {"html_lang"} or text != welsh[key]


@pytest.mark.parametrize("occasion", OCCASIONS, ids=repr)
@pytest.mark.parametrize("boost", BoostButton)
def test_a_notice_says_the_same_in_both_languages(occasion: Occasion, boost: BoostButton) -> None:
    made = []
    for language in Language:
        hold = Hold(
            mpan=Mpan.from_core("200000000001"),
            intervention_id="LB-1",
            start=START,
            until=UNTIL,
            why=why_words("cable", language),
            reject_reference="https://page/no/T",
            leave_reference="https://page/leave/T",
            boost_button=boost,
        )
        made.append(customer_notice(hold, SENDER, occasion, at=START, language=language))
    english, welsh = made
    assert len(english.body.split("\n\n")) == len(welsh.body.split("\n\n")), "as many paragraphs"
    for told in ("https://page/no/T", "https://page/leave/T", "105", "LB-1"):
        assert (told in english.body) == (told in welsh.body)
    assert ("https://page/no/T" in english.short) == ("https://page/no/T" in welsh.short)
    assert len(english.short) < 306, "two text messages at most"
    assert english.subject != welsh.subject


@pytest.mark.parametrize(
    ("asked", "own", "accept", "language"),
    [
        ("cy", "en", "en", "cy"),
        ("en", "cy", "cy", "en"),
        (None, "cy", "en-GB,en;q=0.9", "cy"),
        (None, "en", "cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        (None, None, "fr, en;q=0.1, cy;q=bad", "en"),
        ("<script>", None, "", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_browsers_then_the_customers(
    asked: str | None, own: str | None, accept: str, language: str
) -> None:
    assert choose_language(asked, own, accept) == language
