"""``linkbox consents``: what customers said, in and out, and whom to ask."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.store_option import StoreName, opened
from linkbox.app.wire_io import JsonFlag, as_input, bad_input, moment, say
from linkbox.base.identifiers import InvalidIdentifier, Mpan

app = typer.Typer(
    help="Customers' consent, tenancy and suppliers: import, show, export, ask, review.", no_args_is_help=True
)

MpanArgument = Annotated[str, typer.Argument(metavar="MPAN", help="The 13 digits of the connection point.")]
By = Annotated[str | None, typer.Option(help="Who records it.")]


class Channel(StrEnum):
    """How people are asked."""

    LETTER = "letter"
    E_MAIL = "e-mail"
    MESSAGE = "message"


class Language(StrEnum):
    """The languages of our own templates."""

    ENGLISH = "en"
    WELSH = "cy"


class Kind(StrEnum):
    """The tables that can be exported."""

    CONSENTS = "consents"
    TENANCIES = "tenancies"
    SUPPLIERS = "suppliers"
    PRIORITY = "priority"
    ANNULMENTS = "annulments"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV table of consents, tenancies, suppliers …")],
    store: StoreName,
    dry_run: Annotated[bool, typer.Option(help="Judge the file, count, and record nothing.")] = False,
    by: By = None,
    as_recorded: Annotated[bool, typer.Option(help="Keep the file's own recorded_at: for moving a register.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Record the facts of a CSV file: all of them, or none and every issue. Doing it again changes nothing."""
    from linkbox.app.consents_import import import_file
    from linkbox.customers.tables import Reading

    how = Reading(file=str(file), recorded_at=moment(None), recorded_by=by or file.name, keep_recorded_at=as_recorded)
    with opened(store, must_exist=False) as place:
        found = import_file(file, place, how, dry_run=dry_run)
    result = {
        "lines": found.lines,
        "new": found.recorded.new,
        "known": found.recorded.known,
        "recorded": not dry_run,
    }
    say(result, as_json=as_json)


@app.command("points")
def points(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV table of connection points.")],
    store: StoreName,
) -> None:
    """Put connection points into the register, or replace those that are there."""
    from linkbox.app.consents_points import read_points

    with opened(store, must_exist=False) as place:
        count = place.put_points(read_points(file))
    typer.echo(f"points: {count}")


