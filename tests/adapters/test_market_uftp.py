"""The market's wire: what is sealed is read back, by the library too; what is hostile goes no further."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_sign

from linkbox.adapters.market_uftp import (
    MAX_SIGNED_BYTES,
    Correspondent,
    UftpWire,
    key_from_text,
    public_text,
    signing_key,
)
from linkbox.base.errors import InvalidInput
from linkbox.market import RemoteProtocolError
from tests.operation.provider_messages import DISTRIBUTOR, PROVIDER, offer_to, uuid

OURS, THEIRS, OTHERS = signing_key(b"o" * 32), signing_key(b"t" * 32), signing_key(b"x" * 32)
REQUEST: dict[str, Any] = {
    "type": "FlexRequest",
    "version": "3.1.0",
    "sender_domain": DISTRIBUTOR,
    "recipient_domain": PROVIDER,
    "time_stamp": "2026-01-13T18:01:00.000Z",
    "message_id": uuid("request"),
    "conversation_id": uuid("conversation"),
    "isp_duration": "PT15M",
    "time_zone": "Europe/London",
    "period": "2026-01-13",
    "congestion_point": "ea1.2026-01.example.linkbox.dso:F1.L1",
    "contract_id": "FLEX-1",
    "revision": 1,
    "expiration_date_time": "2026-01-13T18:02:00.000Z",
    "isps": [{"disposition": "Requested", "min_power": -7360, "max_power": 0, "start": 73, "duration": 9}],
}


def distributor() -> UftpWire:
    return UftpWire(DISTRIBUTOR, "DSO", OURS, (Correspondent(domain=PROVIDER, role="AGR", public_key=THEIRS.public),))


def provider() -> UftpWire:
    return UftpWire(PROVIDER, "AGR", THEIRS, (Correspondent(domain=DISTRIBUTOR, role="DSO", public_key=OURS.public),))


def wrapped(inner: bytes, *, key: Any = THEIRS, domain: str = PROVIDER, role: str = "AGR") -> bytes:
    body = base64.b64encode(crypto_sign(inner, key.secret)).decode()
    return f'<SignedMessage SenderDomain="{domain}" SenderRole="{role}" Body="{body}"/>'.encode()


HEAD = (
    f'Version="3.1.0" SenderDomain="{PROVIDER}" RecipientDomain="{DISTRIBUTOR}" TimeStamp="2026-01-13T18:00:00Z" '
    f'MessageID="{uuid("m")}" ConversationID="{uuid("c")}"'
)
TEST_MESSAGE = f"<TestMessage {HEAD}/>".encode()
OFFER = (
    f'<FlexOffer {HEAD} ISP-Duration="PT15M" TimeZone="Europe/London" Period="2026-01-13" '
    f'CongestionPoint="ea1.2026-01.example.linkbox.dso:F1.L1" ExpirationDateTime="2026-01-13T19:00:00Z" '
    f'FlexRequestMessageID="{uuid("request")}" Currency="GBP"><OfferOption OptionReference="1" Price="1.25">'
    '<ISP Power="-7360" Start="73" Duration="9"/></OfferOption></FlexOffer>'
).encode()


def refusal(body: bytes) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        distributor().unseal(body)
    return caught.value


def test_what_is_sealed_is_read_back_and_sealing_it_again_gives_the_same_bytes() -> None:
    sealed = distributor().seal(REQUEST)
    assert sealed == distributor().seal(REQUEST)
    assert provider().unseal(sealed) == {**REQUEST, "sender_role": "DSO"}


def test_the_library_reads_what_we_seal_and_we_read_what_it_seals() -> None:
    """The other side may be built on the library alone."""
    from shapeshifter_uftp import transport
    from shapeshifter_uftp.uftp import SignedMessage, UsefRole

    wrapper = transport.from_xml(distributor().seal(REQUEST))
    message = transport.unseal_message(wrapper.body, base64.b64encode(OURS.public).decode())
    assert (message.isps[0].min_power, message.contract_id) == (-7360, "FLEX-1")
    sealed = transport.seal_message(transport.from_xml(OFFER), base64.b64encode(THEIRS.secret).decode())
    ours = transport.to_xml(SignedMessage(sender_domain=PROVIDER, sender_role=UsefRole.AGR, body=sealed))
    read = distributor().unseal(ours.encode())
    assert read["offer_options"][0]["isps"] == [{"power": -7360, "start": 73, "duration": 9}]
    assert read["offer_options"][0]["price"] == "1.2500"


def test_an_offer_is_read_with_all_that_it_says() -> None:
    read = distributor().unseal(wrapped(OFFER))
    request = {**REQUEST, "message_id": uuid("request")}
    assert {k: v for k, v in read.items() if k != "offer_options"}.items() >= {
        "type": "FlexOffer", "currency": "GBP", "flex_request_message_id": request["message_id"], "sender_role": "AGR",
    }.items()  # fmt: skip
    again = provider().seal({k: v for k, v in offer_to(request).items() if k != "sender_role"})
    assert distributor().unseal(again)["offer_options"][0]["min_activation_factor"] == "0.01"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wrapped(TEST_MESSAGE, domain="nobody.example"), 419),
        (wrapped(TEST_MESSAGE, role="DSO"), 419),
        (wrapped(TEST_MESSAGE, role="KING"), 400),
        (wrapped(TEST_MESSAGE, key=OTHERS), 401),
        (wrapped(TEST_MESSAGE, key=replace(THEIRS, secret=OTHERS.secret)), 401),
        (b'<SignedMessage SenderDomain="%s" SenderRole="AGR" Body=""/>' % PROVIDER.encode(), 401),
        (TEST_MESSAGE, 400),
        (wrapped(b""), 400),
        (wrapped(b"no xml"), 400),
        (wrapped(OFFER.replace(b"<FlexOffer", b"<DPrognosis").replace(b"</FlexOffer", b"</DPrognosis")), 400),
        (wrapped(TEST_MESSAGE.replace(PROVIDER.encode(), b"other.example")), 400),
        (wrapped(TEST_MESSAGE.replace(b"TestMessage", b"FlexOrder")), 400),
        (wrapped(OFFER.replace(b'Power="-7360"', b'Power="1e9"')), 400),
        (wrapped(OFFER.replace(b'Power="-7360"', b'Power="99999999999999999999"')), 400),
        (wrapped(OFFER.replace(b'Price="1.25"', b'Price="1E+999999999"')), 400),
        (wrapped(OFFER.replace(b'Price="1.25"', b'Price="NaN"')), 400),
        (wrapped(OFFER.replace(b'Price="1.25"', b'Price="&#49;E9"')), 400),
        (wrapped(OFFER.replace(b'Currency="GBP"', b'Currency="pounds"')), 400),
        (wrapped(OFFER.replace(b'Currency="GBP"', b"")), 400),
        (wrapped(b"<FlexOrderResponse " + HEAD.encode() + b' FlexOrderMessageID="%s"/>' % uuid("o").encode()), 400),
        (wrapped(OFFER.replace(b'Currency="GBP"', b'Currency="GBP" Colour="red"')), 400),
        (wrapped(OFFER.replace(b"2026-01-13T19:00:00Z", b"2026-02-31T19:00:00Z")), 400),
        (wrapped(OFFER.replace(b"<OfferOption", b"<Other/><OfferOption")), 400),
        (wrapped(b"<FlexOrderResponse " + HEAD.encode() + b' Result="Perhaps" FlexOrderMessageID="%s"/>'
                 % uuid("o").encode()), 400),
        (wrapped(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-7'?>" + TEST_MESSAGE), 400),
        (wrapped(TEST_MESSAGE.decode().encode("utf-16")), 400),
        (wrapped(TEST_MESSAGE.replace(b"3.1.0", b"3.1.0" + b"1" * 5000)), 400),
        (b" " * (MAX_SIGNED_BYTES + 1), 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_is_refused_with_the_protocols_status(body: bytes, status: int) -> None:
    assert refusal(body).status == status


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = b'<!DOCTYPE x [<!ENTITY %% p SYSTEM "http://127.0.0.1:1/evil.dtd"> %%p;]>'
NO_MORE = [LAUGHS, OUTSIDE, PARAMETER, b"<!-- comment -->", b"<?xml-stylesheet href='x'?>", b"<![CDATA[x]]>"]


@pytest.mark.parametrize("hostile", NO_MORE, ids=["laughs", "external", "parameter", "comment", "instruction", "cdata"])
@pytest.mark.parametrize("declared", [b"", b'<?xml version="1.0" encoding="UTF-8"?>'], ids=["bare", "declared"])
def test_document_types_entities_and_whatever_hides_them_are_never_parsed(hostile: bytes, declared: bytes) -> None:
    outer = declared + hostile + wrapped(TEST_MESSAGE)
    inner = wrapped(declared + hostile + TEST_MESSAGE.replace(b'Version="3.1.0"', b'Version="&c;"'))
    for body in (outer, inner):
        found = refusal(body)
        assert (found.status, "not taken" in found.reason) == (400, True)


def test_a_genuine_message_for_somebody_else_is_told_as_a_problem_and_not_as_a_fault_of_the_wire() -> None:
    read = distributor().unseal(wrapped(TEST_MESSAGE.replace(DISTRIBUTOR.encode(), b"other.example")))
    assert read["problem"] == "Unknown RecipientDomain"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TEST_MESSAGE, OFFER]), st.data())
def test_of_any_damage_to_a_message_comes_a_message_or_a_refusal(inner: bytes, data: st.DataObject) -> None:
    """The seal is right, so that the damage reaches the parser."""
    at = data.draw(st.integers(0, len(inner)))
    damaged = inner[:at] + data.draw(st.binary(max_size=6)) + inner[at + data.draw(st.integers(0, 12)) :]
    try:
        assert isinstance(distributor().unseal(wrapped(damaged)), dict)
    except RemoteProtocolError as error:
        refused = error.status
    else:
        return
    assert refused == 400


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_of_any_bytes_comes_a_refusal(body: bytes) -> None:
    assert refusal(body).status == 400


def test_keys_do_not_print_and_public_keys_are_read_back() -> None:
    assert "secret" not in repr(OURS)
    assert key_from_text(public_text(OURS), where="key") == OURS.public
    assert key_from_text("cs1." + base64.b64encode(OURS.public + b"e" * 32).decode(), where="key") == OURS.public
    for text in ("", "cs1.", "cs1.AAAA", public_text(OURS).removeprefix("cs1."), "cs1.Ü"):
        with pytest.raises(InvalidInput):
            key_from_text(text, where="key")
