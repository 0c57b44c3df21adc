"""The envelope of GBCS messages, against the published set and against nonsense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import Cra, Message, decode, encode
from tests.dcc_gbcs.vectors import Capture, messages, named, needs_vectors, say

ESME = Eui64("00-DB-12-34-56-78-90-A0")
USER = Eui64("90-B3-D5-1F-30-02-00-00")
BROKER = Eui64("90-B3-D5-1F-30-00-00-02")

# The Pre-Command that reference dcc.md section 5.6 builds by hand (switch 3 off for 60 minutes).
PRE_COMMAND = bytes.fromhex(
    "DF09010000019B65DED2290890B3D51F300200000800DB1234567890A00002005522D920DED229000202000100005E2C770202"
    "03000900000A0067FF010212003C12031200"
)

_euis = st.binary(min_size=8, max_size=8).map(Eui64.from_octets)
_counters = st.integers(0, 2**64 - 1)


@st.composite
def any_message(draw: st.DrawFn) -> Message:
    """Any message that may exist, with every form of other information."""
    cra = draw(st.sampled_from(Cra))
    depth = draw(st.integers(0, 4))
    signature = draw(st.none() | st.binary(min_size=64, max_size=64))
    mac = draw(st.none() | st.binary(min_size=12, max_size=12))
    unprotected_command = cra is Cra.COMMAND and signature is None and mac is None
    return Message(
        cra=cra,
        originator_counter=draw(_counters),
        originator=draw(_euis),
        recipient=draw(_euis),
        message_code=draw(st.integers(0, 0xFFFF)),
        payload=draw(st.binary(max_size=300)),
        date_time=draw(st.none() | st.binary(min_size=12, max_size=12)),
        supplementary_party=draw(_euis) if depth >= 1 else None,
        supplementary_counter=draw(_counters) if depth >= 2 else None,
        supplementary_originator_counter=draw(_counters) if depth == 3 else None,
        supplementary_certificate=draw(st.binary(min_size=9, max_size=400)) if depth == 4 else None,
        signature=signature,
        mac=mac,
        bare=draw(st.booleans()) if unprotected_command else False,
    )


@needs_vectors
def test_every_published_message_decodes_and_encodes_to_the_same_octets(capsys: Capture) -> None:
    same = [name for name, data in messages().items() if encode(decode(data)) == data]
    say(capsys, f"envelopes: {len(same)} of {len(messages())} published messages re-encoded octet by octet")
    assert same == list(messages())
    assert len(same) > 100


@needs_vectors
@pytest.mark.parametrize("name", named("ECS61d_7.14_SUCCESS"))
def test_a_message_of_the_broker_names_the_user_for_whom_it_acts(name: str) -> None:
    message = decode(messages()[name])
    assert (message.supplementary_party, message.supplementary_counter) == ("90-B3-D5-1F-30-01-00-00", 1000)
    assert (message.user, message.user_counter) == ("90-B3-D5-1F-30-01-00-00", 1000)
    assert BROKER in (message.originator, message.recipient)
    assert message.originator_counter == 0x514


def test_the_pre_command_built_by_hand_decodes_to_its_parts() -> None:
    message = decode(PRE_COMMAND)
    assert message == Message(
        cra=Cra.COMMAND,
        originator_counter=1766940660265,
        originator=USER,
        recipient=ESME,
        message_code=0x0055,
        payload=bytes.fromhex("D920DED229000202000100005E2C77020203000900000A0067FF010212003C120312"),
    )
    assert (message.user, message.user_counter) == (USER, 1766940660265)
    assert encode(message) == PRE_COMMAND


def test_a_pre_command_without_its_last_octet_keeps_that_form() -> None:
    bare = decode(PRE_COMMAND[:-1])
    assert bare == replace(decode(PRE_COMMAND), bare=True)
    assert encode(bare) == PRE_COMMAND[:-1]


@given(any_message())
def test_any_message_survives_encoding_and_decoding(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=120))
def test_any_octets_give_a_message_or_a_remote_error(data: bytes) -> None:
    try:
        message = decode(data)
    except RemoteProtocolError:
        return
    assert encode(message) == data


@given(any_message(), st.data())
def test_a_damaged_message_is_refused_or_is_another_message(message: Message, data: st.DataObject) -> None:
    octets = bytearray(encode(message))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    damaged = bytes(octets[: data.draw(st.integers(place, len(octets)))])
    try:
        found = decode(damaged)
    except RemoteProtocolError:
        return
    assert encode(found) == damaged
    assert found != message


@pytest.mark.parametrize(
    ("octets", "part"),
    [
        (b"", "header of 30 octets"),
        (b"\xdf\x09\x04" + PRE_COMMAND[3:], "CRA flag"),
        (PRE_COMMAND[:11] + b"\x07" + PRE_COMMAND[12:], "8 octets each"),
        (PRE_COMMAND[:29] + b"\x05" + PRE_COMMAND[30:], "0 or 12 octets"),
        (PRE_COMMAND[:30] + b"\x03" + PRE_COMMAND[31:33] + b"\x00" + PRE_COMMAND[33:], "2, 10, 18, 26 or more"),
        (PRE_COMMAND[:33] + b"\x81" + PRE_COMMAND[33:], "shortest form"),
        (PRE_COMMAND[:33] + b"\x83" + PRE_COMMAND[34:], "shortest form"),
        (PRE_COMMAND[:33] + b"\x7f" + PRE_COMMAND[34:], "must hold 127 octets"),
        (PRE_COMMAND + b"\x00", "end the message"),
        (PRE_COMMAND[:-1] + b"\x40" + bytes(63), "end the message"),
        (b"\xdf\x09\x02" + PRE_COMMAND[3:-1], "Pre-Command only"),
        (b"\xdd" + bytes(6) + b"\x05\x11\x00\x00\x00\x00", "a message and a MAC"),
        (b"\xdd" + bytes(5) + b"\x01\x05\x11\x00\x00\x00\x00", "must begin DD"),
        (b"\xdd" + bytes(6) + b"\x12\x11" + bytes(17) + b"\x00", "must count all that follows"),
        (b"\xdf" * 0x10001, "must not exceed 65536"),
    ],
)
def test_a_malformed_envelope_is_refused_with_its_rule(octets: bytes, part: str) -> None:
    with pytest.raises(RemoteProtocolError, match=part):
        decode(octets)


@pytest.mark.parametrize(
    "wrong",
    [
        {"originator_counter": -1},
        {"originator_counter": 2**64},
        {"message_code": 0x10000},
        {"signature": b"short"},
        {"mac": b"short"},
        {"date_time": b"short"},
        {"payload": bytes(0x10000)},
        {"supplementary_counter": 5},
        {"supplementary_party": USER, "supplementary_originator_counter": 5},
        {"supplementary_party": USER, "supplementary_counter": 5, "supplementary_certificate": b"short"},
        {"bare": True, "cra": Cra.ALERT},
        {"bare": True, "signature": bytes(64)},
    ],
)
def test_an_impossible_message_is_not_encoded(wrong: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        encode(replace(decode(PRE_COMMAND), **wrong))  # type: ignore[arg-type] # wrong on purpose
