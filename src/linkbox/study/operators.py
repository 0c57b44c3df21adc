"""Simulated people in the control room: they see what waits for approval, think for a while, and answer as they are.

Everything follows from the seed and from the plan that waits, so an evening that goes on after a kill hears the same
words at the same moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest
from linkbox.control.intervention import Intervention
from linkbox.emulator.draws import Draws
from linkbox.operation.operators import Word, WordKind, key_of, sealed

OPERATORS = ("Asha", "Ben")
CHARACTERS = ("approve", "refuse", "silent")
"""How the simulated people answer; ``silent`` leaves it to somebody at a terminal, or to nobody."""

_REASONS = {
    WordKind.APPROVE: "the forecast and the plan agree with the street that I know",
    WordKind.REFUSE: "a crew is on the street; it is dealt with by hand",
}


def code_of(name: str, seed: int) -> str:
    """The operator's code in a simulated control room: no secret, everything here is invented."""
    return sha256(f"linkbox demo operator {name} {seed}".encode()).hexdigest()[:16]


@cache
def keys_of(seed: int) -> Mapping[str, bytes]:
    """The operators whose words count, each with the key that seals them."""
    return {name: key_of(name, code_of(name, seed)) for name in OPERATORS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A word that an operator says at ``at``, sealed."""

    at: datetime
    body: bytes


@dataclass(slots=True)
class ControlRoom:
    """The people on duty. ``character`` is how they answer; ``heard`` are words that they have said already."""

    seed: int
    character: str
    heard: set[bytes] = field(default_factory=set)

    def words(self, interventions: dict[FeederId, Intervention]) -> Iterator[Said]:
        """What each of them will say of the plans that wait now, unless it has been said."""
        if self.character == "silent":
            return
        kind = WordKind.APPROVE if self.character == "approve" else WordKind.REFUSE
        for intervention in interventions.values():
            if intervention.request is None:
                continue
            request = AuthorisationRequest.from_record(intervention.request)
            for name in OPERATORS[: max(request.people, 1)]:
                word = self._word(intervention.id, request, name, kind)
                if all(a.who != name for a in request.approvals) and word.body not in self.heard:
                    yield word

    def _word(self, intervention_id: str, request: AuthorisationRequest, name: str, kind: WordKind) -> Said:
        """Asha looks first, Ben after her: 20 to 60 s each."""
        draws = Draws(self.seed)
        think_s = sum(20.0 + 40.0 * draws.uniform("operator", n, request.digest) for n in _until(name))
        at = request.asked_at + timedelta(seconds=round(think_s))
        word = Word(
            kind=kind,
            intervention_id=intervention_id,
            who=name,
            why=_REASONS[kind],
            said_at=format_utc(at),
            digest=request.digest,
        )
        return Said(at=at, body=sealed(word, keys_of(self.seed)[name]))


def _until(name: str) -> tuple[str, ...]:
    return OPERATORS[: OPERATORS.index(name) + 1]
