"""Standard labels of auxiliary load switches, and the judgement of a label that a meter reports.

SECMP0019 defined standard labels, but its list is not in the material; the list below is this project's own data, to be
replaced by the official one. A label is free text of 1 to 22 printable ASCII characters (DUIS 6.14.1). A device whose
label does not say EV charger is never switched, so everything in doubt is judged not to be one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_LABEL = re.compile(r"[ -~]{1,22}")


class LabelClass(StrEnum):
    """What load stands behind a switch."""

    EV_CHARGER = "EV charger"
    HEAT_PUMP = "heat pump"
    STORAGE_HEATER = "storage heater"
    WATER_HEATER = "water heater"
    BATTERY = "battery"
    UNKNOWN = "unknown"


STANDARD_LABELS: Mapping[str, LabelClass] = MappingProxyType(
    {
        "EV CHARGER": LabelClass.EV_CHARGER,
        "EV CHARGE POINT": LabelClass.EV_CHARGER,
        "ELECTRIC VEHICLE": LabelClass.EV_CHARGER,
        "HEAT PUMP": LabelClass.HEAT_PUMP,
        "STORAGE HEATER": LabelClass.STORAGE_HEATER,
        "STORAGE HEATING": LabelClass.STORAGE_HEATER,
        "WATER HEATER": LabelClass.WATER_HEATER,
        "IMMERSION HEATER": LabelClass.WATER_HEATER,
        "HOT WATER": LabelClass.WATER_HEATER,
        "BATTERY": LabelClass.BATTERY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelVerdict:
    """What a label says. ``problem`` is empty, or what has to be reported for correction."""

    label: str
    label_class: LabelClass
    problem: str = ""


def judge_label(label: str, standard: Mapping[str, LabelClass] = STANDARD_LABELS) -> LabelVerdict:
    """Class of ``label``: a standard label, optionally followed by a number (``EV CHARGER 2``); case and runs of blanks
    do not matter. Missing, ill-formed, unknown and contradictory labels are UNKNOWN with the problem in words."""
    words = " ".join(label.upper().split())
    if not words:
        return LabelVerdict(label=label, label_class=LabelClass.UNKNOWN, problem="the label is missing")
    if not _LABEL.fullmatch(label):
        problem = "a label has 1 to 22 printable ASCII characters"
        return LabelVerdict(label=label, label_class=LabelClass.UNKNOWN, problem=problem)
    found = standard.get(re.sub(r" [0-9]{1,2}$", "", words))
    if found is not None:
        return LabelVerdict(label=label, label_class=found)
    mentioned = {kind for text, kind in standard.items() if re.search(rf"\b{re.escape(text)}\b", words)}
    problem = "the label is not a standard label"
    if len(mentioned) > 1:
        problem = f"the label contradicts itself: {', '.join(sorted(mentioned))}"
    return LabelVerdict(label=label, label_class=LabelClass.UNKNOWN, problem=problem)


def label_is_ev_charger(label: str) -> bool:
    """Whether the label says without doubt that an EV charger stands behind the switch."""
    return judge_label(label).label_class is LabelClass.EV_CHARGER
