"""The operators' way to the controller over the network: what is under way, in plain values, and their words, sealed.

A word that is said here goes into the store's inbox like one from a terminal, and is judged there (decision 0031)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest
from linkbox.control.intervention import TABLE, Intervention
from linkbox.operation.controller import Controller
from linkbox.operation.operator_access import Person
from linkbox.operation.operator_words import find, word_about
from linkbox.operation.operators import WordKind, sealed
from linkbox.operation.ports import Store


class OperatorFront:
    """Over one controller and its store. ``nudge`` is called when there is something to send at once."""

    def __init__(self, controller: Controller, store: Store, *, nudge: Callable[[], None]) -> None:
        self._controller, self._store, self._nudge = controller, store, nudge

    def interventions(self, *, everything: bool) -> list[dict[str, Any]]:
        """One short value for each that is under way, or for all."""
        states = None if everything else [state.value for state in TABLE.rows if state not in TABLE.final]
        rows = self._store.rows("intervention", states=states)
        return [_short(Intervention.from_record(row.body)) for row in rows]

    def intervention(self, intervention_id: str) -> dict[str, Any]:
        """One, with its story and the plan that waits; raise UnknownIntervention."""
        return _whole(find(self._store, intervention_id))

    def say(
        self,
        person: Person,
        kind: WordKind,
        intervention_id: str,
        *,
        why: str,
        plan: str = "",
        finding: str = "",
    ) -> str | None:
        """Say a word in the person's name, at once; return why it does not count, if it does not.

        Raise InvalidInput for one that could never count: it is not even kept."""
        word = word_about(
            self._store,
            kind,
            intervention_id,
            who=person.name,
            why=why,
            at=self._controller.now(),
            plan=plan,
            finding=finding,
        )
        refused = self._controller.receive_operator(sealed(word, person.key))
        self._nudge()
        return refused


def _short(found: Intervention) -> dict[str, Any]:
    request = _request(found)
    return {
        "id": found.id,
        "feeder": found.feeder_id,
        "state": found.state.value,
        "opened_at": format_utc(found.opened_at),
        "required_a": list(found.required_a),
        "escalated": found.escalated,
        "market_outcome": found.market_outcome,
        "waits_for_people": None if request is None else request.people - len(request.approvals),
        "plan": None if request is None else request.digest,
    }


def _whole(found: Intervention) -> dict[str, Any]:
    request = _request(found)
    plan = None
    if request is not None:
        plan = {
            "sha256": request.digest,
            "rule": request.rule,
            "people": request.people,
            "approved_by": [approval.who for approval in request.approvals],
            "expires_at": format_utc(request.expires_at),
            "plan": dict(request.plan),
        }
    story = [{"at": format_utc(s.at), "state": s.state.value, "why": s.why} for s in found.history]
    return _short(found) | {"authorisation": found.authorisation, "story": story, "waiting_plan": plan}


def _request(found: Intervention) -> AuthorisationRequest | None:
    return None if found.request is None else AuthorisationRequest.from_record(found.request)
