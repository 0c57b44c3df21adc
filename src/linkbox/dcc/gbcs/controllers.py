"""What stands behind a slot of an electricity meter: a switch of its own, a HAN connected switch, or a controller."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import Boolean, Data, Octets, Tag, Text

_NONE, _APC, _ALCS = b"", b"\xff", bytes(8)
_EUI_OCTETS = 8
LABEL_MAX = 22


class ControllerType(StrEnum):
    """The kinds of device that a slot may have."""

    NONE = "None"
    APC = "APC"
    ALCS = "ALCS"
    HCALCS = "HCALCS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The kind of a slot's device, and the EUI of an HCALCS (None for every other kind)."""

    kind: ControllerType
    eui: Eui64 | None = None

    def __post_init__(self) -> None:
        if (self.eui is None) == (self.kind is ControllerType.HCALCS):
            raise LocalProtocolError(f"controller {self.kind}", "must have an EUI if it is an HCALCS, else none")
        if self.eui is not None and self.eui.octets == _ALCS:
            raise LocalProtocolError("EUI of an HCALCS", "must not be zero: that means an ALCS")


NO_CONTROLLER = Controller(kind=ControllerType.NONE)
APC = Controller(kind=ControllerType.APC)
ALCS = Controller(kind=ControllerType.ALCS)
_FIXED = {_NONE: NO_CONTROLLER, _APC: APC, _ALCS: ALCS}
_OCTETS = {controller: octets for octets, controller in _FIXED.items()}


def hcalcs(eui: Eui64) -> Controller:
    """The HAN connected switch ``eui``."""
    return Controller(kind=ControllerType.HCALCS, eui=eui)


def encode_controller(controller: Controller) -> Data:
    """As the meter holds it: nothing, FF, eight zeros, or the EUI."""
    return Octets(_OCTETS[controller] if controller.eui is None else controller.eui.octets)


def read_controller(data: Data) -> Controller:
    """The inverse of ``encode_controller``."""
    match data:
        case Octets(octets) if octets in _FIXED:
            return _FIXED[octets]
        case Octets(octets) if len(octets) == _EUI_OCTETS:
            return hcalcs(Eui64.from_octets(octets))
    raise RemoteProtocolError("controller type", "must be 0, 1 or 8 octets: none, FF, zeros or an EUI")


def encode_label(label: str) -> Data:
    """The description of a slot: at most LABEL_MAX printable ASCII characters."""
    if len(label) > LABEL_MAX or not (label.isascii() and label.isprintable()):
        raise LocalProtocolError(f"label {label!r}", f"must be printable ASCII, {LABEL_MAX} characters at most")
    return Text(Tag.VISIBLE_STRING, label)


def read_label(data: Data) -> str:
    """The inverse of ``encode_label``."""
    match data:
        case Text(Tag.VISIBLE_STRING, label) if len(label) <= LABEL_MAX and label.isprintable():
            return label
    raise RemoteProtocolError("slot label", f"must be a visible string of {LABEL_MAX} characters at most")


def read_flag(data: Data) -> bool:
    """A boolean value: the state of a switch (True is closed), say, or of the boost button."""
    if isinstance(data, Boolean):
        return data.value
    raise RemoteProtocolError("flag", "must be a boolean")
