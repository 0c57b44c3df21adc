"""The state table of a service request, seen by the user.

``SIGNED`` means: the Signed Pre-Command is built and may be on its way; from there on the command may take effect.
A time-out in ``QUARANTINED`` changes nothing: a quarantined command is not delivered, and may be delivered much later,
so only a response or a person's finding ends it.
"""

from __future__ import annotations

from enum import StrEnum

from linkbox.base.statetable import StateTable


class ExchangeState(StrEnum):
    """Where a service request stands."""

    DRAFT = "draft"
    AWAITING_PRE_COMMAND = "awaiting pre-command"
    SIGNED = "signed"
    AWAITING_ACKNOWLEDGEMENT = "awaiting acknowledgement"
    AWAITING_RESPONSE = "awaiting response"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    QUARANTINED = "quarantined"


class ExchangeEvent(StrEnum):
    """What can happen to a service request."""

    TRANSFORM_ASKED = "transform asked"
    COMMAND_ASKED = "command asked"
    PRE_COMMAND_SIGNED = "pre-command signed"
    ACKNOWLEDGED = "acknowledged"
    SUCCESS_RECEIVED = "success received"
    FAILURE_RECEIVED = "failure received"
    REJECTED = "rejected"
    QUARANTINE_NOTICED = "quarantine noticed"
    ERROR = "error"
    TIME_OUT = "time-out"


_S, _E = ExchangeState, ExchangeEvent

_ENDINGS = {_E.ERROR: _S.FAILED, _E.TIME_OUT: _S.TIMED_OUT}
_REJECTION = {_E.REJECTED: _S.REFUSED}
_ANSWERS = {_E.SUCCESS_RECEIVED: _S.SUCCEEDED, _E.FAILURE_RECEIVED: _S.FAILED}
_QUARANTINE = {_E.QUARANTINE_NOTICED: _S.QUARANTINED}

TABLE: StateTable[ExchangeState, ExchangeEvent] = StateTable(
    name="service request (user)",
    initial=_S.DRAFT,
    rows={
        _S.DRAFT: {_E.TRANSFORM_ASKED: _S.AWAITING_PRE_COMMAND, _E.COMMAND_ASKED: _S.AWAITING_ACKNOWLEDGEMENT},
        _S.AWAITING_PRE_COMMAND: {
            _E.PRE_COMMAND_SIGNED: _S.SIGNED,
            **_REJECTION,
            **_QUARANTINE,
            **_ENDINGS,
        },
        # The asynchronous answer may overtake the acknowledgement: two connections keep no order.
        _S.SIGNED: {_E.ACKNOWLEDGED: _S.AWAITING_RESPONSE, **_ANSWERS, **_REJECTION, **_QUARANTINE, **_ENDINGS},
        _S.AWAITING_ACKNOWLEDGEMENT: {
            _E.ACKNOWLEDGED: _S.AWAITING_RESPONSE,
            **_ANSWERS,
            **_REJECTION,
            **_QUARANTINE,
            **_ENDINGS,
        },
        _S.AWAITING_RESPONSE: {**_ANSWERS, **_QUARANTINE, **_ENDINGS},
        _S.QUARANTINED: {
            **_ANSWERS,
            **_REJECTION,
            _E.ACKNOWLEDGED: _S.QUARANTINED,
            _E.ERROR: _S.FAILED,
            _E.TIME_OUT: _S.QUARANTINED,
        },
        _S.SUCCEEDED: {},
        _S.REFUSED: {},
        _S.FAILED: {},
        _S.TIMED_OUT: {},
    },
    waiting=frozenset(
        {_S.AWAITING_PRE_COMMAND, _S.SIGNED, _S.AWAITING_ACKNOWLEDGEMENT, _S.AWAITING_RESPONSE, _S.QUARANTINED}
    ),
    must_handle=frozenset({_E.ERROR, _E.TIME_OUT}),
)
