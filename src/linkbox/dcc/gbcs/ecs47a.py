"""ECS47a: set the state of an auxiliary controller for a period (SRV 7.13). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.gbcs.controlperiod import ControlPeriod, PeriodObjects, period_use_case
from linkbox.dcc.gbcs.objects import CLOSE_TIMES, OPEN_TIMES, SWITCH_SCRIPTS
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.usecase import UseCase


@dataclass(frozen=True, slots=True, kw_only=True)
class SetControllerState(ControlPeriod):
    """Hold a controller at a level for a period; for a switch, 100 % is on and everything else off."""


USE_CASE: UseCase[SetControllerState, Results] = period_use_case(
    name="ECS47a",
    message_code=0x011E,
    srv="7.13",
    objects=PeriodObjects(starts=CLOSE_TIMES, ends=OPEN_TIMES, scripts=SWITCH_SCRIPTS),
    make=lambda level, start, end: SetControllerState(level=level, start=start, end=end),
)
