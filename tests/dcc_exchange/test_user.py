"""A service request from the user's side, against scripted answers."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.base.statetable import ImpossibleEvent
from linkbox.dcc.duis import (
    ServiceRequest,
    ServiceResponse,
    decode_request,
    encode_response,
    read_request,
    read_response,
    sign,
)
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad, ReadAlcsData, SignedPreCommand
from linkbox.dcc.duis.response import Acknowledgement, GbcsPayload, PreCommand, ResponseBody
from linkbox.dcc.eligibility import PROFILES, UserRole
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.exchange import (
    TABLE,
    Exchange,
    ExchangeEvent,
    ExchangeState,
    open_exchange,
    receive_reply,
    receive_response,
    send_failed,
    time_out,
)
from linkbox.dcc.exchange.commands import pre_commands
from linkbox.dcc.gbcs import ecs47
from linkbox.dcc.gbcs.dlms import DlmsResult
from linkbox.dcc.gbcs.envelope import Message, decode, encode
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.protection import sign as sign_gbcs
from linkbox.dcc.gbcs.protection import verify_signature
from linkbox.dcc.smki import Role, TestPki, Verified

NOW = datetime(2026, 1, 13, 18, tzinfo=UTC)
USER, METER, BROKER = (
    Eui64("90-B3-D5-1F-30-02-00-00"),
    Eui64("00-DB-12-34-56-78-90-A0"),
    Eui64("90-B3-D5-1F-30-00-00-02"),
)
PKI = TestPki("exchange", datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
XML, GBCS = PKI.signer(USER, Role.XML_SIGNING), PKI.signer(USER, Role.NETWORK_OPERATOR)
DSP, DEVICE = PKI.signer(BROKER, Role.DSP_XML_SIGNING), PKI.signer(METER, None)
TRUST = PKI.trust_store()
REQUEST_ID = RequestId(USER, METER, 1001)
HOLD = ServiceRequest(
    request_id=REQUEST_ID, command_variant=4, srv="7.6", body=DeactivateAuxiliaryLoad(index=3, duration_min=60)
)
READ = ServiceRequest(request_id=REQUEST_ID, command_variant=1, srv="7.7", body=ReadAlcsData())
WAITING = sorted(TABLE.waiting)


def opened(request: ServiceRequest = HOLD) -> Exchange:
    profile = PROFILES["secmp0046"]
    return open_exchange(request, xml_signer=XML, profile=profile, role=UserRole.ELECTRICITY_DISTRIBUTOR, at=NOW)


def message(code: str, body: ResponseBody, *, request_id: RequestId = REQUEST_ID, from_device: bool = False) -> bytes:
    swapped = RequestId(request_id.target, request_id.originator, request_id.counter)
    response = ServiceResponse(
        request_id=request_id,
        response_id=swapped if from_device else None,
        response_code=code,
        response_at=NOW,
        srv="7.6",
        body=body,
    )
    return sign(encode_response(response), DSP)


def reply(exchange: Exchange, body: bytes) -> Exchange:
    return receive_reply(exchange, body, trust=TRUST, xml_signer=XML, gbcs_signer=GBCS, at=NOW)


def respond(exchange: Exchange, body: bytes) -> Exchange:
    return receive_response(exchange, read_response(body, trust=TRUST, at=NOW), trust=TRUST, at=NOW)


def signed() -> Exchange:
    return reply(opened(), message("I0", PreCommand(gbcs_version="3.2", payload=pre_commands(HOLD)[0])))


def awaiting_response() -> Exchange:
    return reply(signed(), message("I99", Acknowledgement()))


def command_of(exchange: Exchange) -> Message:
    assert exchange.outgoing is not None
    body = decode_request(exchange.outgoing).body
    assert isinstance(body, SignedPreCommand)
    return decode(body.payload)


def device_response(*results: DlmsResult) -> bytes:
    answer = ecs47.build_response(replace(command_of(signed()), bare=False), Results(results=results))
    return encode(sign_gbcs(answer, DEVICE))


SUCCESS = device_response(DlmsResult.SUCCESS, DlmsResult.SUCCESS)


def test_the_bytes_to_post_are_the_signed_request() -> None:
    exchange = opened()
    assert (exchange.state, exchange.service) == (ExchangeState.AWAITING_PRE_COMMAND, "T")
    assert exchange.outgoing is not None
    assert read_request(exchange.outgoing, trust=TRUST, at=NOW).value == HOLD
    assert (opened(READ).state, opened(READ).service) == (ExchangeState.AWAITING_ACKNOWLEDGEMENT, "S")


def test_a_pre_command_that_is_what_was_asked_for_is_signed_under_the_same_request_id() -> None:
    exchange = signed()
    assert (exchange.state, exchange.service, exchange.signed) == (ExchangeState.SIGNED, "S", True)
    assert exchange.outgoing is not None
    request = read_request(exchange.outgoing, trust=TRUST, at=NOW).value
    assert (request.request_id, request.command_variant, request.srv) == (REQUEST_ID, 5, "7.6")
    assert isinstance(request.body, SignedPreCommand)
    command = verify_signature(request.body.payload, trust=TRUST, at=NOW).value
    assert ecs47.decode_command(command) == ecs47.DeactivateLoad(index=3, duration_min=60)


def test_a_pre_command_without_its_trailing_00_is_accepted_too() -> None:
    bare = message("I0", PreCommand(gbcs_version="3.2", payload=pre_commands(HOLD)[0][:-1]))
    assert reply(opened(), bare).outgoing == signed().outgoing


OTHERS = {
    "another counter": replace(HOLD, request_id=RequestId(USER, METER, 1002)),
    "another device": replace(HOLD, request_id=RequestId(USER, Eui64("00-DB-12-34-56-78-90-A1"), 1001)),
    "another originator": replace(HOLD, request_id=RequestId(BROKER, METER, 1001)),
    "another switch": replace(HOLD, body=DeactivateAuxiliaryLoad(index=4, duration_min=60)),
    "another duration": replace(HOLD, body=DeactivateAuxiliaryLoad(index=3, duration_min=61)),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_pre_command_with_something_else_in_it_is_never_signed(what: str) -> None:
    exchange = reply(opened(), message("I0", PreCommand(gbcs_version="3.2", payload=pre_commands(OTHERS[what])[0])))
    assert (exchange.state, exchange.signed, exchange.outgoing) == (ExchangeState.FAILED, False, None)
    assert not exchange.may_have_effect
    assert "Pre-Command" in str(exchange.failure)


@given(st.integers(0, len(pre_commands(HOLD)[0]) - 1), st.integers(1, 255))
def test_a_pre_command_with_any_octet_changed_is_never_signed(position: int, flip: int) -> None:
    payload = bytearray(pre_commands(HOLD)[0])
    payload[position] ^= flip
    exchange = reply(opened(), message("I0", PreCommand(gbcs_version="3.2", payload=bytes(payload))))
    assert (exchange.state, exchange.signed) == (ExchangeState.FAILED, False)


def test_a_device_that_did_everything_makes_the_exchange_succeed() -> None:
    done = respond(awaiting_response(), message("I0", GbcsPayload(payload=SUCCESS), from_device=True))
    assert (done.state, done.succeeded, done.response_code) == (ExchangeState.SUCCEEDED, True, "I0")
    assert done.may_have_effect
    assert done.response == decode(SUCCESS)


def test_i0_with_a_failed_instruction_is_a_failure_without_effect() -> None:
    payload = device_response(DlmsResult.HARDWARE_FAULT, DlmsResult.OTHER_REASON)
    done = respond(awaiting_response(), message("I0", GbcsPayload(payload=payload), from_device=True))
    assert (done.state, done.succeeded, done.may_have_effect) == (ExchangeState.FAILED, False, False)
    assert "HARDWARE_FAULT" in str(done.failure)


def test_an_answer_that_overtakes_the_acknowledgement_counts() -> None:
    done = respond(signed(), message("I0", GbcsPayload(payload=SUCCESS), from_device=True))
    assert done.state is ExchangeState.SUCCEEDED
    assert reply(done, message("I99", Acknowledgement())) == done


def test_a_repeated_acknowledgement_changes_nothing_but_its_count() -> None:
    again = reply(awaiting_response(), message("I99", Acknowledgement()))
    assert again == replace(awaiting_response(), duplicates=1)


def test_a_refused_request_has_no_effect_and_says_why() -> None:
    done = reply(opened(), message("E2", Acknowledgement()))
    assert (done.state, done.response_code, done.may_have_effect) == (ExchangeState.REFUSED, "E2", False)


def test_an_unsigned_refusal_is_believed_on_the_connection_that_we_opened() -> None:
    response = ServiceResponse(
        request_id=REQUEST_ID,
        response_id=None,
        response_code="E4",
        response_at=NOW,
        srv="7.6",
        body=Acknowledgement(),
    )
    assert reply(opened(), encode_response(response)).response_code == "E4"


@pytest.mark.parametrize("body", [b"", b"<x/>", b"\xff\xfe", message("I99", Acknowledgement()).replace(b"7.6", b"7.8")])
def test_a_reply_that_breaks_the_protocol_fails_the_exchange_with_the_reason(body: bytes) -> None:
    done = reply(signed(), body)
    assert (done.state, done.may_have_effect) == (ExchangeState.FAILED, True)
    assert str(done.failure).startswith("synchronous reply refused")


def test_a_reply_to_another_request_fails_the_exchange() -> None:
    other = RequestId(USER, METER, 1002)
    done = reply(opened(), message("I99", Acknowledgement(), request_id=other))
    assert done.state is ExchangeState.FAILED
    assert "RequestID" in str(done.failure)


def test_an_acknowledgement_instead_of_a_pre_command_fails_the_exchange() -> None:
    assert reply(opened(), message("I99", Acknowledgement())).state is ExchangeState.FAILED


def test_a_response_that_belongs_elsewhere_is_the_callers_mistake() -> None:
    body = message("I0", GbcsPayload(payload=SUCCESS), request_id=RequestId(USER, METER, 7), from_device=True)
    with pytest.raises(LocalProtocolError, match="must belong to"):
        respond(awaiting_response(), body)


def test_a_payload_of_another_command_under_our_request_id_is_no_answer() -> None:
    other = replace(HOLD, request_id=RequestId(USER, METER, 7))
    command = decode(pre_commands(other)[0])
    payload = encode(sign_gbcs(ecs47.build_response(command, Results.all_well(2)), DEVICE))
    done = respond(awaiting_response(), message("I0", GbcsPayload(payload=payload), from_device=True))
    assert (done.state, done.response, done.may_have_effect) == (ExchangeState.FAILED, None, True)
    assert "must answer" in str(done.failure)


def test_an_unsigned_device_response_to_a_critical_command_is_no_answer() -> None:
    unsigned = encode(replace(decode(SUCCESS), signature=None))
    done = respond(awaiting_response(), message("I0", GbcsPayload(payload=unsigned), from_device=True))
    assert (done.state, done.response) == (ExchangeState.FAILED, None)


def test_a_lost_acknowledgement_leaves_the_effect_open_and_a_lost_pre_command_does_not() -> None:
    assert time_out(signed()).may_have_effect
    assert send_failed(signed(), "connection refused").may_have_effect
    assert not time_out(opened()).may_have_effect
    assert not send_failed(opened(), "connection refused").may_have_effect


def test_a_read_never_has_an_effect() -> None:
    assert not time_out(opened(READ)).may_have_effect


def test_every_waiting_state_has_a_row_for_error_and_time_out() -> None:
    for state in TABLE.waiting:
        for event in (ExchangeEvent.ERROR, ExchangeEvent.TIME_OUT):
            assert event in TABLE.rows[state]
    assert set(TABLE.rows) == set(ExchangeState)
    assert TABLE.final == {
        ExchangeState.SUCCEEDED,
        ExchangeState.REFUSED,
        ExchangeState.FAILED,
        ExchangeState.TIMED_OUT,
    }


def test_no_event_leaves_a_final_state() -> None:
    for state in TABLE.final:
        for event in ExchangeEvent:
            with pytest.raises(ImpossibleEvent):
                TABLE.next(state, event)


@pytest.mark.parametrize("state", WAITING)
def test_any_waiting_exchange_takes_any_message_without_breaking(state: ExchangeState) -> None:
    exchange = replace(awaiting_response(), state=state)
    for body in (Acknowledgement(), GbcsPayload(payload=SUCCESS), PreCommand(gbcs_version="3.2", payload=b"x")):
        for code in ("I0", "I99", "E5"):
            assert isinstance(reply(exchange, message(code, body)).state, ExchangeState)
            received: Verified[ServiceResponse] = read_response(message(code, body), trust=TRUST, at=NOW)
            after = receive_response(exchange, received, trust=TRUST, at=NOW)
            assert after.seen


@pytest.mark.parametrize(
    "exchange",
    [
        opened(),
        opened(READ),
        signed(),
        awaiting_response(),
        time_out(signed()),
        reply(opened(), message("E2", Acknowledgement())),
        respond(awaiting_response(), message("I0", GbcsPayload(payload=SUCCESS), from_device=True)),
    ],
    ids=lambda exchange: str(exchange.state),
)
def test_a_journal_gives_back_the_equal_exchange(exchange: Exchange) -> None:
    assert Exchange.from_record(json.loads(json.dumps(exchange.to_record()))) == exchange
