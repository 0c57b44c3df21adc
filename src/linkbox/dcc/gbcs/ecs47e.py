"""ECS47e: limit the level of a proportional controller for a period (SRV 7.16). Source: dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.gbcs.controlperiod import ControlPeriod, PeriodObjects, period_use_case
from linkbox.dcc.gbcs.objects import LIMIT_ENDS, LIMIT_SCRIPTS, LIMIT_STARTS
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.usecase import UseCase


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLevel(ControlPeriod):
    """Keep a proportional controller at or below a level for a period; without meaning for a switch."""


USE_CASE: UseCase[LimitLevel, Results] = period_use_case(
    name="ECS47e",
    message_code=0x011F,
    srv="7.16",
    objects=PeriodObjects(starts=LIMIT_STARTS, ends=LIMIT_ENDS, scripts=LIMIT_SCRIPTS),
    make=lambda level, start, end: LimitLevel(level=level, start=start, end=end),
)
