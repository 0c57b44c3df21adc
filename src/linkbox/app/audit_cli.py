"""``linkbox audit``: check, export, and take away what a person has a right to have taken away."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.store_option import StoreName
from linkbox.app.wire_io import JsonFlag, moment

audit_app = typer.Typer(
    help="The audit record: verify, export, redact, keep no longer than needed.", no_args_is_help=True
)


class Ground(StrEnum):
    """On what ground something is redacted."""

    ERASURE = "erasure"
    OBJECTION = "objection"
    RECTIFICATION = "rectification"
    ORDER = "order"
    RETENTION = "retention"


ByOption = Annotated[list[str], typer.Option("--by", help="Who decides; as many different names as the policy asks.")]
Yes = Annotated[bool, typer.Option("--yes/--dry-run", help="Do it; else only say what would be done.")]


@audit_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="An exported dossier.")],
    public_key: Annotated[Path | None, typer.Option(help="PEM of a key that you hold from elsewhere.")] = None,
    tsa_certificate: Annotated[
        Path | None, typer.Option(help="PEM of the time-stamping authority's root, to check time stamps.")
    ] = None,
) -> None:
    """Check an exported dossier with nothing but the file (and, better, a public key of your own)."""
    from linkbox.app.audit import verify_file

    typer.echo(verify_file(file, public_key, tsa_certificate))


@audit_app.command("export")
def export(
    store: StoreName,
    key: Annotated[Path, typer.Option(help="Private key (PEM, P-256) of the records, to sign the dossier with.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("audit.jsonl"),
    event: Annotated[str | None, typer.Option(help="Only this intervention, as LB-20260113-001.")] = None,
    since: Annotated[str | None, typer.Option(help="Only from this moment on, ISO 8601 with zone.")] = None,
    until: Annotated[str | None, typer.Option(help="Only before this moment.")] = None,
    values: Annotated[
        bool, typer.Option("--values/--no-values", help="With the personal values that the reader may see, or without.")
    ] = True,
    mpans: Annotated[
        bool, typer.Option("--mpans/--no-mpans", help="With the MPANs that the tokens stand for, or without.")
    ] = False,
) -> None:
    """A dossier from a store, that 'audit verify' checks with nothing but the file and a public key."""
    from linkbox.app.audit_export import Wanted, export_file

    wanted = Wanted(
        event=event,
        since=None if since is None else moment(since, "--since"),
        until=None if until is None else moment(until, "--until"),
        values=values,
        mpans=mpans,
    )
    typer.echo(export_file(store, key, out, wanted, at=moment(None)))


@audit_app.command("redact")
def redact(
    store: StoreName,
    ground: Annotated[Ground, typer.Option(help="On what ground.")],
    reason: Annotated[str, typer.Option(help="Why, in words: kept as a commitment, as names are.")],
    by: ByOption,
    mpan: Annotated[str | None, typer.Option(help="The customer at this connection point.")] = None,
    person: Annotated[str | None, typer.Option(help="A person who is named in the records: an operator, say.")] = None,
    yes: Yes = False,
    policy: Annotated[Path | None, typer.Option(help="Retention periods of your own, TOML.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Take a person's values out of the records for good; chain and signatures still verify. Only while no controller
    works on the store."""
    from linkbox.app.audit_redact import redact_store

    redact_store(
        store,
        mpan=mpan,
        person=person,
        ground=ground.value,
        reason=reason,
        by=tuple(by),
        policy=policy,
        yes=yes,
        at=moment(None),
        as_json=as_json,
    )


@audit_app.command("retention")
def retention(
    store: StoreName,
    by: Annotated[list[str] | None, typer.Option("--by", help="Who carries it out; needed with --yes.")] = None,
    yes: Yes = False,
    policy: Annotated[Path | None, typer.Option(help="Retention periods of your own, TOML.")] = None,
    show: Annotated[bool, typer.Option("--show/--due", help="Show the periods themselves.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """What is due by the retention periods, and with --yes removing and redacting it. Only while no controller works on
    the store."""
    from linkbox.app.audit_retention import retain, show_policy

    if show:
        show_policy(policy, as_json=as_json)
    else:
        retain(store, tuple(by or ()), policy, yes=yes, at=moment(None), as_json=as_json)
