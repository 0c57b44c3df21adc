"""Notices to customers in Welsh: the same facts, in the same order, as in English.

Clock times are of 24 hours, as Welsh print has them. To be read by a native speaker before they are used in earnest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from linkbox.records.civil_time import british_time
from linkbox.records.notice_values import BoostButton, Ending, Hold, Sender

NAME = "cy"
_DAYS = ("Llun", "Mawrth", "Mercher", "Iau", "Gwener", "Sadwrn", "Sul")
_MONTHS = (
    *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
    *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
)
_ASSETS = {"fuse": "ffiws", "cable": "cebl", "transformer": "trawsnewidydd"}


def clock(at: datetime) -> str:
    """``02:14`` by British civil time."""
    return f"{british_time(at):%H:%M}"


def day(at: datetime) -> str:
    """``ddydd Mercher 14 Ionawr``: on that day."""
    local = british_time(at)
    return f"ddydd {_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def minutes(duration: timedelta) -> str:
    """``30 munud``, ``1 awr 30 munud``, rounded up to the minute."""
    hours, rest = divmod(-(-duration // timedelta(minutes=1)), 60)
    parts = [f"{n} {word}" for n, word in ((hours, "awr"), (rest, "funud" if rest == 1 else "munud")) if n]
    return " ".join(parts) or "0 munud"


def why(asset: str) -> str:
    """Why a charger is held, for the asset that would fail (``cable``, ``fuse``, ``transformer``)."""
    return f"Heb hyn, byddai'r {_ASSETS.get(asset, 'cyfarpar')} sy'n cyflenwi eich stryd wedi'i orlwytho."


def closing(hold: Hold, sender: Sender) -> str:
    """Who writes, and the reference."""
    return f"{sender.name}, eich rhwydwaith trydan. {sender.website}\nCyfeirnod {hold.intervention_id}"


def foreseen(hold: Hold, sender: Sender) -> tuple[str, list[str]]:
    """Subject and paragraphs of a warning ahead."""
    most = minutes(hold.until - hold.start)
    return f"Efallai y bydd yn rhaid i ni oedi eich gwefrydd car yn fuan ar ôl {clock(hold.start)}", [
        (
            f"Mae'r llwyth ar eich stryd yn tyfu. O {clock(hold.start)} {day(hold.start)} efallai y bydd yn rhaid i ni "
            f"oedi eich gwefrydd car, am {most} ar y mwyaf. Rydym yn gofyn i eraill yn gyntaf; nid yw'n sicr eto."
        ),
        _why(hold),
        _say_no(hold, sender)
        + " Nid oes angen rheswm, ac nid yw'n costio dim i chi. Caiff eich gwefrydd lonydd wedyn.",
        _LIMITS + _leave(hold),
    ]


def started(hold: Hold, sender: Sender) -> tuple[str, list[str]]:
    """Subject and paragraphs when a hold begins."""
    done = "wedi'i oedi" if hold.reduced_to_w is None else "wedi'i arafu"
    to = "" if hold.reduced_to_w is None else f" i {hold.reduced_to_w / 1000:g} kW"
    span = f"o {clock(hold.start)} tan {clock(hold.until)} {day(hold.until)}"
    return f"Bydd eich gwefrydd car {done} tan {clock(hold.until)}", [
        (
            f"Bydd eich gwefrydd car {done}{to} {span}: am {minutes(hold.until - hold.start)} ar y mwyaf. Gall fod yn "
            "fyrrach."
        ),
        _why(hold),
        (
            "Nid effeithir ar ddim byd arall yn eich cartref. Nid oes angen i chi wneud dim: bydd eich gwefrydd yn "
            "ailgychwyn ar ei ben ei hun pan ddaw'r amser i ben, hyd yn oed os na allwn ei gyrraedd."
        ),
        _BOOST[hold.boost_button],
        _say_no(hold, sender) + " Nid oes angen rheswm, ac nid yw'n costio dim i chi. Caiff eich gwefrydd ei ryddhau "
        "o fewn munud neu ddau.",
        _LIMITS + _leave(hold),
    ]


def changed(hold: Hold, sender: Sender, was_until: datetime) -> tuple[str, list[str]]:
    """Subject and paragraphs when the end of a hold has moved."""
    later = hold.until > was_until
    return f"Eich gwefrydd car: yr amser gorffen newydd yw {clock(hold.until)}", [
        (
            f"Dywedasom wrthych y byddai eich gwefrydd car yn cael ei ddal tan {clock(was_until)}. Mae'r amser gorffen "
            f"newydd yn {'hwyrach' if later else 'gynharach'}: {clock(hold.until)} {day(hold.until)}. Mae hynny'n "
            f"{minutes(hold.until - hold.start)} i gyd ar y mwyaf."
        ),
        f"Pam: {hold.why}" if later else "",
        "Bydd eich gwefrydd yn ailgychwyn ar ei ben ei hun pan ddaw'r amser i ben. Nid oes angen i chi wneud dim.",
        _say_no(hold, sender),
    ]


def ended(hold: Hold, sender: Sender, ended_at: datetime, ending: Ending) -> tuple[str, list[str]]:
    """Subject and paragraphs when a hold is over."""
    call = f"Os nad yw eich gwefrydd yn ailgychwyn, ffoniwch {sender.phone} unrhyw awr."
    if ending is Ending.NOT_HELD:
        return "Ni chafodd eich gwefrydd car ei ddal", [
            (
                "Dywedasom wrthych y byddai eich gwefrydd car yn cael ei ddal. Yn y diwedd ni chafodd: ni switsiwyd "
                "dim yn eich cartref, ac nid oes dim yn cael ei gyfrif yn erbyn eich oriau."
            ),
            call,
        ]
    used, at = minutes(max(ended_at - hold.start, timedelta(0))), clock(ended_at)
    what = {
        Ending.EXPIRY: f"Rhyddhawyd eich gwefrydd car am {at} fel y trefnwyd. Cafodd ei ddal am {used}.",
        Ending.RELEASE: f"Rhyddhawyd eich gwefrydd car yn gynnar, am {at}, gan nad oedd angen ei ddal mwyach. Cafodd "
        f"ei ddal am {used}.",
        Ending.OBJECTION: f"Gwrthodasoch, felly rhyddhawyd eich gwefrydd car am {at}. Cafodd ei ddal am {used}. Nid "
        "oes unrhyw ganlyniadau i chi o wrthod.",
    }[ending]
    boost = "Mae'r Botwm Hwb ar eich mesurydd yn gweithio i'ch gwefrydd eto."
    return "Mae eich gwefrydd car yn rhydd eto", [
        what,
        boost if hold.boost_button is BoostButton.TAKEN else "",
        "Mae eich car yn gwefru eto os yw wedi'i blygio i mewn a heb fod yn llawn. Diolch am eich help.",
        call,
    ]


def text_message(subject: str, hold: Hold, sender: Sender, *, can_reject: bool) -> str:
    """The same in the few words of a text message."""
    no = f" Angen eich car? Gwrthodwch: {hold.reject_reference}" if can_reject else ""
    return f"{sender.name}: {subject}.{no} Cymorth: {sender.phone}"


def _why(hold: Hold) -> str:
    return f"Pam: {hold.why} Pe na bai dim yn cael ei wneud, gallech chi a'ch cymdogion golli eich cyflenwad trydan."


def _leave(hold: Hold) -> str:
    return f" I adael y cynllun am byth, agorwch\n{hold.leave_reference}" if hold.leave_reference else ""


def _say_no(hold: Hold, sender: Sender) -> str:
    return f"Os oes angen eich car arnoch, gallwch wrthod: agorwch {hold.reject_reference} neu ffoniwch {sender.phone}."


_LIMITS = (
    "Rydych wedi cytuno i'r cynllun hwn, a gallwch ei adael unrhyw bryd. Ni chaiff eich gwefrydd byth ei ddal am fwy "
    "na 2 awr mewn unrhyw 24 awr, nac 8 awr mewn unrhyw 30 diwrnod."
)
_BOOST = {
    BoostButton.TAKEN: "Yn ystod y cyfnod hwn nid yw'r Botwm Hwb ar eich mesurydd yn cychwyn eich gwefrydd. Bydd yn "
    "gweithio i'ch gwefrydd eto cyn gynted ag y daw'r amser i ben.",
    BoostButton.KEPT: "Mae'r Botwm Hwb ar eich mesurydd yn dal i weithio. Os pwyswch ef, gall eich gwefrydd gychwyn: "
    "pwyswch ef dim ond os oes angen eich car arnoch.",
    BoostButton.ABSENT: "",
}
