"""What an operator says while Linkbox is at work: an approval, a refusal, a stop. Taken once, recorded always."""

from __future__ import annotations

from typing import assert_never

from linkbox.control.intervention import Intervention
from linkbox.operation import authorisation_desk, interventions
from linkbox.operation.foreign import said
from linkbox.operation.operators import Word, WordKind, opened
from linkbox.operation.ports import InboxItem
from linkbox.operation.session import Session


def take_word(session: Session, item: InboxItem) -> None:
    """Act on one stored word; one that does not count is recorded with the reason."""
    word = opened(item.body, dict(session.desk.site.operators))
    if isinstance(word, str):
        session.audit("operator", "not_taken", why=word)
        session.tx.finish_inbox(item.kind, item.identity, "not taken")
        return
    refused = _obey(session, word)
    session.audit(
        "operator",
        word.kind if refused is None else "not_taken",
        who=said(word.who),
        intervention=said(word.intervention_id),
        said_at=said(word.said_at),
        why=said(word.why) if refused is None else f"{word.kind}: {refused}",
    )
    session.tx.finish_inbox(item.kind, item.identity, word.kind.value if refused is None else "not taken")


def _obey(session: Session, word: Word) -> str | None:
    """Do what was said, or say why not."""
    found = next((i for i in session.desk.interventions.values() if i.id == word.intervention_id), None)
    if found is None:
        return "there is no such intervention under way"
    why = said(word.why) or ""
    if not why.strip():
        return "a reason is needed"
    match word.kind:
        case WordKind.STOP:
            interventions.stop(session, found.feeder_id, who=word.who, why=why)
            return None
        case WordKind.APPROVE:
            return _answer(session, authorisation_desk.approve(session, found, word.who, why, word.digest))
        case WordKind.REFUSE:
            return _answer(session, authorisation_desk.refuse(session, found, word.who, why, word.digest))
        case _:
            assert_never(word.kind)


def _answer(session: Session, after: Intervention | str) -> str | None:
    if isinstance(after, str):
        return after
    session.put_intervention(after)
    interventions.step(session)
    return None
