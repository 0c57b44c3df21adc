"""``linkbox pki``: a key infrastructure for tests, root to device, and what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.wire_io import EXIT_REFUSED, At, JsonFlag, PasswordFile, moment, password, refuse, say

app = typer.Typer(help="Keys and certificates for tests: make them, list them.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the key infrastructure.")]


@app.command("create")
def create(
    folder: Folder,
    seed: Annotated[str | None, typer.Option(help="The same seed gives the same keys; default: one by chance.")] = None,
    inventory: Annotated[Path | None, typer.Option(help="CSV of homes whose devices get certificates.")] = None,
    user: Annotated[list[str] | None, typer.Option(help="EUI-64 of a user; may be given several times.")] = None,
    user_role: Annotated[str, typer.Option(help="Role in the users' GBCS certificates, two hex digits.")] = "03",
    device: Annotated[list[str] | None, typer.Option(help="EUI-64 of one more device; several times.")] = None,
    broker: Annotated[str | None, typer.Option(help="EUI-64 of the access control broker.")] = None,
    valid_from: Annotated[str | None, typer.Option(help="Start of the certificates; default: now.")] = None,
    valid_to: Annotated[str | None, typer.Option(help="Their end; default: ten years later.")] = None,
    device_keys: Annotated[
        bool,
        typer.Option("--device-keys/--no-device-keys", help="Write the devices' keys too; the emulator needs none."),
    ] = False,
    password_file: PasswordFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Make root, issuing authorities, broker, users and devices; keys are encrypted with the password."""
    from linkbox.app import pki_folder

    plan = pki_folder.plan(
        seed=seed,
        users=user,
        user_role=user_role,
        devices=device,
        broker=broker,
        inventory=inventory,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    say(pki_folder.create(folder, plan, password(password_file), device_keys=device_keys), as_json=as_json)


@app.command("list")
def list_certificates(folder: Folder, at: At = None, as_json: JsonFlag = False) -> None:
    """List all certificates, each checked to descend from the root; exit code 1 if one is not valid."""
    from linkbox.app import pki_folder
    from linkbox.app.wire_io import negative
    from linkbox.dcc.errors import RemoteProtocolError

    when = moment(at)
    try:
        told = pki_folder.listing(folder, when)
    except RemoteProtocolError as error:
        refuse(negative("not trusted", error), as_json=as_json)
    if as_json:
        say(told, as_json=True)
    else:
        typer.echo(pki_folder.listing_lines(told))
    if told["verdict"] != "all valid":
        raise typer.Exit(EXIT_REFUSED)
