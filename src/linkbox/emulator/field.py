"""What happens between the DSP and the devices: commands on their way, reactions, answers, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from linkbox.base.identifiers import Mpan, RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse
from linkbox.dcc.duis.alerts import Breach, QuarantinedRequest
from linkbox.dcc.duis.response import Acknowledgement, DccAlert, DeviceAlert, GbcsPayload, ResponseBody
from linkbox.dcc.eligibility import profile_named
from linkbox.dcc.exchange.dsp import DspEvent, DspExchange, DspState
from linkbox.dcc.gbcs.protection import add_mac
from linkbox.dcc.inventory import UnknownInstallation
from linkbox.dcc.smki import KeyAgreement, KeyUsage, TrustStore
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.draws import Draws
from linkbox.emulator.esme import Reaction, alert_message, receive
from linkbox.emulator.faults import FaultKind, FaultRule
from linkbox.emulator.home import Home, switch_polls
from linkbox.emulator.spoil import spoil_gbcs_protection
from linkbox.emulator.timeline import (
    AnswerDue,
    CommandArrives,
    DspGivesUp,
    QuarantineEnds,
    SwitchPolls,
    Timeline,
)

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
    ) -> None:
        self.timeline = Timeline()
        self.exchanges: dict[RequestId, DspExchange] = {}
        self._config, self._draws, self._agreement, self._trust = config, draws, agreement, trust
        self._device_profile = profile_named(config.device_profile or config.profile)
        self._homes = {home.installation.esme: home for home in homes}
        self._esme_of = {home.installation.mpan: home.installation.esme for home in self._homes.values()}

    def home_of(self, mpan: Mpan) -> Home:
        """The home at this supply point; raise UnknownInstallation."""
        if mpan not in self._esme_of:
            raise UnknownInstallation(f"MPAN {mpan}")
        return self._homes[self._esme_of[mpan]]

    def strikes(self, kind: FaultKind, request: ServiceRequest, at: datetime, attempt: int = 0) -> FaultRule | None:
        """The fault of this kind that strikes a request posted at ``at``, if one does."""
        return self._config.faults.strikes(
            kind,
            draws=self._draws,
            request_id=request.request_id,
            srv=request.srv,
            target=self._homes[request.request_id.target].target,
            at=at,
            attempt=attempt,
        )

    def dispatch(self, exchange: DspExchange, at: datetime) -> None:
        """Send an accepted command to its device at ``at``, or hold it in quarantine."""
        request = exchange.request
        rule = self.strikes(FaultKind.QUARANTINE, request, at)
        if rule is None:
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
        if rule.delay_s > 0.0:
            self.timeline.enter(at + timedelta(seconds=rule.delay_s), QuarantineEnds(request_id=request.request_id))

    def happen(self, at: datetime, event: CommandArrives | SwitchPolls | DspGivesUp | QuarantineEnds) -> None:
        """Let one event of the timeline happen."""
        match event:
            case CommandArrives():
                self._command_arrives(event, at)
            case SwitchPolls(esme=esme, index=index):
                self._homes[esme] = switch_polls(self._homes[esme], index, at)
            case DspGivesUp(request_id=request_id, code=code):
                self._give_up(self.exchanges[request_id], code, at)
            case QuarantineEnds(request_id=request_id):
                released = self.exchanges[request_id].step(DspEvent.RELEASED)
                self.exchanges[request_id] = released
                self._send(released, at)
            case _:
                assert_never(event)

    def _send(self, exchange: DspExchange, at: datetime) -> None:
        request, home = exchange.request, self._homes[exchange.request.request_id.target]
        assert exchange.command is not None  # noqa: S101 - an accepted exchange has its command
        peer = self._trust.find(home.installation.esme, KeyUsage.KEY_AGREEMENT, at=at)
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
        exchange = self.exchanges[event.request_id]
        home = self._homes[event.request_id.target]
        reaction = receive(home.esme, event.data, keys=home.keys, profile=self._device_profile, at=at)
        self._homes[event.request_id.target] = replace(home, esme=reaction.esme)
        for index in reaction.changed_slots:
            poll = SwitchPolls(esme=home.installation.esme, index=index)
            self.timeline.enter(home.polling.next_poll(at), poll)
        if reaction.response is not None:
            self._return(exchange, reaction.response, sent_at=event.sent_at, at=at)
            return
        self._alert(exchange, reaction, home, at)
        self._expect_nothing(event.request_id, NO_RESPONSE, event.sent_at)

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
        spoilt = self.strikes(FaultKind.WRONG_XML_SIGNATURE, request, sent_at) is not None
        again = self.strikes(FaultKind.DUPLICATE, request, sent_at)
        for number, wait_s in enumerate((0.0,) if again is None else (0.0, again.delay_s)):
            when = due + timedelta(seconds=wait_s)
            answer = self._response(when, GbcsPayload(payload=response), request=request, from_device=True)
            self._plan(when, answer, request_id=request.request_id, spoilt=spoilt, repeat=number)

    def _alert(self, exchange: DspExchange, reaction: Reaction, home: Home, at: datetime) -> None:
        """The meter tells the command's originator that it refused; the DSP passes that on to the user."""
        if reaction.refused is None or reaction.alert_code is None:
            return
        counter = int(at.timestamp() * 1000)
        payload = alert_message(reaction.alert_code, reaction.refused, keys=home.keys, counter=counter, at=at)
        due = at + self._leg(exchange.request, "alert")
        user, device = exchange.request.request_id.originator, home.installation.esme
        body = DeviceAlert(alert_code=reaction.alert_code, payload=payload)
        response = replace(self._response(due, body), response_id=RequestId(device, user, counter))
        self._plan(due, response, request_id=None)

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
        installation = self._homes[request.request_id.target].installation
        key = (request.request_id, which)
        delay_s = self._config.latency.one_way_s(self._draws, region=installation.region, hub=installation.hub, key=key)
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
        """A message of the DSP at ``at``; without ``request`` it is an alert."""
        rid = None if request is None else request.request_id
        swapped = None if rid is None else RequestId(rid.target, rid.originator, rid.counter)
        return ServiceResponse(
            request_id=rid,
            response_id=swapped if from_device else None,
            response_code=code,
            response_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
            srv=None if request is None else request.srv,
            body=body,
            schema_version=self._config.schema_version,
        )

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