@app.command("show")
def show(
    mpan: MpanArgument,
    store: StoreName,
    at: Annotated[str | None, typer.Option(help="The moment asked about, ISO 8601 with zone; default: now.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="As known at this moment; default: everything recorded so far.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """What is on file about one connection point at a moment, as known at another."""
    from linkbox.app.consents_show import facts_of_point

    known = None if known_at is None else moment(known_at, "--known-at")
    with opened(store) as place:
        say(facts_of_point(place, _mpan(mpan), moment(at), known), as_json=as_json)


@app.command("permits")
def permits(
    feeder: Annotated[str, typer.Argument(metavar="FEEDER", help="A feeder of the register.")],
    store: StoreName,
    at: Annotated[str | None, typer.Option(help="The moment asked about; default: now.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """How many of a feeder's customers could be asked for help, and why the others not. Labels are not looked at."""
    from linkbox.app.consents_show import permits_of_feeder

    with opened(store) as place:
        say(permits_of_feeder(place, feeder, moment(at)), as_json=as_json)


@app.command("export")
def export(
    store: StoreName,
    kind: Annotated[Kind, typer.Option(help="Which table.")] = Kind.CONSENTS,
    out: Annotated[Path | None, typer.Option(help="A file; default: standard output.")] = None,
) -> None:
    """Write the facts as the CSV table that ``import --as-recorded`` reads."""
    from linkbox.app.consents_show import export_table

    with opened(store) as place:
        if out is None:
            export_table(place, kind.value, sys.stdout)
            return
        with as_input(str(out)), out.open("w", encoding="utf-8", newline="") as file:
            export_table(place, kind.value, file)


@app.command("opt-out")
def opt_out(
    mpan: MpanArgument,
    store: StoreName,
    evidence: Annotated[str, typer.Option(help="Where the proof lies: a call, a letter.")],
    channel: Annotated[str, typer.Option(help="How the customer said so.")] = "phone",
    by: By = None,
) -> None:
    """The standing opt-out: from now on this customer is never held, until they consent anew."""
    from linkbox.app.consents_show import record_opt_out

    with opened(store) as place:
        said = record_opt_out(
            place, _mpan(mpan), channel=channel, evidence=evidence, by=by or "operator", at=moment(None)
        )
    typer.echo(said)


@app.command("annul")
def annul(
    mpan: MpanArgument,
    fact: Annotated[str, typer.Argument(metavar="FACT", help="The fact, or its first 8 digits, from 'show'.")],
    store: StoreName,
    by: Annotated[str, typer.Option(help="Who records it.")],
    reason: Annotated[str, typer.Option(help="Why the fact was recorded in error.")],
) -> None:
    """A fact was recorded in error: from now on it counts as never told. What was known before stays to be seen."""
    from linkbox.app.consents_show import annul_fact

    with opened(store) as place:
        typer.echo(annul_fact(place, _mpan(mpan), fact, by=by, reason=reason, at=moment(None)))


@app.command("seek")
def seek(
    store: StoreName,
    campaign: Annotated[str, typer.Option(help="Its name: the beginning of every reference.")],
    text_version: Annotated[str, typer.Option(help="The version of the text that is shown.")],
    out: Annotated[Path, typer.Option(help="The folder for the letters.")],
    feeder: Annotated[str | None, typer.Option(help="Ask everybody on this feeder of the register.")] = None,
    selection: Annotated[
        Path | None, typer.Option(help="Ask those in this CSV file: mpan, and what the templates need.")
    ] = None,
    waiting: Annotated[bool, typer.Option(help="Ask the new tenants who wait to be asked.")] = False,
    channel: Annotated[Channel, typer.Option(help="How they are asked.")] = Channel.LETTER,
    language: Annotated[Language, typer.Option(help="Where the selection names none.")] = Language.ENGLISH,
    templates: Annotated[Path | None, typer.Option(help="A folder of own templates.")] = None,
    sender: Annotated[str, typer.Option(help="Who writes.")] = "Linkbox Networks",
    phone: Annotated[str, typer.Option(help="Where to answer by telephone.")] = "105",
    website: Annotated[str, typer.Option(help="Where to answer otherwise.")] = "the power cut website",
    dry_run: Annotated[bool, typer.Option(help="Count, write nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for consent by letter, e-mail or message. Nobody is asked twice; what was cut off is gone on with."""
    from linkbox.adapters.letters import LetterHead, TemplateLetters
    from linkbox.app import consents_seek

    if [feeder is not None, selection is not None, waiting].count(True) != 1:
        raise bad_input("--feeder, --selection, --waiting", "", "exactly one of them must be given")
    letters = TemplateLetters(LetterHead(name=sender, phone=phone, website=website), templates)
    wanted = consents_seek.Campaign(
        name=campaign, text_version=text_version, channel=channel.value, language=language.value, at=moment(None)
    )
    with opened(store) as place:
        if feeder is not None:
            chosen = consents_seek.from_feeder(place, feeder)
        elif selection is not None:
            chosen = consents_seek.from_file(place, selection)
        else:
            chosen = consents_seek.from_waiting(place)
        found = consents_seek.seek(place, chosen, wanted, letters.render, dry_run=dry_run)
        written = 0 if dry_run else consents_seek.deliver(place, out)
    result = {"asked": found.asked, "written": written, "passed over": dict(found.passed_over)}
    say(result, as_json=as_json)


@app.command("reviews")
def reviews(
    store: StoreName,
    close: Annotated[str | None, typer.Option(help="The command whose review is done.")] = None,
    by: By = None,
    finding: Annotated[str | None, typer.Option(help="What was found.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Holds of the past that, as is known now, had no consent; with --close, what a person found."""
    from linkbox.app.consents_show import close_review, open_reviews

    with opened(store) as place:
        if close is not None:
            close_review(place, close, by=by or "", finding=finding or "", at=moment(None))
        say({"open": open_reviews(place)}, as_json=as_json)


def _mpan(text: str) -> Mpan:
    from linkbox.customers.rows import masked_mpan

    try:
        return Mpan(text)
    except InvalidIdentifier as error:
        raise bad_input("MPAN", masked_mpan(text), error.rule) from None
