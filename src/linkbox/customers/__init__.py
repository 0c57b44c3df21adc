"""Who may be curtailed at all: consent, tenancy, objections, the priority register; permits and refusals."""

from linkbox.customers.events import (
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    Objection,
    PriorityChoice,
    TenancyChange,
    event_from_row,
    event_to_row,
)
from linkbox.customers.permits import Candidate, Permit, PermitNotConstructible, Refusal, permit
from linkbox.customers.register import ConsentStatus, CustomerFile

__all__ = [
    "Candidate",
    "ConsentEvent",
    "ConsentKind",
    "ConsentStatus",
    "CustomerEvent",
    "CustomerFile",
    "Objection",
    "Permit",
    "PermitNotConstructible",
    "PriorityChoice",
    "Refusal",
    "TenancyChange",
    "event_from_row",
    "event_to_row",
    "permit",
]
