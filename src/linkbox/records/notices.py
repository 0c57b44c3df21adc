"""All notices in one place: to customers, to suppliers, to the regulator. Values only; an adapter sends them."""

from linkbox.records.customer_notices import CustomerNotice, customer_notice, why_words
from linkbox.records.notice_values import (
    BoostButton,
    Changed,
    Ended,
    Ending,
    Foreseen,
    Hold,
    NoticeStage,
    Occasion,
    Sender,
    Started,
)
from linkbox.records.regulator import MarketRecord, RegulatorSummary
from linkbox.records.supplier_notices import (
    AffectedPoint,
    EventFacts,
    SupplierNotice,
    supplier_notice,
    supplier_notices,
)

__all__ = [
    "AffectedPoint",
    "BoostButton",
    "Changed",
    "CustomerNotice",
    "Ended",
    "Ending",
    "EventFacts",
    "Foreseen",
    "Hold",
    "MarketRecord",
    "NoticeStage",
    "Occasion",
    "RegulatorSummary",
    "Sender",
    "Started",
    "SupplierNotice",
    "customer_notice",
    "supplier_notice",
    "supplier_notices",
    "why_words",
]
