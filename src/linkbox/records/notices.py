"""All notices in one place: to customers, to suppliers, to the regulator. Values only; an adapter sends them."""

from linkbox.records.customer_notices import (
    BoostButton,
    Changed,
    CustomerNotice,
    Ended,
    Ending,
    Hold,
    NoticeStage,
    Occasion,
    Sender,
    Started,
    customer_notice,
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
]
