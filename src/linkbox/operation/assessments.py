"""Assessments as stored values: exact, so that a restarted controller goes on with the judgement that it had."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import Phase
from linkbox.base.time import format_utc, parse_utc
from linkbox.grid.risk import Ahead, RiskAssessment, RiskState
from linkbox.operation.entities import plain
from linkbox.operation.ports import Row

ASSESSMENT_SNAPSHOT = "assessments"


def assessments_to_bytes(assessments: Iterable[RiskAssessment]) -> bytes:
    """The latest assessments, exactly."""
    return json.dumps([_record(a) for a in assessments]).encode()


def assessments_from_bytes(data: bytes) -> dict[FeederId, RiskAssessment]:
    """The inverse of assessments_to_bytes."""
    found = [_assessment(record) for record in json.loads(data)]
    return {a.feeder_id: a for a in found}


def _record(assessment: RiskAssessment) -> dict[str, Any]:
    record = {field.name: getattr(assessment, field.name) for field in fields(assessment)}
    phase = assessment.limiting_phase
    return record | {
        "at": format_utc(assessment.at),
        "state": assessment.state.value,
        "limiting_phase": None if phase is None else int(phase),
        "ahead": [asdict(interval) for interval in assessment.ahead],
    }


def _assessment(record: dict[str, Any]) -> RiskAssessment:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
    values["at"] = parse_utc(record["at"])
    values["ahead"] = tuple(
        Ahead(until_s=a["until_s"], expected_a=tuple(a["expected_a"]), upper_a=tuple(a["upper_a"]))
        for a in record.get("ahead", ())
    )
    values["state"] = RiskState(record["state"])
    values["feeder_id"] = FeederId(record["feeder_id"])
    values["limiting_phase"] = None if record["limiting_phase"] is None else Phase(record["limiting_phase"])
    return RiskAssessment(**values)


def history_row(assessment: RiskAssessment) -> Row:
    """What was seen and thought at one minute, rounded, for whoever asks later."""
    body = plain(
        {
            "at": assessment.at,
            "state": assessment.state,
            "allowable_a": assessment.allowable_current_a,
            "upper_a": assessment.upper_current_a,
            "required_a": assessment.required_reduction_a,
            "fuse_state": assessment.fuse_state,
            "cable_degc": assessment.cable_degc,
            "hot_spot_degc": assessment.hot_spot_degc,
            "time_to_limit_s": assessment.time_to_limit_s,
        }
    )
    key = f"{assessment.feeder_id}/{body['at']}"
    return Row(key=key, state=assessment.state.value, owner=assessment.feeder_id, body=body)
