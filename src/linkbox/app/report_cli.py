"""``linkbox report`` and ``linkbox clocks``: what was done, from a store, for regulator, suppliers and ourselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from linkbox.app.wire_io import JsonFlag, say
from linkbox.base.errors import InvalidInput, Issue

report_app = typer.Typer(help="Reports from a store: a month, one event, a supplier's day.", no_args_is_help=True)
clocks_app = typer.Typer(
    help="The feeders' clocks (NF10), and what was decided about them.", invoke_without_command=True
)

StoreOption = Annotated[Path, typer.Option("--store", help="The store: linkbox.sqlite in the folder of an evening.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the files.")]


@report_app.command("month")
def month(
    store: StoreOption,
    month: Annotated[str, typer.Option(help="The British civil month, YYYY-MM.")],
    out: OutOption = Path("reports"),
    as_json: JsonFlag = False,
) -> None:
    """The monthly report as PDF, CSV and JSON. The same store gives the same bytes."""
    from linkbox.app.report_files import write_month
    from linkbox.operation.report_source import read_month, require_month
    from linkbox.records.month import month_report

    require_month(month)
    with opened_store(store) as opened:
        if as_json:
            say(month_report(read_month(opened, month)).as_json(), as_json=True)
            return
        _name(write_month(opened, month, out))


@report_app.command("event")
def event(
    intervention: Annotated[str, typer.Argument(help="The intervention, as LB-20260113-001.")],
    store: StoreOption,
    out: OutOption = Path("reports"),
) -> None:
    """One closed intervention as PDF, CSV and JSON."""
    from linkbox.app.report_files import write_event

    with opened_store(store) as opened:
        _name(write_event(opened, intervention, out))


@report_app.command("suppliers")
def suppliers(
    store: StoreOption,
    day: Annotated[str, typer.Option(help="The British civil day, YYYY-MM-DD.")],
    out: OutOption = Path("suppliers"),
    key: Annotated[Path | None, typer.Option(help="Private key (PEM) to sign the files with.")] = None,
) -> None:
    """The day's file of each supplier: its own customers, nobody else's."""
    from linkbox.app.records_key import read_records_key
    from linkbox.app.report_files import write_supplier_day

    with opened_store(store) as opened:
        signing = None if key is None else read_records_key(key)
        _name(write_supplier_day(opened, _day(day, "--day"), out, signing))


@clocks_app.command("show")
def clocks(
    store: StoreOption,
    on: Annotated[str | None, typer.Option(help="The day to look at, YYYY-MM-DD; default: today.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Every feeder's clock on a day, the most urgent first."""
    from linkbox.operation.clock_desk import read_all_clocks

    with opened_store(store) as opened:
        readings = read_all_clocks(opened, on=_today() if on is None else _day(on, "--on"))
    rows = [
        {
            "feeder": r.feeder_id,
            "state": r.state.value,
            "first_month": r.first_month,
            "due": r.due_day,
            "days_left": r.days_left,
            "warning_days": r.warning,
            "used_beyond": r.used_beyond,
            "limits_reached": r.limits_reached,
            "words": r.words,
        }
        for r in readings
    ]
    if as_json:
        say({"clocks": rows}, as_json=True)
        return
    for row in rows:
        since = f", since {row['first_month']}" if row["first_month"] else ""
        due = f", due {row['due']}" if row["due"] else ""
        words = f": {row['words']}" if row["words"] else ""
        typer.echo(f"{row['feeder']}: {str(row['state']).replace('_', ' ')}{since}{due}{words}")
    if not rows:
        typer.echo("no feeder has used the last resort")


@clocks_app.command("decide")
def decide(
    feeder: Annotated[str, typer.Argument(help="The feeder.")],
    event: Annotated[str, typer.Argument(help="market_solution, decided_to_reinforce, reinforced or override.")],
    store: StoreOption,
    by: Annotated[list[str], typer.Option(help="Who decided; an override needs two names.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    on: Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD; default: today.")] = None,
    until: Annotated[str | None, typer.Option(help="The end of an override, YYYY-MM-DD.")] = None,
) -> None:
    """Record a decision about a feeder's clock; a controller that works on the store takes it up by itself."""
    from linkbox.records.clocks import ClockEvent, Decision

    if event not in list(ClockEvent):
        rule = f"must be one of {', '.join(ClockEvent)}"
        raise InvalidInput("clocks decide", [Issue(where="event", value=event, rule=rule)])
    decision = Decision(
        feeder_id=feeder,
        event=ClockEvent(event),
        on=_today() if on is None else _day(on, "--on"),
        by=tuple(by),
        reason=reason,
        until=None if until is None else _day(until, "--until"),
    )
    typer.echo(f"{feeder}: {event.replace('_', ' ')} {_keep(store, decision)}")


def _keep(path: Path, decision: Any) -> str:
    """Record a decision in a store at rest, or hand it to the controller that works on it; which of both."""
    from linkbox.adapters.store_sql import StoreOwned
    from linkbox.base.time import SystemClock
    from linkbox.operation.clock_desk import decide_offline, handed_over

    at = SystemClock().now()
    try:
        with opened_store(path, owner=True) as opened:
            decide_offline(opened, decision, at=at)
        return "recorded"
    except StoreOwned:
        with opened_store(path) as opened, opened.transaction() as tx:
            tx.put_inbox(handed_over(decision, at))
        return "handed to the controller that works on this store"


def opened_store(path: Path, *, owner: bool = False) -> Any:
    """The store in a file that is there, closed on leaving; raise InvalidInput where there is none."""
    from contextlib import closing

    from linkbox.adapters.store_sql import SqliteStore

    if not path.is_file():
        raise InvalidInput("store", [Issue(where="--store", value=str(path), rule="must be a store's file")])
    return closing(SqliteStore(path, owner=owner))


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        rule = "must be a day as YYYY-MM-DD"
        raise InvalidInput("day", [Issue(where=where, value=text, rule=rule)]) from error


def _today() -> date:
    from linkbox.base.time import SystemClock
    from linkbox.records.civil_time import british_time

    return british_time(SystemClock().now()).date()


def _name(files: list[Path]) -> None:
    for file in files:
        typer.echo(str(file))
