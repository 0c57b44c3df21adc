"""``linkbox audit retention``: what is due by the retention periods, and doing it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer

from linkbox.app.retention_policy import read_policy
from linkbox.app.store_option import owned
from linkbox.app.wire_io import bad_input, say
from linkbox.operation.retention_desk import carry_out, due


def retain(store: str, by: tuple[str, ...], policy: Path | None, *, yes: bool, at: datetime, as_json: bool) -> None:
    """Count what is due of each kind, and with ``yes`` remove or redact it."""
    periods = read_policy(policy)
    if yes and not any(name.strip() for name in by):
        raise bad_input("--by", "", "must name who carries it out")
    with owned(store) as place:
        if yes:
            done = carry_out(place, periods, by, at, lambda line: typer.echo(line, err=True))
            place.scrub()
            say({"done": done or "nothing was due"}, as_json=as_json)
            return
        found = {each.rule.kind: each for each in due(place, periods, at)}
    result = {
        kind: {
            "due": each.count,
            "what": each.rule.action.value,
            "after_days": each.rule.days,
            "reason": each.rule.reason,
            **({"undated": each.undated} if each.undated else {}),
        }
        for kind, each in found.items()
        if each.count or each.undated
    }
    say({"due": result} if result else {"due": "nothing"}, as_json=as_json)


def show_policy(policy: Path | None, *, as_json: bool) -> None:
    """The periods themselves."""
    periods = read_policy(policy)
    rules = {
        rule.kind: {
            "what": rule.action.value,
            **({"after_days": rule.days} if rule.days else {}),
            "reason": rule.reason,
            "source": rule.source,
        }
        for rule in periods.rules
    }
    say({"redaction_names": periods.names, "rules": rules}, as_json=as_json)
