"""Against DCC's own Java tool: it accepts what we sign, we accept what it signs, and both refuse what is broken.

The verdicts of the second half are those of the reference, dcc.md section 4.3.
"""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from lxml import etree

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import (
    ServiceRequest,
    ServiceResponse,
    canonical_unsigned,
    decode_request,
    encode_request,
    encode_response,
    read_request,
    read_response,
    sign,
)
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad, SignedPreCommand
from linkbox.dcc.duis.response import GbcsPayload
from linkbox.dcc.duis.signing import signed_info
from linkbox.dcc.duis.xmltext import Element, exclusive, parse
from linkbox.dcc.duis.xsd import OfficialSchema
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki import KeySigner, TrustStore
from tests.conformance.signingtool import SigningTool, ToolAbsent
from tests.dcc_duis.damage import libxml2_errs, mutated, own_verdict
from tests.dcc_smki.places import vectors

AT = datetime(2026, 1, 5, tzinfo=UTC)
DISTRIBUTOR, SUPPLIER = "xml-sign-90B3D51F30020000-ds", "xml-sign-90B3D51F30010000-ds"
DSP = "dsp-xml-sign-90B3D51F30000002-ds"
USER, ESME = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("00-DB-12-34-56-78-90-A0")
DEACTIVATE = ServiceRequest(
    request_id=RequestId(USER, ESME, 1001),
    command_variant=4,
    srv="7.6",
    body=DeactivateAuxiliaryLoad(index=3, duration_min=60),
)
SERVICES = ["7.5", "7.6", "7.7", "7.8", "7.9", "7.10", "7.11", "8.2", "8.4", "8.7.1", "8.7.2", "8.11", "12.2"]


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> SigningTool:
    try:
        return SigningTool.install(tmp_path_factory.mktemp("signing-tool"))
    except ToolAbsent as absent:
        pytest.skip(f"DCC's signing tool is absent: {absent}")


@pytest.fixture(scope="module")
def trust(tool: SigningTool) -> TrustStore:
    return TrustStore(tool.signer(stem).certificate for stem in (DISTRIBUTOR, SUPPLIER, DSP))


def template(srv: str) -> ServiceRequest:
    found = sorted(vectors("duis-requests").glob(f"*{srv}_*.XML"))
    return decode_request(next(f for f in found if f"_{srv}_" in f"_{f.name}").read_bytes())


def ours_accepts(data: bytes, trust: TrustStore) -> bool:
    try:
        read_request(data, trust=trust, at=AT)
    except RemoteProtocolError:
        return False
    return True


@pytest.mark.parametrize("srv", SERVICES)
def test_the_tool_accepts_what_we_sign(srv: str, tool: SigningTool) -> None:
    assert tool.accepts(sign(encode_request(template(srv)), tool.signer(SUPPLIER)))


@pytest.mark.parametrize("srv", SERVICES)
def test_we_accept_what_the_tool_signs(srv: str, tool: SigningTool, trust: TrustStore) -> None:
    request = template(srv)
    verified = read_request(tool.sign(encode_request(request)), trust=trust, at=AT)
    assert (verified.value, verified.signer) == (request, tool.signer(SUPPLIER).certificate)


def test_a_distributor_s_signed_pre_command_is_accepted_both_ways(tool: SigningTool, trust: TrustStore) -> None:
    request = replace(DEACTIVATE, command_variant=5, body=SignedPreCommand(payload=bytes(range(133))))
    assert tool.accepts(sign(encode_request(request), tool.signer(DISTRIBUTOR)))
    assert read_request(tool.sign(encode_request(request)), trust=trust, at=AT).value == request


def test_both_tools_digest_the_same(tool: SigningTool) -> None:
    ours = sign(encode_request(DEACTIVATE), tool.signer(DISTRIBUTOR))
    theirs = tool.sign(encode_request(DEACTIVATE))
    assert canonical_unsigned(theirs) == canonical_unsigned(ours) == encode_request(DEACTIVATE)
    digests = [
        data.split(b"<ds:DigestValue>")[1].split(b"<")[0] for data in (ours, theirs.replace(b"<Digest", b"<ds:Digest"))
    ]
    assert digests[0] == digests[1]


def test_the_tool_accepts_a_response_that_we_sign_as_the_dsp(tool: SigningTool, trust: TrustStore) -> None:
    response = ServiceResponse(
        request_id=DEACTIVATE.request_id,
        response_id=RequestId(ESME, USER, 1001),
        response_code="I0",
        response_at=AT,
        srv="7.6",
        body=GbcsPayload(payload=b"\xdf"),
        schema_version="5.1",
    )
    data = sign(encode_response(response), tool.signer(DSP))
    assert tool.accepts(data)
    assert read_response(data, trust=trust, at=AT).value == response


