"""What an operator says while Linkbox is at work: an approval, a refusal, a stop, a finding. Taken once, recorded
always, with what became of it."""

from __future__ import annotations

from typing import assert_never

from linkbox.base.identifiers import FeederId
from linkbox.control.intervention import Intervention
from linkbox.operation import authorisation_desk, findings, interventions
from linkbox.operation.foreign import said
from linkbox.operation.operators import Word, WordKind, opened
from linkbox.operation.ports import InboxItem, Row, Store
from linkbox.operation.session import Session
from linkbox.records.commitments import NAME, Personal

WORD, NOT_TAKEN = "word", "not taken"


def take_word(session: Session, item: InboxItem) -> None:
    """Act on one stored word; one that does not count is recorded with the reason."""
    word = opened(item.body, dict(session.desk.site.operators))
    if isinstance(word, str):
        session.audit("operator", "not_taken", why=word)
        _finish(session, item, None, word)
        return
    refused = _obey(session, word)
    session.audit(
        "operator",
        word.kind if refused is None else "not_taken",
        who=Personal(said(word.who) or "", NAME),
        intervention=said(word.intervention_id),
        said_at=said(word.said_at),
        why=Personal(said(word.why) or "") if refused is None else f"{word.kind}: {refused}",
    )
    _finish(session, item, word, refused)


def not_taken(store: Store, identity: str) -> str | None:
    """Why a word does not count that was committed; None where it does."""
    row = store.row(WORD, identity)
    if row is None:
        return "it is kept, and waits for somebody to look at it"
    return str(row.body["refused"]) if row.state == NOT_TAKEN else None


def _finish(session: Session, item: InboxItem, word: Word | None, refused: str | None) -> None:
    state = NOT_TAKEN if word is None or refused is not None else word.kind.value
    owner = "" if word is None else said(word.intervention_id) or ""
    body = {"who": "" if word is None else said(word.who), "refused": refused}
    session.tx.put(WORD, Row(key=item.identity, state=state, owner=owner, body=body))
    session.tx.finish_inbox(item.kind, item.identity, state)


def _obey(session: Session, word: Word) -> str | None:
    """Do what was said, or say why not."""
    why = said(word.why) or ""
    if not why.strip():
        return "a reason is needed"
    match word.kind:
        case WordKind.STOP_ALL:
            return _stop(session, list(session.desk.interventions), word.who, why)
        case WordKind.FINDING:
            return findings.keep(
                session, intervention_id=word.intervention_id, finding=word.finding, who=word.who, note=why
            )
        case _:
            return _obey_about(session, word, why)


def _obey_about(session: Session, word: Word, why: str) -> str | None:
    found = next((i for i in session.desk.interventions.values() if i.id == word.intervention_id), None)
    if found is None:
        return "there is no such intervention under way"
    match word.kind:
        case WordKind.STOP:
            return _stop(session, [found.feeder_id], word.who, why)
        case WordKind.APPROVE:
            return _answer(session, authorisation_desk.approve(session, found, word.who, why, word.digest))
        case WordKind.REFUSE:
            return _answer(session, authorisation_desk.refuse(session, found, word.who, why, word.digest))
        case WordKind.STOP_ALL | WordKind.FINDING:
            return "it is not said of one intervention"
        case _:
            assert_never(word.kind)


def _stop(session: Session, feeders: list[FeederId], who: str, why: str) -> str | None:
    """Everybody on these feeders is freed, in one commit."""
    for feeder_id in feeders:
        interventions.stop(session, feeder_id, who=who, why=why)
    return None if feeders else "no intervention is under way"


def _answer(session: Session, after: Intervention | str) -> str | None:
    if isinstance(after, str):
        return after
    session.put_intervention(after)
    interventions.step(session)
    return None
