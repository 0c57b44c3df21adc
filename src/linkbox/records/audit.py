"""The audit chain in one place: append, verify, checkpoint.

record = append(head, AuditEvent(at=..., stream="command", kind="sent", facts={...}))
head = (head or EMPTY_CHAIN).after(record)
verdict = verify([record])
"""

from linkbox.records.canonical import Json, RecordsError, Unrecordable, canonical_json
from linkbox.records.chain import (
    EMPTY_CHAIN,
    ZERO_DIGEST,
    AuditEvent,
    AuditRecord,
    ChainHead,
    NotARecord,
    append,
    append_all,
    head_of,
)
from linkbox.records.checkpoints import Check, Checkpoint, Sign, make_checkpoint
from linkbox.records.diagnosis import Problem, ProblemKind
from linkbox.records.verification import Coverage, Verdict, verify, verify_lines

__all__ = [
    "EMPTY_CHAIN",
    "ZERO_DIGEST",
    "AuditEvent",
    "AuditRecord",
    "ChainHead",
    "Check",
    "Checkpoint",
    "Coverage",
    "Json",
    "NotARecord",
    "Problem",
    "ProblemKind",
    "RecordsError",
    "Sign",
    "Unrecordable",
    "Verdict",
    "append",
    "append_all",
    "canonical_json",
    "head_of",
    "make_checkpoint",
    "verify",
    "verify_lines",
]
