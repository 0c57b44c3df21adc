"""Telling people: customers when their charger is held and when it is free, suppliers of their own customers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from linkbox.control.intervention import Intervention
from linkbox.operation.entities import Command
from linkbox.operation.session import Session
from linkbox.records.notices import (
    ChargerEvent,
    customer_notice,
    regulator_notice,
    supplier_notices,
)
