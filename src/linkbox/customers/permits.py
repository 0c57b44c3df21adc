"""Permit or refusal: the only way to a permit is through every rule that protects the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, final

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc, require_utc
from linkbox.customers.events import EV_CHARGER, ConsentEvent, Scope
from linkbox.customers.register import CustomerFile


class PermitNotConstructible(LinkboxError, TypeError):
    """Somebody tried to make a Permit by hand."""

    def __init__(self) -> None:
        super().__init__("a Permit comes from linkbox.customers.permit() only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A connection point that might be asked for help, with what the network records and the inventory say of it.

    ``label`` is what the load control switch says it feeds; ``label_is_ev_charger`` what the inventory made of it.
    ``switched_off``: whether the command would leave the device with nothing, rather than a reduced rate;
    ``takes_boost_button``: whether its boost button would be out of use meanwhile. ``device`` is its class.
    """

    mpan: Mpan
    domestic: bool
    priority_register: bool
    label_is_ev_charger: bool = True
    label: str = ""
    reachable: bool = True
    device: str = EV_CHARGER
    switched_off: bool = True
    takes_boost_button: bool = False


@final
@dataclass(frozen=True, slots=True, init=False)
class Permit:
    """This charger may be held for this intervention, decided at ``at``, on this evidence, within this scope."""

    mpan: Mpan
    intervention_id: str
    at: datetime
    evidence: tuple[str, ...]
    scope: Scope

    def __init__(self, *_: Any, **__: Any) -> None:
        raise PermitNotConstructible

    def __replace__(self, **_: Any) -> NoReturn:
        raise PermitNotConstructible


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """This charger may not be held; all the reasons, in words."""

    mpan: Mpan
    intervention_id: str
    at: datetime
    reasons: tuple[str, ...]


def permit(candidate: Candidate, file: CustomerFile, *, intervention_id: str, at: datetime) -> Permit | Refusal:
    """Decide whether ``candidate`` may be held for an intervention at ``at``, on what is on file.

    Every rule is asked, so that a refusal names all reasons: domestic (NF1), consent of the present tenant (NF3) whose
    scope covers what would be done, no objection (NF2), not on the Priority Services Register unless asked for, a
    switch that says EV charger (D15).
    """
    require_utc(at)
    evidence: list[str] = []
    reasons: list[str] = []
    if candidate.domestic:
        evidence.append("domestic connection point")
    else:
        reasons.append("not a domestic connection point")
    given = _ask_consent(candidate, file, at, evidence, reasons)
    objection = file.objection(candidate.mpan, intervention_id, at)
    if objection is not None:
        reasons.append(f"customer rejected this intervention at {format_utc(objection.at)}")
    if candidate.priority_register:
        _ask_register(candidate, file, given, at, evidence, reasons)
    label = f"switch labelled {candidate.label!r}"
    if candidate.label_is_ev_charger:
        evidence.append(label)
    else:
        reasons.append(f"{label}, not an EV charger")
    if candidate.reachable:
        evidence.append("device reachable")
    else:
        reasons.append("device not reachable")
    if reasons or given is None:
        return Refusal(mpan=candidate.mpan, intervention_id=intervention_id, at=at, reasons=tuple(reasons))
    return _issue(candidate.mpan, intervention_id, at, tuple(evidence), given.scope)


def _ask_consent(
    candidate: Candidate, file: CustomerFile, at: datetime, evidence: list[str], reasons: list[str]
) -> ConsentEvent | None:
    """The consent that is in force, if one is; whether it covers what would be done is among the reasons."""
    status = file.consent(candidate.mpan, at)
    event = status.event
    if not status.valid or event is None:
        reasons.append(status.reason)
        return None
    evidence.append(f"{status.reason}, text {event.text_version}, by {event.channel}, evidence {event.evidence}")
    _ask_scope(event.scope, candidate, reasons)
    return event


def _ask_scope(scope: Scope, candidate: Candidate, reasons: list[str]) -> None:
    """Whether the consent covers what would be done."""
    if scope.device != candidate.device:
        reasons.append(f"consent is for {scope.device!r}, not for {candidate.device!r}")
    if candidate.switched_off and not scope.off:
        reasons.append("consent is for a reduced rate only, not for switching off")
    if candidate.takes_boost_button and not scope.boost_button:
        reasons.append("consent leaves the boost button to the customer")


def _ask_register(
    candidate: Candidate,
    file: CustomerFile,
    given: ConsentEvent | None,
    at: datetime,
    evidence: list[str],
    reasons: list[str],
) -> None:
    choice = file.priority_opt_in(candidate.mpan, at)
    if choice is None and given is not None and given.scope.register_opt_in:
        evidence.append("on the priority register, and consented to take part all the same")
    elif choice is None:
        reasons.append("on the Priority Services Register and has not asked to take part")
    else:
        evidence.append(f"on the priority register, asked to take part at {format_utc(choice.at)}: {choice.evidence}")


def _issue(mpan: Mpan, intervention_id: str, at: datetime, evidence: tuple[str, ...], scope: Scope) -> Permit:
    issued = object.__new__(Permit)
    keep = object.__setattr__
    keep(issued, "mpan", mpan)
    keep(issued, "intervention_id", intervention_id)
    keep(issued, "at", at)
    keep(issued, "evidence", evidence)
    keep(issued, "scope", scope)
    return issued
