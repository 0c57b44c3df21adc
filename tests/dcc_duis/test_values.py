"""Building messages: contradictions and values without a text are our own fault, and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import (
    RuleViolation,
    ServiceRequest,
    cautions,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
    version_at,
)
from linkbox.dcc.duis.bodies import (
    ActivateAuxiliaryLoad,
    AddAuxiliaryLoadToBoostButton,
    BoostSlot,
    ByMpxn,
    DeactivateAuxiliaryLoad,
    JoinServiceCritical,
    LogAction,
    ReadAlcsData,
    ReadInventory,
    RequestBody,
    ResetAuxiliaryLoad,
    SetAuxiliaryControllerState,
    SignedPreCommand,
    UpdateHanDeviceLog,
)
from linkbox.dcc.duis.response import DspInventory, GbcsPayload, InventoryDevice, OtherContent, ServiceResponse
from linkbox.dcc.duis.versions import SCHEMA_VERSIONS
from linkbox.dcc.duis.xmltext import escape, escape_attribute, inclusive, parse
from linkbox.dcc.errors import LocalProtocolError
from tests.dcc_duis.samples import ESME, NOW, REQUEST, RESPONSE, USER

euis = st.binary(min_size=8, max_size=8).map(Eui64.from_octets)
request_ids = st.builds(RequestId, euis, euis, st.integers(0, 2**64 - 1))
instants = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - aware
indexes, minutes = st.integers(1, 5), st.integers(0, 65535)
bodies: st.SearchStrategy[tuple[str, int, RequestBody]] = st.one_of(
    st.builds(lambda i, d: ("7.5", 4, ActivateAuxiliaryLoad(index=i, duration_min=d)), indexes, minutes),
    st.builds(lambda i, d: ("7.6", 4, DeactivateAuxiliaryLoad(index=i, duration_min=d)), indexes, minutes),
    st.builds(lambda at: ("7.7", 1, ReadAlcsData(execution_at=at)), st.none() | instants),
    st.builds(lambda i: ("7.8", 4, ResetAuxiliaryLoad(index=i)), indexes),
    st.builds(lambda p: ("7.6", 5, SignedPreCommand(payload=p)), st.binary(max_size=300)),
    st.builds(
        lambda m: ("8.2", 8, ReadInventory(search=ByMpxn(mpxn=m))), st.text("09 <&>\"'é\r\n\t", min_size=1, max_size=13)
    ),
)
requests = st.builds(
    lambda request_id, body, version: ServiceRequest(
        request_id=request_id, srv=body[0], command_variant=body[1], body=body[2], schema_version=version
    ),
    request_ids,
    bodies,
    st.sampled_from(["5.1", "5.4"]),
)


@given(requests)
def test_a_request_is_read_as_it_was_written(request: ServiceRequest) -> None:
    assert decode_request(encode_request(request)) == request


@given(request_ids, st.binary(max_size=400), instants)
def test_a_response_is_read_as_it_was_written(request_id: RequestId, payload: bytes, at: datetime) -> None:
    response = replace(RESPONSE, request_id=request_id, body=GbcsPayload(payload=payload), response_at=at)
    assert decode_response(encode_response(response)) == response


def test_the_published_example_is_written_byte_for_byte() -> None:
    """The un-indented 7.6 of the reference, section 3.2."""
    assert encode_request(REQUEST) == (
        b'<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4"><sr:Header>'
        b"<sr:RequestID>90-B3-D5-1F-30-02-00-00:00-DB-12-34-56-78-90-A0:1001</sr:RequestID>"
        b"<sr:CommandVariant>4</sr:CommandVariant><sr:ServiceReference>7.6</sr:ServiceReference>"
        b"<sr:ServiceReferenceVariant>7.6</sr:ServiceReferenceVariant></sr:Header><sr:Body><sr:DeactivateAuxiliaryLoad>"
        b'<sr:DeactivateALCSHCALCS index="3"><sr:Duration>60</sr:Duration></sr:DeactivateALCSHCALCS>'
        b"</sr:DeactivateAuxiliaryLoad></sr:Body></sr:Request>"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"srv": "7.5"},
        {"command_variant": 1},
        {"command_variant": 5},
        {"command_variant": 8},
        {"body": SignedPreCommand(payload=b"x")},
        {"schema_version": "6.0"},
        {"body": DeactivateAuxiliaryLoad(index=6, duration_min=1)},
        {"body": DeactivateAuxiliaryLoad(index=0, duration_min=1)},
        {"body": DeactivateAuxiliaryLoad(index=1, duration_min=65536)},
        {"body": DeactivateAuxiliaryLoad(index=1, duration_min=-1)},
    ],
)
def test_a_request_that_contradicts_itself_is_not_built(change: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_request(replace(REQUEST, **change))


def test_a_signed_pre_command_of_a_non_critical_service_is_not_built() -> None:
    with pytest.raises(LocalProtocolError, match="not critical"):
        encode_request(replace(REQUEST, srv="7.7", command_variant=5, body=SignedPreCommand(payload=b"x")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Variant>7.6<", b"Variant>7.5<"),
        (b"Reference>7.6<", b"Reference>7.5<"),
        (b"CommandVariant>4<", b"CommandVariant>8<"),
        (b"CommandVariant>4<", b"CommandVariant>5<"),
    ],
)
def test_a_received_request_whose_service_does_not_fit_is_refused_although_the_schema_allows_it(
    old: bytes, new: bytes
) -> None:
    with pytest.raises(RuleViolation):
        decode_request(encode_request(REQUEST).replace(old, new))


def test_a_wrong_command_variant_is_answered_with_e12() -> None:
    with pytest.raises(RuleViolation) as refusal:
        decode_request(encode_request(REQUEST).replace(b"CommandVariant>4<", b"CommandVariant>8<"))
    assert refusal.value.response_code == "E12"


def test_an_unknown_schema_version_is_a_matter_of_rules() -> None:
    with pytest.raises(RuleViolation, match="schema versions"):
        decode_request(encode_request(REQUEST).replace(b'"5.4"', b'"9.9"'))


def test_a_time_in_another_zone_is_read_as_utc_and_one_without_zone_is_refused() -> None:
    data = encode_request(replace(REQUEST, srv="7.7", command_variant=1, body=ReadAlcsData(execution_at=NOW)))
    moved = decode_request(data.replace(b"2026-01-05T10:00:03.12Z", b"2026-01-05T11:00:03.12+01:00"))
    assert moved.body == ReadAlcsData(execution_at=NOW)
    with pytest.raises(RuleViolation, match="zone"):
        decode_request(data.replace(b"03.12Z", b"03.12"))


def test_a_time_outside_utc_is_not_written() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=1)))
    with pytest.raises(LocalProtocolError, match="UTC"):
        encode_request(replace(REQUEST, srv="7.7", command_variant=1, body=ReadAlcsData(execution_at=local)))


def test_text_that_xml_can_not_hold_is_not_written() -> None:
    body = ReadInventory(search=ByMpxn(mpxn="a\x00b"))
    with pytest.raises(LocalProtocolError, match="XML"):
        encode_request(replace(REQUEST, srv="8.2", command_variant=8, body=body))


def inventory(version: str) -> ServiceResponse:
    device = InventoryDevice(
        device=ESME, device_type="ESME", manufacturer="M", model="X", csp_region="4G North", connectivity="Virtual"
    )
    return replace(RESPONSE, srv="8.2", body=DspInventory(devices=(device,)), schema_version=version)


def test_what_a_newer_schema_added_is_read_and_written_in_that_version_only() -> None:
    newest = inventory("5.4")
    assert decode_response(encode_response(newest)) == newest
    with pytest.raises(LocalProtocolError, match="must be one of"):
        encode_response(inventory("5.1"))
    with pytest.raises(LocalProtocolError, match=r"from schema version 5\.4 only"):
        encode_response(inventory("5.3"))


def test_the_version_to_build_follows_the_date() -> None:
    assert version_at(datetime(2025, 10, 31, tzinfo=UTC)) == "5.1"
    assert version_at(datetime(2026, 1, 1, tzinfo=UTC)) == "5.4"
    with pytest.raises(LocalProtocolError, match="in force"):
        version_at(datetime(2019, 1, 1, tzinfo=UTC))
    assert version_at(datetime(2026, 1, 1, tzinfo=UTC), SCHEMA_VERSIONS[:2]) == "5.1"


def test_content_that_is_not_understood_is_carried_unchanged() -> None:
    data = encode_response(RESPONSE).replace(
        b"<sr:GBCSPayload>3wkC</sr:GBCSPayload>", b"<sr:DSPScheduleID>17</sr:DSPScheduleID>"
    )
    response = decode_response(data)
    assert isinstance(response.body, OtherContent)
    assert response.body.element == "DSPScheduleID"
    assert encode_response(response) == data


def test_content_that_is_no_canonical_xml_is_not_written() -> None:
    for content in (b"<x/>", b"17", b'<sr:DSPScheduleID xmlns:sr="urn:x">1</sr:DSPScheduleID>'):
        with pytest.raises(LocalProtocolError):
            encode_response(replace(RESPONSE, body=OtherContent(element="DSPScheduleID", content=content)))


@pytest.mark.parametrize("srv", [None, "7.99"])
def test_a_response_without_a_right_service_is_not_built(srv: str | None) -> None:
    with pytest.raises(LocalProtocolError):
        encode_response(replace(RESPONSE, srv=srv))


HOLD = SetAuxiliaryControllerState(index=1, start=NOW, end=NOW + timedelta(hours=24), level_percent=0)
SLOTS = tuple(BoostSlot(index=i, marked=True) for i in range(1, 6))


@pytest.mark.parametrize(
    ("srv", "body", "where"),
    [
        ("7.6", DeactivateAuxiliaryLoad(index=1, duration_min=0), "body.duration_min"),
        ("7.13", replace(HOLD, end=HOLD.start), "body.end"),
        ("7.13", replace(HOLD, end=HOLD.end + timedelta(seconds=1)), "body.end"),
        ("7.9", AddAuxiliaryLoadToBoostButton(slots=(*SLOTS[:4], SLOTS[0])), "body.slots"),
        ("8.11", UpdateHanDeviceLog(device=USER, action=LogAction.ADD), "body.whitelist"),
    ],
)
def test_a_doubtful_request_is_named_before_it_is_sent(srv: str, body: RequestBody, where: str) -> None:
    assert [issue.where for issue in cautions(replace(REQUEST, srv=srv, body=body))] == [where]


@pytest.mark.parametrize(
    ("srv", "body"),
    [
        ("7.6", REQUEST.body),
        ("7.13", HOLD),
        ("7.9", AddAuxiliaryLoadToBoostButton(slots=SLOTS)),
        ("8.7.1", JoinServiceCritical(other_device=ESME)),
    ],
)
def test_a_sound_request_raises_no_doubt(srv: str, body: RequestBody) -> None:
    assert cautions(replace(REQUEST, srv=srv, body=body)) == ()


def test_a_secret_does_not_print() -> None:
    assert "3wkC" not in repr(RESPONSE)
    assert "payload" not in repr(SignedPreCommand(payload=b"secret"))


def test_hundredths_and_longer_fractions_of_a_second_survive() -> None:
    for at in (NOW, NOW.replace(microsecond=123456), NOW.replace(microsecond=0)):
        request = replace(REQUEST, srv="7.7", command_variant=1, body=ReadAlcsData(execution_at=at))
        assert decode_request(encode_request(request)) == request


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), max_size=30))
def test_escaped_text_is_canonical_in_content_and_in_attributes(text: str) -> None:
    allowed = "".join(c for c in text if c not in "\ufffe\uffff")
    data = f'<a b="{escape_attribute(allowed)}">{escape(allowed)}</a>'.encode()
    root = parse(data)
    assert (root.get("b"), root.text or "") == (allowed, allowed)
    assert inclusive(root) == data
