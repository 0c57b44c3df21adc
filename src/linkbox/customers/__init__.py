"""Who may be curtailed at all: consent, tenancy, objections, the priority register; permits and refusals."""

from linkbox.customers.events import (
    EV_CHARGER,
    USUAL_SCOPE,
    Annulment,
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    Objection,
    PriorityChoice,
    Scope,
    SupplierChange,
    TenancyChange,
)
from linkbox.customers.permits import Candidate, Permit, PermitNotConstructible, Refusal, permit
from linkbox.customers.register import ConsentStatus, CustomerFile
from linkbox.customers.rows import event_from_row, event_to_row, fact_id

__all__ = [
    "EV_CHARGER",
    "USUAL_SCOPE",
    "Annulment",
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
    "Scope",
    "SupplierChange",
    "TenancyChange",
    "event_from_row",
    "event_to_row",
    "fact_id",
    "permit",
]
