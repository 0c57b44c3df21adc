"""The DSP's choice between the forms of a command that a request may take. Source: reference dcc.md section 2.1."""

from __future__ import annotations

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.exchange.commands import PlannedCommand
from linkbox.dcc.gbcs import ccs, cs03, ecs35
from linkbox.emulator.config import MeterGeneration
from linkbox.emulator.stock import Stock


def choose(
    request: ServiceRequest, forms: tuple[PlannedCommand, ...], *, stock: Stock, generation: MeterGeneration
) -> PlannedCommand:
    """The form that suits the device: its generation, its part in a join, the kind of the device that joins."""
    if len(forms) == 1:
        return forms[0]
    target = stock.find(request.request_id.target)
    is_switch = target is not None and target.device_type == "HCALCS"
    old = generation == "3" and request.request_id.target not in stock.standalone
    log_code = ecs35.ECS35F.message_code if old else ecs35.ECS35G.message_code
    join_code = cs03.CS03A2.message_code if is_switch else cs03.CS03A1.message_code
    for form in forms:
        if isinstance(form.value, ccs.AddDevice):
            if form.value.device_type == stock.han_type(form.value.eui):
                return form
        elif form.use_case.message_code in (log_code, join_code):
            return form
    return forms[0]
