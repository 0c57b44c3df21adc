"""How the request bodies look in XML."""

from __future__ import annotations

from linkbox.dcc.duis import load, stock
from linkbox.dcc.duis.shape import Attr, Choice, Leaf, Nest, Part, Record, Text, by_class
from linkbox.dcc.duis.simple import ADDRESS_IDENTIFIER, IMPORT_MPXN, INDEX, POST_CODE, UPRN
from linkbox.dcc.duis.text import BASE64, DATE_TIME, EUI, UNSIGNED_SHORT

_INDEX = (Attr("index", "index", INDEX),)
_FUTURE_DATED = Leaf("ExecutionDateTime", "execution_at", DATE_TIME, optional=True)


def _switch(xml: str) -> Part:
    return Nest(xml, Leaf("Duration", "duration_min", UNSIGNED_SHORT), attributes=_INDEX)


PROPERTY_FILTER = Record(
    stock.PropertyFilter,
    Leaf("PostCode", "post_code", POST_CODE),
    Leaf("AddressIdentifier", "address_identifier", ADDRESS_IDENTIFIER),
)

_SEARCH: dict[str, Record | Text] = {
    "UPRN": Text(stock.ByUprn, "uprn", UPRN),
    "DeviceID": Text(stock.ByDevice, "device", EUI),
    "MPxN": Text(stock.ByMpxn, "mpxn", IMPORT_MPXN),
    "PropertyFilter": PROPERTY_FILTER,
}

BODIES: dict[str, Record | Text] = {
    "ActivateAuxiliaryLoad": Record(load.ActivateAuxiliaryLoad, _switch("ActivateALCSHCALCS")),
    "DeactivateAuxiliaryLoad": Record(load.DeactivateAuxiliaryLoad, _switch("DeactivateALCSHCALCS")),
    "ReadALCSData": Record(load.ReadAlcsData, _FUTURE_DATED),
    "ResetAuxiliaryLoad": Record(load.ResetAuxiliaryLoad, Nest("ResetALCSHCALCS", attributes=_INDEX)),
    "SignedPreCommand": Record(load.SignedPreCommand, _FUTURE_DATED, Leaf("GBCSPayload", "payload", BASE64)),
    "ReadInventory": Record(stock.ReadInventory, Choice("search", _SEARCH, by_class(_SEARCH))),
}

BODY_CHOICE = Choice("body", BODIES, by_class(BODIES))

SRV_OF_BODY: dict[type[object], str] = {
    load.ActivateAuxiliaryLoad: "7.5",
    load.DeactivateAuxiliaryLoad: "7.6",
    load.ReadAlcsData: "7.7",
    load.ResetAuxiliaryLoad: "7.8",
    stock.ReadInventory: "8.2",
}
"""The one variant that each body belongs to; a Signed Pre-Command belongs to every critical one."""
