"""The messages that the DSP sends to a user, as values."""

from __future__ import annotations

from datetime import datetime

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import ServiceRequest, ServiceResponse
from linkbox.dcc.duis.alerts import ResponseVersionMismatch, VersionMismatch
from linkbox.dcc.duis.response import DccAlert, ResponseBody
from linkbox.dcc.duis.services import reference_of


def dsp_message(
    at: datetime,
    body: ResponseBody,
    *,
    request: ServiceRequest | None,
    code: str,
    from_device: bool,
    schema_version: str,
) -> ServiceResponse:
    """What the DSP sends at ``at``: an answer to ``request``, or without one an alert.

    Only what comes from a device has a ResponseID: the RequestID with its ends swapped (reference dcc.md section 2.4).
    """
    rid = None if request is None else request.request_id
    swapped = None if rid is None else RequestId(rid.target, rid.originator, rid.counter)
    return ServiceResponse(
        request_id=rid,
        response_id=swapped if from_device else None,
        response_code=code,
        response_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        srv=None if request is None else request.srv,
        body=body,
        schema_version=schema_version,
    )


def answer_withheld(request: ServiceRequest, *, alert_code: str) -> DccAlert:
    """The alert that the user's schema version can not express a response (reference dcc.md section 8.5)."""
    withheld = ResponseVersionMismatch(
        request_id=request.request_id,
        reference=reference_of(request.srv),
        srv=request.srv,
        request_version=request.schema_version,
    )
    return DccAlert(code=alert_code, alert=VersionMismatch(withheld=withheld, user_version=request.schema_version))
