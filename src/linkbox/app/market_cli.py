"""``linkbox market``: contract files, keys, and what was found out about a market that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.panels import TOOLS
from linkbox.app.wire_io import JsonFlag
from linkbox.market.findings import Finding


def add_market_commands(app: typer.Typer) -> None:
    """Add ``market`` with its commands, and ``provider``, to the command line."""
    market = typer.Typer(help="Contracts, keys and findings of the flexibility market.", no_args_is_help=True)
    market.command("check")(check)
    market.command("key")(key)
    market.command("finding")(finding)
    app.add_typer(market, name="market", rich_help_panel=TOOLS)
    app.command("provider", rich_help_panel=TOOLS)(provider)


def check(
    file: Annotated[Path, typer.Argument(help="A contract file, .toml or .csv.")],
    feeder: Annotated[list[str], typer.Option(help="A feeder that is watched; give each.")],
) -> None:
    """Read a contract file and say what is in it, or everything that is wrong with it."""
    from linkbox.app.market_tools import check_file

    typer.echo(check_file(file, feeder))


def key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; a file that is there is not replaced.")],
) -> None:
    """Make a signing key for UFTP; prints the public key that the other side is told."""
    from linkbox.app.market_keys import make_key

    typer.echo(make_key(file))


def finding(
    folder: Annotated[Path, typer.Argument(help="The folder of an evening, or of a store that nothing runs on.")],
    intervention: Annotated[str, typer.Argument(help="Its id, as LB-20260114-001.")],
    found: Annotated[Finding, typer.Argument(help="What was found.")],
    who: Annotated[str, typer.Option(help="Who says so.")],
    note: Annotated[str | None, typer.Option(help="In words; needed for 'other'.")] = None,
) -> None:
    """Record why a market failed, as an investigation found it: in the store and in the audit record."""
    from linkbox.app.market_tools import keep_finding

    typer.echo(keep_finding(folder, intervention, found, who=who, note=note or ""))


def provider(
    key_file: Annotated[Path, typer.Option("--key", help="Its private key, made by 'linkbox market key'.")],
    distributor_key: Annotated[str, typer.Option(help="The distributor's public key, cs1.…")],
    distributor_url: Annotated[
        str, typer.Option(help="Where the distributor takes messages.")
    ] = "http://127.0.0.1:8080/shapeshifter/api/v3/message",
    domain: Annotated[str, typer.Option(help="Its own UFTP domain.")] = "dawn-flexibility.example",
    distributor_domain: Annotated[str, typer.Option(help="The distributor's.")] = "dso.linkbox.example",
    behaviour: Annotated[
        str,
        typer.Option(
            help="What it does: delivers, rejects, silent, does-not-deliver, delivers-part, late, answers-twice, "
            "over-offers, revokes; or seed: one of the first five for each event."
        ),
    ] = "delivers",
    chargers: Annotated[int, typer.Option(help="How many chargers it can hold, spread over the phases.")] = 30,
    price: Annotated[float, typer.Option(help="GBP per kWh.")] = 0.3,
    seed: Annotated[int, typer.Option(help="The same seed and messages, the same answers.")] = 0,
    answer_s: Annotated[float, typer.Option(help="It answers within so many seconds.")] = 45.0,
    port: Annotated[int, typer.Option(help="To serve on, on 127.0.0.1; 0: any free one.")] = 8090,
    as_json: JsonFlag = False,
) -> None:
    """Serve a simulated flexibility provider that speaks UFTP, until interrupted."""
    from linkbox.app.provider_server import serve, settings

    chosen = settings(
        key_file=key_file,
        domain=domain,
        distributor_domain=distributor_domain,
        distributor_key=distributor_key,
        distributor_url=distributor_url,
        behaviour=behaviour,
        chargers=chargers,
        price=price,
        seed=seed,
        answer_s=answer_s,
        port=port,
    )
    serve(chosen, as_json=as_json)
