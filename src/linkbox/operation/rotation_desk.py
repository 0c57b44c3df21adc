"""Mid-hold rotation: the one who has borne most hands over, if somebody fresher can do as much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from linkbox.control.charger import burden_weight
from linkbox.control.intervention import Intervention, InterventionEvent
from linkbox.control.planning import plan
from linkbox.control.rotation import Bearer, next_turn
from linkbox.operation import authorisation_desk, plan_desk, release_desk
from linkbox.operation.awaiting import COMMAND_WAIT
from linkbox.operation.entities import Command, CommandState
from linkbox.operation.session import Session


def take_turns(session: Session, intervention: Intervention, holds: Sequence[Command]) -> Intervention:
    """Hold one who has borne little in place of one who has borne much; who that is, is freed when room is seen."""
    control = session.desk.site.control
    if intervention.request is not None or intervention.no_more is not None or _settling(session, intervention):
        return intervention
    if plan_desk.rules_forbid(session, intervention) is not None:
        return intervention
    held = [_bearer(session, c) for c in holds if c.state is CommandState.CONFIRMED and c.unwanted is None]
    fresh = plan_desk.candidates(session, intervention)
    turn = next_turn(held, fresh, at=session.now, min_hold_s=control.min_hold_s, gain=control.turn_gain)
    if turn is None:
        return intervention
    expected = turn.successor.expected_a
    found = plan(expected, [turn.successor], hold_s=control.hold_s, min_hold_s=control.min_hold_s, at=session.now)
    intervention, commands = authorisation_desk.order(session, intervention, expected, found=found)
    if not commands:
        return intervention
    session.audit(
        "plan",
        "turn",
        intervention=intervention.id,
        customer=session.customer(turn.bearer.mpan),
        successor=session.customer(turn.successor.mpan),
        why=turn.reason,
    )
    why = f"1 charger to hold in turn for one that has borne most: {turn.reason}"
    return intervention.apply(InterventionEvent.MORE_NEEDED, session.now, why, deadline_at=session.now + COMMAND_WAIT)


def _settling(session: Session, intervention: Intervention) -> bool:
    """Whether the last switching, either way, may not have shown yet, or been followed by what it made room for."""
    control = session.desk.site.control
    gap = timedelta(seconds=control.settle_s + control.release_gap_s)
    last = [intervention.last_switch_at, *release_desk.last_releases(session, intervention)]
    return any(at is not None and session.now - at < gap for at in last)


def _bearer(session: Session, hold: Command) -> Bearer:
    desk = session.desk
    believed = desk.believed_a(hold)
    a, b, c = (believed * share for share in desk.share_of(hold))
    used = [desk.ledger.used_s(hold.mpan, session.now, timedelta(hours=h)) for h in (24, 30 * 24)]
    return Bearer(
        mpan=hold.mpan,
        relief_a=(a, b, c),
        weight=burden_weight(used_24h_s=used[0], used_30d_s=used[1]),
        since=hold.answered_at or hold.start,
        until=hold.end,
    )
