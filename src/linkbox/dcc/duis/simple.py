"""The named simple types of the DUIS schema that several messages share."""

from __future__ import annotations

from linkbox.dcc.duis.shape import Leaf
from linkbox.dcc.duis.text import DATE_TIME, enumeration, integer, string, words

INDEX = integer(1, 5)
SPECIAL_DAY = integer(1, 20)
LEVEL = integer(0, 100)
SCHEDULE_ID = integer(0, 1_000_000_000_000)
UPRN = integer(1, None, digits=12)
IMPORT_MPXN = string(least=1, most=13)
MPAN = string(least=13, most=13)
POST_CODE = string(least=6, most=8)
ADDRESS_IDENTIFIER = string(most=30)
MANUFACTURER = string(most=30)
MODEL = string(most=30)
SMETS_CHTS_VERSION = string(least=1, most=20)
FIRMWARE_VERSION = string(least=1, most=8)
DEVICE_TYPE = enumeration("ESME", "GSME", "GPF", "CHF", "HCALCS", "PPMID", "IHD", "CAD")
DEVICE_STATUS = enumeration(
    "Pending",
    "Whitelisted",
    "InstalledNotCommissioned",
    "Commissioned",
    "Decommissioned",
    "Withdrawn",
    "Suspended",
    "Recovery",
    "Recovered",
)
ESME_VARIANT = enumeration(
    *words("A B C AD BD CD ADE BDE CDE ADF BDF CDF ADEF BDEF CDEF ADG ADEG AF BF CF AEF BEF CEF AG AEG")
)
IMAGE_STATUS = enumeration("Active", "Cancelled", "Expired", "Withdrawn")

FUTURE_DATED = Leaf("ExecutionDateTime", "execution_at", DATE_TIME, optional=True)
"""The optional first child that makes a request future dated."""
