"""DUIS: the XML messages between a user and the DCC, as typed values, and their signatures.

Build: ``sign(encode_request(request), signer)``. Read: ``read_request``, ``read_response``, ``read_synchronous_reply``.
"""

from linkbox.dcc.duis.answer import decode_response, encode_response
from linkbox.dcc.duis.caution import cautions
from linkbox.dcc.duis.document import RuleViolation, SchemaViolation, canonical_unsigned
from linkbox.dcc.duis.dsig import Unsigned
from linkbox.dcc.duis.request import ServiceRequest, decode_request, encode_request
from linkbox.dcc.duis.response import ServiceResponse
from linkbox.dcc.duis.signing import sign
from linkbox.dcc.duis.verify import read_request, read_response, read_synchronous_reply
from linkbox.dcc.duis.versions import version_at
from linkbox.dcc.duis.xmltext import MalformedXml

__all__ = [
    "MalformedXml",
    "RuleViolation",
    "SchemaViolation",
    "ServiceRequest",
    "ServiceResponse",
    "Unsigned",
    "canonical_unsigned",
    "cautions",
    "decode_request",
    "decode_response",
    "encode_request",
    "encode_response",
    "read_request",
    "read_response",
    "read_synchronous_reply",
    "sign",
    "version_at",
]
