"""Telling people: customers when their charger is held and when it is free, suppliers of their own customers."""

from __future__ import annotations

from linkbox.control.intervention import Intervention
from linkbox.operation.session import Session


def closed(session: Session, intervention: Intervention) -> None:
    """The end of an intervention."""
