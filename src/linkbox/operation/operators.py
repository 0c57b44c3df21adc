"""What an operator says (approve, refuse, stop, a finding), sealed so that it can wait in the store for the controller.

A word is a line of JSON with an HMAC-SHA256 under a key that is made of the operator's code. So a word counts only
from a person whom the site names, and nobody can approve twice by writing another name under it. The inbox drops
repeats.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

OPERATOR = "operator"
"""The kind of arrival."""


class WordKind(StrEnum):
    """What an operator may say."""

    APPROVE = "approve"
    REFUSE = "refuse"
    STOP = "stop"
    STOP_ALL = "stop_all"
    FINDING = "finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing that an operator said of one intervention, or of all (STOP_ALL, with no ``intervention_id``).

    ``digest``: of the plan that is approved or refused; ``finding``: what an investigation of the market found."""

    kind: WordKind
    intervention_id: str
    who: str
    why: str
    said_at: str
    digest: str = ""
    finding: str = ""


def key_of(name: str, code: str) -> bytes:
    """The key of an operator, from the secret code; deliberately slow (scrypt)."""
    return hashlib.scrypt(code.encode(), salt=f"linkbox operator {name}".encode(), n=2**14, r=8, p=1, dklen=32)


def sealed(word: Word, key: bytes) -> bytes:
    """The word as it is put into the inbox."""
    said = asdict(word)
    return json.dumps({"said": said, "seal": _seal(said, key)}, sort_keys=True).encode()


def opened(body: bytes, keys: dict[str, bytes]) -> Word | str:
    """The word, or why it does not count."""
    try:
        outer = json.loads(body)
        said, seal = outer["said"], str(outer["seal"])
        word = Word(**{**said, "kind": WordKind(said["kind"])})
        texts = (word.intervention_id, word.who, word.why, word.said_at, word.digest, word.finding)
    except (ValueError, KeyError, TypeError) as error:
        return f"not a word of an operator: {type(error).__name__}"
    if not all(isinstance(text, str) for text in texts):
        return "not a word of an operator: every field must be text"
    key = keys.get(word.who)
    if key is None:
        return "nobody of this name is an operator here"
    if not hmac.compare_digest(seal, _seal(said, key)):
        return "the seal is not made with this operator's code"
    return word


def word_identity(body: bytes) -> str:
    """What makes two arrivals the same."""
    return hashlib.sha256(body).hexdigest()


def _seal(said: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, json.dumps(said, sort_keys=True).encode(), "sha256").hexdigest()
