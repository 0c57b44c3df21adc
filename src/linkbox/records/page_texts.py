"""The words of the customers' page, in English and Welsh. Every key is in both; a test holds that."""

from __future__ import annotations

from datetime import datetime

from linkbox.records.civil_time import clock_words, day_words
from linkbox.records.wording_cy import clock, day

LANGUAGES = ("en", "cy")

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "html_lang": "en-GB",
        "other": "Cymraeg",
        "other_lang": "cy",
        "skip": "Skip to the main part",
        "network": "Your electricity network",
        "reject_title": "Say no to this pause",
        "reject_lead": "Your car charger is to be paused, or is paused, until {until} on {day}. If you need your car, "
        "say no here. No reason is needed.",
        "reject_button": "Say no: free my charger",
        "reject_after": "Your charger is then freed within a minute or two. Saying no costs nothing and has no "
        "consequences for you. Nothing happens until you press the button.",
        "or": "Or leave the scheme",
        "leave_title": "Leave the scheme",
        "leave_lead": "If you leave, we will never pause your car charger again, unless you agree anew. A pause that "
        "is on now ends within a minute or two.",
        "leave_button": "Leave the scheme for good",
        "leave_link": "Leave the scheme for good",
        "leave_after": "You can come back at any time. Nothing happens until you press the button.",
        "rejected_title": "Thank you. We have your no.",
        "rejected_lead": "Your charger will be left alone, or is being freed now. That takes a minute or two. You do "
        "not have to do anything else.",
        "left_title": "You have left the scheme",
        "left_lead": "We will not pause your car charger again, unless you agree anew. A pause that is on now ends "
        "within a minute or two.",
        "dead_title": "This link can not be used",
        "dead_lead": "It may be too old, used already, or not copied in full. If you have pressed the button before, "
        "your no has reached us and you do not have to do anything else.",
        "slow_title": "Please wait a minute",
        "slow_lead": "Too many attempts came from your connection. Wait a minute and try again, or call us.",
        "down_title": "We could not take your answer",
        "down_lead": "Something failed on our side. Please try again, or call us.",
        "help": "Help at any hour: call {phone}.",
        "privacy": "This page keeps no cookies and shows nobody who or where you are.",
    },
    "cy": {
        "html_lang": "cy",
        "other": "English",
        "other_lang": "en",
        "skip": "Neidio i'r brif ran",
        "network": "Eich rhwydwaith trydan",
        "reject_title": "Gwrthod yr oedi hwn",
        "reject_lead": "Mae eich gwefrydd car i'w oedi, neu wedi'i oedi, tan {until} {day}. Os oes angen eich car "
        "arnoch, gwrthodwch yma. Nid oes angen rheswm.",
        "reject_button": "Gwrthod: rhyddhewch fy ngwefrydd",
        "reject_after": "Caiff eich gwefrydd ei ryddhau o fewn munud neu ddau. Nid yw gwrthod yn costio dim ac nid oes "
        "canlyniadau i chi. Nid oes dim yn digwydd nes i chi bwyso'r botwm.",
        "or": "Neu gadael y cynllun",
        "leave_title": "Gadael y cynllun",
        "leave_lead": "Os gadewch, ni fyddwn byth eto'n oedi eich gwefrydd car, oni bai eich bod yn cytuno o'r newydd. "
        "Daw unrhyw oedi sydd ar waith nawr i ben o fewn munud neu ddau.",
        "leave_button": "Gadael y cynllun am byth",
        "leave_link": "Gadael y cynllun am byth",
        "leave_after": "Gallwch ddod yn ôl unrhyw bryd. Nid oes dim yn digwydd nes i chi bwyso'r botwm.",
        "rejected_title": "Diolch. Mae eich gwrthodiad gennym.",
        "rejected_lead": "Caiff eich gwefrydd lonydd, neu mae'n cael ei ryddhau nawr. Mae hynny'n cymryd munud neu "
        "ddau. Nid oes angen i chi wneud dim byd arall.",
        "left_title": "Rydych wedi gadael y cynllun",
        "left_lead": "Ni fyddwn yn oedi eich gwefrydd car eto, oni bai eich bod yn cytuno o'r newydd. Daw unrhyw oedi "
        "sydd ar waith nawr i ben o fewn munud neu ddau.",
        "dead_title": "Ni ellir defnyddio'r ddolen hon",
        "dead_lead": "Gall fod yn rhy hen, wedi'i defnyddio'n barod, neu heb ei chopïo'n llawn. Os ydych wedi pwyso'r "
        "botwm o'r blaen, mae eich gwrthodiad wedi ein cyrraedd ac nid oes angen i chi wneud dim byd arall.",
        "slow_title": "Arhoswch funud, os gwelwch yn dda",
        "slow_lead": "Daeth gormod o geisiadau o'ch cysylltiad. Arhoswch funud a rhowch gynnig arall arni, neu "
        "ffoniwch ni.",
        "down_title": "Ni allem gymryd eich ateb",
        "down_lead": "Methodd rhywbeth ar ein hochr ni. Rhowch gynnig arall arni, neu ffoniwch ni.",
        "help": "Cymorth unrhyw awr: ffoniwch {phone}.",
        "privacy": "Nid yw'r dudalen hon yn cadw cwcis ac nid yw'n dangos i neb pwy nac ym mhle ydych chi.",
    },
}


def time_words(language: str, at: datetime) -> dict[str, str]:
    """``until`` and ``day`` of a moment, as the language says them."""
    if language == "cy":
        return {"until": clock(at), "day": day(at)}
    return {"until": clock_words(at), "day": day_words(at)}


def choose_language(asked: str | None, own: str | None, accept_language: str) -> str:
    """The language of a page: asked for by the switch; else what the browser prefers, if it names one of ours with more
    weight than the other; else the customer's own; else English."""
    if asked in LANGUAGES:
        return str(asked)
    weights = _weights(accept_language)
    if weights.get("cy", 0.0) > weights.get("en", 0.0):
        return "cy"
    return own if own in LANGUAGES else "en"


def _weights(accept_language: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept_language[:200].split(","):
        name, _, weight = part.partition(";q=")
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        short = name.strip().lower().split("-")[0]
        if short in LANGUAGES and 0.0 <= value <= 1.0:
            found[short] = max(value, found.get(short, 0.0))
    return found
