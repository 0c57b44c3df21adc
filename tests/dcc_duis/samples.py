"""Keys and messages that several tests share."""

from __future__ import annotations

from datetime import UTC, datetime

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse, encode_request, encode_response, sign
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad
from linkbox.dcc.duis.response import GbcsPayload
from linkbox.dcc.smki import Role, TestPki

NOW = datetime(2026, 1, 5, 10, 0, 3, 120000, tzinfo=UTC)
USER = Eui64("90-B3-D5-1F-30-02-00-00")
OTHER_USER = Eui64("90-B3-D5-1F-30-01-00-00")
DSP = Eui64("90-B3-D5-1F-30-00-00-02")
ESME = Eui64("00-DB-12-34-56-78-90-A0")
PKI = TestPki("duis tests", datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
USER_SIGNER = PKI.signer(USER, Role.XML_SIGNING)
OTHER_SIGNER = PKI.signer(OTHER_USER, Role.XML_SIGNING)
DSP_SIGNER = PKI.signer(DSP, Role.DSP_XML_SIGNING)
GBCS_SIGNER = PKI.signer(USER, Role.NETWORK_OPERATOR)
TRUST = PKI.trust_store()

REQUEST = ServiceRequest(
    request_id=RequestId(USER, ESME, 1001),
    command_variant=4,
    srv="7.6",
    body=DeactivateAuxiliaryLoad(index=3, duration_min=60),
)
RESPONSE = ServiceResponse(
    request_id=RequestId(USER, ESME, 1001),
    response_id=RequestId(ESME, USER, 1001),
    response_code="I0",
    response_at=NOW,
    srv="7.6",
    body=GbcsPayload(payload=b"\xdf\x09\x02"),
)
SIGNED_REQUEST = sign(encode_request(REQUEST), USER_SIGNER)
SIGNED_RESPONSE = sign(encode_response(RESPONSE), DSP_SIGNER)