@pytest.fixture
def ed(tool: SigningTool) -> KeySigner:
    return tool.signer(DISTRIBUTOR)


@pytest.fixture
def signed(ed: KeySigner) -> bytes:
    return sign(encode_request(DEACTIVATE), ed)


def verdicts(data: bytes, tool: SigningTool, trust: TrustStore) -> tuple[bool, bool]:
    """Theirs, ours."""
    return tool.accepts(data), ours_accepts(data, trust)


def test_a_tampered_duration_is_refused_by_both(signed: bytes, tool: SigningTool, trust: TrustStore) -> None:
    assert verdicts(signed.replace(b">60<", b">61<"), tool, trust) == (False, False)


def test_only_the_strict_verifier_refuses_what_was_indented_after_signing(
    signed: bytes, tool: SigningTool, trust: TrustStore
) -> None:
    assert verdicts(signed.replace(b"><sr:", b">\n  <sr:"), tool, trust) == (True, False)


def test_the_tool_refuses_a_digest_over_the_indented_form(ed: KeySigner, tool: SigningTool, trust: TrustStore) -> None:
    indented = encode_request(DEACTIVATE).replace(b"><sr:", b">\n  <sr:")
    assert verdicts(sign(indented, ed), tool, trust) == (False, True)


def test_a_der_signature_is_refused_by_both(signed: bytes, tool: SigningTool, trust: TrustStore) -> None:
    value = signed.split(b"<ds:SignatureValue>")[1].split(b"<")[0]
    raw = base64.b64decode(value)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    assert verdicts(signed.replace(value, base64.b64encode(der)), tool, trust) == (False, False)


def test_an_exclusive_digest_is_refused_by_both_when_a_namespace_is_spare(
    ed: KeySigner, tool: SigningTool, trust: TrustStore
) -> None:
    spare = encode_request(DEACTIVATE).replace(b" schemaVersion", b' xmlns:xsi="urn:spare" schemaVersion', 1)
    inclusive_digest = base64.b64encode(sha256(spare).digest())
    exclusive_digest = base64.b64encode(sha256(exclusive(parse(spare))).digest())
    good = sign(spare, ed)
    value = good.split(b"<ds:SignatureValue>")[1].split(b"<")[0]
    forged = base64.b64encode(ed.sign(signed_info(exclusive_digest)))
    bad = good.replace(inclusive_digest, exclusive_digest).replace(value, forged)
    assert verdicts(good, tool, trust) == (True, True)
    assert verdicts(bad, tool, trust) == (False, False)


def test_the_tool_refuses_a_typed_value_with_blanks_around_it(
    ed: KeySigner, tool: SigningTool, trust: TrustStore
) -> None:
    """It collapses the value before it digests; so nobody should send such a value, and our encoder never does."""
    blank = encode_request(DEACTIVATE).replace(b"<sr:RequestID>", b"<sr:RequestID> ")
    assert verdicts(sign(blank, ed), tool, trust) == (False, True)


def test_a_wrapped_message_is_refused_by_us(signed: bytes, trust: TrustStore) -> None:
    evil = encode_request(replace(DEACTIVATE, request_id=RequestId(USER, ESME, 9999)))
    assert not ours_accepts(evil.replace(b"</sr:Body>", signed + b"</sr:Body>"), trust)


@pytest.fixture(scope="module")
def schema_5_1(tool: SigningTool, tmp_path_factory: pytest.TempPathFactory) -> OfficialSchema:
    folder = tmp_path_factory.mktemp("schemas")
    tool.write_schemas(folder)
    return OfficialSchema(folder, "5.1")


def test_our_verdict_on_version_5_1_is_that_of_its_official_schema(schema_5_1: OfficialSchema) -> None:
    judged = {True: 0, False: 0}

    @settings(max_examples=400, deadline=None, database=None)
    @given(mutated())
    def compare(root: Element) -> None:
        if "schemaVersion" not in root.attrib or libxml2_errs(root):
            return
        root.set("schemaVersion", "5.1")
        received = parse(etree.tostring(copy.deepcopy(root)))
        official = not schema_5_1.issues_of(received)
        assert own_verdict(received) == official, etree.tostring(received)
        judged[official] += 1

    compare()
    print(f"version 5.1: {judged[True]} accepted and {judged[False]} refused by both")  # noqa: T201 - to be seen
    assert min(judged.values()) > 50


def test_the_tool_s_schemas_are_readable_under_plain_names(schema_5_1: OfficialSchema, tmp_path: Path) -> None:
    assert schema_5_1.issues(encode_request(replace(DEACTIVATE, schema_version="5.1"))) == ()
    assert schema_5_1.issues(encode_request(DEACTIVATE).replace(b">60<", b">-1<")) != ()
