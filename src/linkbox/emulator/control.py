"""A control interface for tests and demonstrations: script faults, read the devices' truth, play the consumer.

It is not part of the DCC: serve it on another port, on loopback only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import InvalidIdentifier, Mpan, RequestId
from linkbox.base.statetable import ImpossibleEvent
from linkbox.base.time import Clock, format_utc
from linkbox.dcc.inventory import UnknownInstallation
from linkbox.emulator.dcc import DccEmulator
from linkbox.emulator.esme import Esme
from linkbox.emulator.faults import FaultKind, FaultRule
from linkbox.emulator.home import APC_SLOT, Home


class FaultIn(BaseModel):
    """One fault rule, as faults.FaultRule."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    probability: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    srv: str | None = None
    target: str | None = None
    region: str | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    delay_s: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 0.0


class BoostIn(BaseModel):
    """The consumer presses the boost button for so many minutes."""

    model_config = ConfigDict(extra="forbid")

    minutes: Annotated[int, Field(ge=1, le=1440)]


class QuarantineIn(BaseModel):
    """What is to become of a quarantined command."""

    model_config = ConfigDict(extra="forbid")

    release: bool


def create_control_app(emulator: DccEmulator, clock: Clock) -> FastAPI:
    """Read homes (``/control/homes/{mpan}``) and requests; press boost buttons; change faults; resolve quarantine."""
    app = FastAPI(title="Linkbox DCC emulator: control", openapi_url=None)

    @app.get("/control/homes/{mpan}")
    async def home(mpan: str) -> dict[str, Any]:
        emulator.settle(clock.now())
        return _truth(_home(emulator, mpan), clock.now())

    @app.post("/control/homes/{mpan}/boost", status_code=204)
    async def boost(mpan: str, given: BoostIn) -> None:
        emulator.press_boost(_home(emulator, mpan).installation.mpan, minutes=given.minutes, at=clock.now())

    @app.post("/control/faults", status_code=204)
    async def add_fault(given: FaultIn) -> None:
        try:
            rule = FaultRule(**given.model_dump())
        except InvalidInput as error:
            raise HTTPException(422, str(error)) from error
        emulator.add_fault(rule, at=clock.now())

    @app.delete("/control/faults", status_code=204)
    async def clear_faults() -> None:
        emulator.clear_faults(at=clock.now())

    @app.post("/control/quarantine/{request_id}", status_code=204)
    async def resolve(request_id: str, given: QuarantineIn) -> None:
        try:
            emulator.resolve_quarantine(_request_id(request_id), release=given.release, at=clock.now())
        except (KeyError, ImpossibleEvent) as error:
            raise HTTPException(409, f"{request_id} is not in quarantine") from error

    @app.get("/control/requests/{request_id}")
    async def state(request_id: str) -> dict[str, str]:
        emulator.settle(clock.now())
        exchange = emulator.dsp_truth(_request_id(request_id))
        if exchange is None:
            raise HTTPException(404, f"no request {request_id}")
        return {"request_id": request_id, "srv": exchange.request.srv, "state": exchange.state.value}

    return app


def _apc(apc: Esme, at: datetime) -> dict[str, Any]:
    slot = apc.slots[APC_SLOT - 1]
    return {
        "eui": str(apc.eui),
        "output_percent": apc.output_percent(APC_SLOT, at),
        "limit_until": None if slot.limit is None else format_utc(slot.limit.end),
    }


def _home(emulator: DccEmulator, mpan: str) -> Home:
    try:
        return emulator.device_truth(Mpan(mpan))
    except (InvalidIdentifier, UnknownInstallation) as error:
        raise HTTPException(404, str(error)) from error


def _request_id(text: str) -> RequestId:
    try:
        return RequestId.parse(text)
    except InvalidIdentifier as error:
        raise HTTPException(422, str(error)) from error


def _truth(home: Home, at: datetime) -> dict[str, Any]:
    esme, installation = home.esme, home.installation
    return {
        "mpan": installation.mpan,
        "at": format_utc(at),
        "hub_reachable": home.hub_reachable(at),
        "contact_closed": home.contactor.closed_at(at),
        "bound_slot": home.bound_slot(),
        "slots": [
            {
                "number": number,
                "label": esme.labels[number - 1],
                "controller": esme.controllers[number - 1].kind.value,
                "mode": slot.mode.value,
                "until": None if slot.until is None else format_utc(slot.until),
                "output_percent": esme.output_percent(number, at),
                "boost": esme.boost_controls[number - 1],
            }
            for number, slot in enumerate(esme.slots, 1)
        ],
        "counters": {str(originator): counter for originator, counter in esme.counters.items()},
        "log_rows": len(esme.log.rows),
        "standalone_apc": None if home.apc is None else _apc(home.apc, at),
    }
