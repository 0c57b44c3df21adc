"""From MPAN to hub, meter, slot and switching device; and whether a label says EV charger."""

from linkbox.dcc.inventory.installation import HubBand, Installation, Inventory, UnknownInstallation
from linkbox.dcc.inventory.labels import STANDARD_LABELS, LabelClass, LabelVerdict, judge_label, label_is_ev_charger

__all__ = [
    "STANDARD_LABELS",
    "HubBand",
    "Installation",
    "Inventory",
    "LabelClass",
    "LabelVerdict",
    "UnknownInstallation",
    "judge_label",
    "label_is_ev_charger",
]
