"""The settings of an emulated DCC. What the reference marks as unverified is a setting here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Eui64
from linkbox.dcc.eligibility import PROFILES
from linkbox.dcc.exchange.anomaly import Threshold
from linkbox.dcc.exchange.traffic import Allowance
from linkbox.emulator.faults import FaultPlan
from linkbox.emulator.latency import LatencyPlan
from linkbox.emulator.slots import PRECEDENCE, Control

MeterGeneration: TypeAlias = Literal["3", "4", "both"]
DEFAULT_BROKER = Eui64("90-B3-D5-1F-30-00-00-02")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """Everything that decides what an emulated DCC does, apart from its devices and the requests that it gets.

    ``profile`` is in force at the DSP, ``device_profile`` (default: the same) at the devices. ``give_up_s`` is how long
    the DSP waits for a device. ``hcalcs_poll_s`` is the range from which each switch's polling interval is drawn.
    ``meter_generation`` says which use cases meters know, ``precedence`` what rules over a slot, ``clock_drift_s`` how
    far a meter's clock may be off at most, ``join_s`` how long a device takes to join the home network.

    ``allowances`` bound how many requests the DSP takes, ``thresholds`` are the user's for anomaly detection; more than
    ``alert_limit`` alerts of one code from one device within ``alert_window_s`` are consolidated. The codes are those
    answered to what the material names no code for.
    """

    seed: int = 0
    profile: str = "secmp0046"
    device_profile: str | None = None
    latency: LatencyPlan = field(default_factory=LatencyPlan)
    hcalcs_poll_s: tuple[int, int] = (30, 90)
    faults: FaultPlan = field(default_factory=FaultPlan)
    broker: Eui64 = DEFAULT_BROKER
    give_up_s: float = 90.0
    gbcs_version: str = "4.1"
    meter_generation: MeterGeneration = "both"
    precedence: tuple[Control, ...] = PRECEDENCE
    clock_drift_s: float = 0.0
    allowances: tuple[Allowance, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    alert_limit: int = 5
    alert_window_s: float = 60.0
    join_s: float = 40.0
    authentication_code: str = "E100"
    reused_request_code: str = "E1003"
    throttle_code: str = "E1008"
    quarantine_alert_code: str = "N65"
    version_mismatch_alert_code: str = "N999"
    log_updated_alert_code: str = "N24"
    log_not_updated_alert_code: str = "N25"
    schema_version: str = "5.4"
    sign_replies: bool = True

    def __post_init__(self) -> None:
        low, high = self.hcalcs_poll_s
        issues = []
        if not 0 < low <= high:
            issues.append(Issue(where="hcalcs_poll_s", value=f"{low}, {high}", rule="needs 0 < low <= high"))
        issues += [
            Issue(where="profile", value=name, rule=f"must be one of {', '.join(PROFILES)}")
            for name in (self.profile, self.device_profile)
            if name is not None and name not in PROFILES
        ]
        if self.give_up_s <= 0.0:
            issues.append(Issue(where="give_up_s", value=str(self.give_up_s), rule="must be above 0"))
        if issues:
            raise InvalidInput("emulator configuration", issues)
