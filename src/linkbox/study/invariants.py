"""What must be true of every evening, checked against the truth of the devices and by plain counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from linkbox.control.intervention import Intervention
from linkbox.control.ledger import Ledger, LedgerEntry
from linkbox.dcc.eligibility import PROFILES, Allowed, UserRole, may_send
from linkbox.dcc.inventory import label_is_ev_charger
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.entities import COMMAND_TABLE, Command, CommandKind
from linkbox.operation.ports import Row
from linkbox.records.audit import verify
from linkbox.study.evening import Evening

DAY, MONTH = timedelta(hours=24), timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the checks look at."""

    evening: Evening
    commands: Sequence[Command]
    interventions: Sequence[Intervention]
    exchanges: Sequence[Row]
    entries: Sequence[LedgerEntry]


def check(facts: Facts) -> dict[str, bool]:
    """Each invariant by name."""
    holds = [c for c in facts.commands if c.kind is CommandKind.HOLD]
    return {
        "only_with_valid_consent": all(_consented(facts, c) for c in holds),
        "only_domestic": all(_point(facts, c).domestic for c in holds),
        "only_ev_charger_labels": all(_labelled(facts, c) for c in holds),
        "only_within_eligibility": _eligible(facts),
        "quota_24h_kept_by_devices": _worst_open_s(facts, DAY) <= 120 * 60,
        "quota_30d_kept_by_devices": _worst_open_s(facts, MONTH) <= 480 * 60,
        "quotas_kept_in_ledger": not Ledger.from_entries(facts.entries).breaches(),
        "ledger_has_every_hold": {e.command for e in facts.entries} == {c.id for c in holds},
        "market_before_last_resort": all(_market_first(facts, c) for c in holds),
        "every_request_id_once": max(Counter(c.request_id for c in facts.commands).values(), default=1) == 1,
        "every_command_executed_at_most_once": _executed_once(facts),
        "every_command_closed_with_reason": all(c.state in COMMAND_TABLE.final and c.outcome for c in facts.commands),
        "every_charger_free_at_end": facts.evening.world.chargers_free(facts.evening.clock.now()),
        "audit_chain_verifies": verify(facts.evening.audit()).ok,
    }


def _point(facts: Facts, command: Command) -> ConnectionPoint:
    return next(h.point for h in facts.evening.people.homes if h.point.mpan == command.mpan)


def _market_first(facts: Facts, command: Command) -> bool:
    """What the market did was decided, with its outcome, before this hold was."""
    decided = [
        i.market_decided_at
        for i in facts.interventions
        if i.id == command.intervention_id and i.market_outcome is not None
    ]
    return any(at is not None and at <= command.decided_at for at in decided)


def _consented(facts: Facts, command: Command) -> bool:
    file = facts.evening.controller.desk.customers
    status = file.consent(command.mpan, command.decided_at)
    covered = status.event is not None and (status.event.scope.off or command.level_fraction > 0.0)
    return status.valid and covered


def _labelled(facts: Facts, command: Command) -> bool:
    home = next(h for h in facts.evening.people.homes if h.point.mpan == command.mpan)
    return home.installation is not None and label_is_ev_charger(home.installation.label)


def _eligible(facts: Facts) -> bool:
    profile = PROFILES[facts.evening.people.scenario.profile]
    role = UserRole.ELECTRICITY_DISTRIBUTOR
    verdicts = (may_send(profile, role=role, srv=c.srv, at=c.decided_at) for c in facts.commands)
    return all(isinstance(verdict, Allowed) for verdict in verdicts)


def _worst_open_s(facts: Facts, window: timedelta) -> float:
    """The longest that any charger really was held within any such window, as the equivalent of full off."""
    return max((_open_s(spans, window) for spans in facts.evening.world.open_spans().values()), default=0.0)


def _open_s(spans: Sequence[tuple[float, float, float]], window: timedelta) -> float:
    length = window.total_seconds()
    return max(
        (sum(w * max(0.0, min(b, end) - max(a, end - length)) for a, b, w in spans) for _, end, _ in spans), default=0.0
    )


def _executed_once(facts: Facts) -> bool:
    """No meter logged more switchings off than holds were commanded to it."""
    commanded = Counter(c.mpan for c in facts.commands if c.kind is CommandKind.HOLD)
    return all(count <= commanded[mpan] for mpan, count in facts.evening.world.switch_offs().items())
