"""What happens between the DSP and the devices: commands on their way, reactions, answers, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from linkbox.base.identifiers import Eui64, Mpan, RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse
from linkbox.dcc.duis.alerts import Breach, HanDeviceLogResult, QuarantinedRequest
from linkbox.dcc.duis.bodies import LogAction, UpdateHanDeviceLog
from linkbox.dcc.duis.response import Acknowledgement, DccAlert, GbcsPayload, ResponseBody
from linkbox.dcc.duis.response import DeviceAlert as DuisDeviceAlert
from linkbox.dcc.eligibility import profile_named
from linkbox.dcc.exchange.anomaly import Held, Watch, check
from linkbox.dcc.exchange.dsp import DspEvent, DspExchange, DspState
from linkbox.dcc.gbcs.protection import add_mac
from linkbox.dcc.inventory import UnknownInstallation
from linkbox.dcc.smki import KeyAgreement, KeyUsage, TrustStore
from linkbox.emulator.alertstorm import StormProtection, storm_alert
from linkbox.emulator.answers import answer_withheld, dsp_message
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.device import DeviceAlert, alert_octets
from linkbox.emulator.draws import Draws
from linkbox.emulator.esme import press_boost
from linkbox.emulator.faults import FaultKind, FaultPlan, FaultRule, Target
from linkbox.emulator.home import (
    Home,
    leveled,
    meter_wakes,
    next_meter_wake,
    next_poll,
    next_poll_after_change,
    receive,
    switch_polls,
    with_faults,
)
from linkbox.emulator.meteractions import ACTIONS, GENERATION_3, GENERATION_4
from linkbox.emulator.network import try_to_join
from linkbox.emulator.spoil import spoil_gbcs_protection
from linkbox.emulator.timeline import (
    AlertWindowEnds,
    AnswerDue,
    CommandArrives,
    DeviceJoins,
    DspGivesUp,
    FieldEvent,
    MeterWakes,
    QuarantineEnds,
    StormAlert,
    SwitchPolls,
    Timeline,
)

_METER_CODES = {"3": GENERATION_3, "4": GENERATION_4, "both": frozenset(ACTIONS)}
CANNOT_COMMUNICATE, NO_RESPONSE = "E20", "E21"


class Field:
    """The homes, the commands on their way to them, and the timeline of what will happen."""

    def __init__(
        self,
        *,
        config: EmulatorConfig,
        draws: Draws,
        agreement: KeyAgreement,
        trust: TrustStore,
        homes: Iterable[Home],
        user: Eui64,
    ) -> None:
        self.timeline = Timeline()
        self.exchanges: dict[RequestId, DspExchange] = {}
        self._config, self._draws, self._agreement, self._trust = config, draws, agreement, trust
        self._user, self._watch = user, Watch(thresholds=config.thresholds)
        self._protection = StormProtection(limit=config.alert_limit, window_s=config.alert_window_s)
        self._device_profile = profile_named(config.device_profile or config.profile)
        self._meter_codes = _METER_CODES[config.meter_generation]
        self._homes = {home.installation.esme: home for home in homes}
        self._esme_of = {home.installation.mpan: eui for eui, home in self._homes.items()}
        self._meter_of = {device: eui for eui, home in self._homes.items() for device in home.installation.devices}

        self.faults = config.faults
        self._plan_storms(config.faults)

    def home_of(self, mpan: Mpan) -> Home:
        """The home at this supply point; raise UnknownInstallation."""
        if mpan not in self._esme_of:
            raise UnknownInstallation(f"MPAN {mpan}")
        return self._homes[self._esme_of[mpan]]

    def replace_home(self, home: Home) -> None:
        """Put a home's new state in place: what a person did to its devices."""
        self._homes[home.installation.esme] = home

    def _target(self, device: Eui64) -> Target:
        """What fault rules are matched against; a device that stands in no home is matched by rules for all."""
        return self._home_with(device).target if device in self._meter_of else Target()

    def region_of(self, device: Eui64) -> str:
        """The region of the home that a device stands in; empty for one that stands in none."""
        return self._target(device).region

    def _home_with(self, device: Eui64) -> Home:
        return self._homes[self._meter_of[device]]

    def strikes(self, kind: FaultKind, request: ServiceRequest, at: datetime, attempt: int = 0) -> FaultRule | None:
        """The fault of this kind that strikes a request posted at ``at``, if one does."""
        if not self.faults.rules:
            return None
        return self.faults.strikes(
            kind,
            draws=self._draws,
            request_id=request.request_id,
            srv=request.srv,
            target=self._target(request.request_id.target),
            at=at,
            attempt=attempt,
        )

    def dispatch(self, exchange: DspExchange, at: datetime) -> None:
        """Send an accepted command to its device at ``at``, or hold it in quarantine."""
        request = exchange.request
        rule = self.strikes(FaultKind.QUARANTINE, request, at)
        verdict, self._watch = check(self._watch, request, at=at)
        if rule is None and not isinstance(verdict, Held):
            self.exchanges[request.request_id] = exchange
            self._send(exchange, at)
            return
        held = replace(exchange, state=DspState.QUARANTINED)
        self.exchanges[request.request_id] = held
        reference = int(self._draws.uniform("quarantine", request.request_id) * 10**12)
        notice = QuarantinedRequest(
            breach=Breach.USER_THRESHOLD, request_id=request.request_id, event_reference=reference
        )
        alert = DccAlert(code=self._config.quarantine_alert_code, alert=notice)
        due = at + self._leg(request, "notice")
        self._plan(due, self._response(due, alert), request_id=None)
        if rule is not None and rule.delay_s > 0.0:
            self.timeline.enter(at + timedelta(seconds=rule.delay_s), QuarantineEnds(request_id=request.request_id))

    def resolve(self, request_id: RequestId, *, release: bool, at: datetime) -> None:
        """What the user decides about a quarantined command: let it go, or delete it."""
        exchange = self.exchanges[request_id].step(DspEvent.RELEASED if release else DspEvent.DISCARDED)
        self.exchanges[request_id] = exchange
        if release:
            self._send(exchange, at)

    def happen(self, at: datetime, event: FieldEvent) -> None:
        """Let one event of the timeline happen."""
        match event:
            case CommandArrives():
                self._command_arrives(event, at)
            case SwitchPolls(esme=esme):
                home = switch_polls(self._homes[esme], at)
                self._homes[esme] = home
                self._expect_poll(next_poll_after_change(home, at), esme)
            case MeterWakes(esme=esme):
                home, alerts = meter_wakes(self._homes[esme], at)
                self._settle(home, alerts, at)
            case DeviceJoins():
                self._device_joins(event, at)
            case StormAlert():
                self._storm(event, at)
            case AlertWindowEnds(device=device, code=code):
                self._consolidated(device, code, at)
            case DspGivesUp(request_id=request_id, code=code):
                self._give_up(self.exchanges[request_id], code, at)
            case QuarantineEnds(request_id=request_id):
                if self.exchanges[request_id].state is DspState.QUARANTINED:
                    self.resolve(request_id, release=True, at=at)
            case _:
                assert_never(event)

    def boost(self, mpan: Mpan, *, minutes: int, at: datetime) -> None:
        """The consumer at this supply point presses the boost button."""
        home = self.home_of(mpan)
        self._settle(replace(home, esme=press_boost(home.esme, minutes=minutes, at=at)), (), at)

    def _send(self, exchange: DspExchange, at: datetime) -> None:
        request, device = exchange.request, exchange.request.request_id.target
        if device not in self._meter_of:  # notified to the DCC, but never installed anywhere
            self._expect_nothing(request.request_id, CANNOT_COMMUNICATE, at)
            return
        home = self._home_with(device)
        assert exchange.command is not None  # noqa: S101 - an accepted exchange has its command
        peer = self._trust.find(device, KeyUsage.KEY_AGREEMENT, at=at)
        data = add_mac(exchange.command, self._agreement, peer)
        if self.strikes(FaultKind.COMMAND_LOST, request, at) is not None:
            self._expect_nothing(request.request_id, NO_RESPONSE, at)
            return
        arrival = at + self._leg(request, "up")
        reorder = self.strikes(FaultKind.REORDER, request, at)
        if reorder is not None:
            arrival += timedelta(seconds=self._draws.between(0.0, reorder.delay_s, "reorder", request.request_id))
        if not home.hub_reachable(arrival):
            self._expect_nothing(request.request_id, CANNOT_COMMUNICATE, at)
            return
        self.timeline.enter(arrival, CommandArrives(request_id=request.request_id, data=data, sent_at=at))

    def _command_arrives(self, event: CommandArrives, at: datetime) -> None:
        exchange, device = self.exchanges[event.request_id], event.request_id.target
        reaction = receive(
            self._home_with(device),
            device,
            event.data,
            profile=self._device_profile,
            meter_codes=self._meter_codes,
            at=at,
        )
        self._settle(reaction.home, reaction.alerts, at)
        if reaction.response is None:
            self._expect_nothing(event.request_id, NO_RESPONSE, event.sent_at)
            return
        self._return(exchange, reaction.response, sent_at=event.sent_at, at=at)
        self._expect_joining(exchange.request, at)

    def _settle(self, home: Home, alerts: tuple[DeviceAlert, ...], at: datetime) -> None:
        """Take over a home's new state: pass its alerts on, and plan what it will do by itself."""
        esme, home = home.installation.esme, leveled(home, at)
        self._homes[esme] = home
        for number, alert in enumerate(alerts):
            self._alert(home, alert, number, at)
        self._expect_poll(next_poll(home, at), esme)
        waking = next_meter_wake(home)
        if waking is not None:
            self.timeline.enter(max(waking, at), MeterWakes(esme=esme))

    def _expect_poll(self, at: datetime | None, esme: Eui64) -> None:
        if at is not None:
            self.timeline.enter(at, SwitchPolls(esme=esme))

    def _expect_joining(self, request: ServiceRequest, at: datetime) -> None:
        """A device that a hub now lets in tries to join after a while; a device of another home never comes."""
        body = request.body
        if not isinstance(body, UpdateHanDeviceLog) or body.action is not LogAction.ADD or body.whitelist is None:
            return
        esme = self._meter_of[request.request_id.target]
        event = DeviceJoins(esme=esme, device=body.device, request_id=request.request_id)
        wait_s = min(self._config.join_s, body.whitelist.join_time_s)
        self.timeline.enter(at + timedelta(seconds=wait_s), event)

    def _device_joins(self, event: DeviceJoins, at: datetime) -> None:
        home = self._homes[event.esme]
        code = home.install_code if event.device == home.installation.hcalcs else None
        hub = try_to_join(home.hub, event.device, code, at)
        self._settle(replace(home, hub=hub), (), at)
        joined = event.device in hub.on_network
        codes = self._config.log_updated_alert_code, self._config.log_not_updated_alert_code
        notice = DccAlert(code=codes[not joined], alert=HanDeviceLogResult(request_id=event.request_id))
        due = at + self._leg(self.exchanges[event.request_id].request, "joined")
        self._plan(due, self._response(due, notice), request_id=None)

    def _return(self, exchange: DspExchange, response: bytes, *, sent_at: datetime, at: datetime) -> None:
        """A device's response is on its way back; ``sent_at`` is when the DSP sent the command."""
        request = exchange.request
        due = at + self._leg(request, "down")
        deadline = sent_at + timedelta(seconds=self._config.give_up_s)
        lost = self.strikes(FaultKind.RESPONSE_LOST, request, sent_at) is not None
        if lost or due > deadline:
            self._expect_nothing(request.request_id, NO_RESPONSE, sent_at)
        if lost or self.strikes(FaultKind.DELIVERY_LOST, request, sent_at) is not None:
            return
        delay = self.strikes(FaultKind.DELAY, request, sent_at)
        if delay is not None:
            due += timedelta(seconds=delay.delay_s)
        if self.strikes(FaultKind.WRONG_GBCS_SIGNATURE, request, sent_at) is not None:
            response = spoil_gbcs_protection(response)
        if exchange.state is DspState.ON_ITS_WAY and due <= deadline:
            self.exchanges[request.request_id] = exchange.step(DspEvent.DEVICE_ANSWERED)
        if self.strikes(FaultKind.VERSION_MISMATCH, request, sent_at) is not None:
            self._withhold(request, due)
            return
        spoilt = self.strikes(FaultKind.WRONG_XML_SIGNATURE, request, sent_at) is not None
        again = self.strikes(FaultKind.DUPLICATE, request, sent_at)
        for number, wait_s in enumerate((0.0,) if again is None else (0.0, again.delay_s)):
            when = due + timedelta(seconds=wait_s)
            answer = self._response(when, GbcsPayload(payload=response), request=request, from_device=True)
            self._plan(when, answer, request_id=request.request_id, spoilt=spoilt, repeat=number)

    def _withhold(self, request: ServiceRequest, due: datetime) -> None:
        """The user's schema version can not express the response."""
        alert = answer_withheld(request, alert_code=self._config.version_mismatch_alert_code)
        self._plan(due, self._response(due, alert), request_id=None)

    def _alert(self, home: Home, alert: DeviceAlert, number: int, at: datetime) -> None:
        """A device sends an alert; the DSP passes it on to the user whom it concerns, unless there are too many."""
        installation = home.installation
        device = installation.esme if alert.device is None else alert.device
        counter = int(at.timestamp() * 1000) << 4 | number
        payload = alert_octets(alert, originator=device, counter=counter, keys=home.keys[device])
        delay_s = self._config.latency.one_way_s(
            self._draws, region=installation.region, hub=installation.hub, key=("alert", device, counter)
        )
        due = at + timedelta(seconds=delay_s)
        response_id = RequestId(device, alert.addressee, counter)
        passed, window_ends = self._protection.take(device, alert.code, payload, response_id, at=due)
        if passed:
            self._pass_alert(due, DuisDeviceAlert(alert_code=alert.code, payload=payload), response_id)
        if window_ends is not None:
            self.timeline.enter(window_ends, AlertWindowEnds(device=device, code=alert.code))

    def _pass_alert(self, due: datetime, body: DuisDeviceAlert, response_id: RequestId) -> None:
        self._plan(due, replace(self._response(due, body), response_id=response_id), request_id=None)

    def _consolidated(self, device: Eui64, code: int, at: datetime) -> None:
        """Tell of suppressed alerts, and look again after another window while they go on."""
        suppressed = self._protection.window_ends(device, code, at=at)
        if suppressed is None:
            return
        body = DuisDeviceAlert(
            alert_code=code,
            payload=suppressed.payload,
            throttled_sequence_id=suppressed.sequence_id,
            throttled_count=suppressed.count,
        )
        self._pass_alert(at, body, suppressed.response_id)
        self.timeline.enter(suppressed.again_at, AlertWindowEnds(device=device, code=code))

    def _storm(self, event: StormAlert, at: datetime) -> None:
        home = self._homes[event.esme]
        self._alert(home, storm_alert(at, self._user), 15, at)
        following = at + timedelta(seconds=event.interval_s)
        if following < event.until:
            self.timeline.enter(following, event)

    def change_faults(self, rules: tuple[FaultRule, ...]) -> None:
        """Go by these rules from now on; a storm that rages goes on to its end."""
        known, self.faults = self.faults.rules, FaultPlan(rules=rules)
        for esme, home in self._homes.items():
            self._homes[esme] = with_faults(home, self.faults, self._draws)
        self._plan_storms(FaultPlan(rules=tuple(rule for rule in rules if rule not in known)))

    def _plan_storms(self, faults: FaultPlan) -> None:
        for esme, home in self._homes.items():
            for rule in faults.lasting(FaultKind.ALERT_STORM, home.target, draws=self._draws):
                if rule.start is not None and rule.end is not None:
                    event = StormAlert(esme=esme, until=rule.end, interval_s=rule.delay_s or 1.0)
                    self.timeline.enter(rule.start, event)

    def _expect_nothing(self, request_id: RequestId, code: str, sent_at: datetime) -> None:
        """Nothing will come from the device in time: the DSP tells the user so when it has waited long enough."""
        at = sent_at + timedelta(seconds=self._config.give_up_s)
        self.timeline.enter(at, DspGivesUp(request_id=request_id, code=code))

    def _give_up(self, exchange: DspExchange, code: str, at: datetime) -> None:
        request = exchange.request
        self.exchanges[request.request_id] = exchange.step(DspEvent.TIME_OUT)
        answer = self._response(at, Acknowledgement(), request=request, code=code)
        self._plan(at, answer, request_id=request.request_id)

    def _leg(self, request: ServiceRequest, which: str) -> timedelta:
        """How long one way takes, for this request."""
        device, region, hub = request.request_id.target, "", "single-band"
        if device in self._meter_of:
            installation = self._home_with(device).installation
            region, hub = installation.region, installation.hub
        key = (request.request_id, which)
        delay_s = self._config.latency.one_way_s(self._draws, region=region, hub=hub, key=key)
        return timedelta(seconds=delay_s)

    def _response(
        self,
        at: datetime,
        body: ResponseBody,
        *,
        request: ServiceRequest | None = None,
        code: str = "I0",
        from_device: bool = False,
    ) -> ServiceResponse:
        version = self._config.schema_version
        return dsp_message(at, body, request=request, code=code, from_device=from_device, schema_version=version)

    def _plan(
        self,
        at: datetime,
        response: ServiceResponse,
        *,
        request_id: RequestId | None,
        spoilt: bool = False,
        repeat: int = 0,
    ) -> None:
        self.timeline.enter(at, AnswerDue(response=response, request_id=request_id, spoilt=spoilt, repeat=repeat))
