"""``linkbox gbcs``: GBCS messages from files or standard input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.wire_io import (
    STDIN,
    At,
    Certificates,
    InputFile,
    JsonFlag,
    Key,
    KeyCertificate,
    PasswordFile,
    Trust,
    as_input,
    moment,
    negative,
    read_message,
    read_octets,
    refuse,
    say,
    signer,
    trust_of,
    write_octets,
)

app = typer.Typer(help="The binary messages of smart meters: decode, encode, sign, verify.", no_args_is_help=True)
Raw = Annotated[bool, typer.Option("--raw/--hex", help="Write octets, or hex.")]


@app.command("decode")
def decode(file: InputFile = STDIN, as_json: JsonFlag = False) -> None:
    """Tell what a message says: octets, hex, base64, or a DUIS message that holds one."""
    from linkbox.app.gbcs_messages import describe_message

    data = read_message(file)
    with as_input("input" if file == STDIN else str(file)):
        told = describe_message(data)
    if "problem" in told:
        refuse(told, as_json=as_json)
    say(told, as_json=as_json)


@app.command("encode")
def encode(file: InputFile = STDIN, raw: Raw = False) -> None:
    """Write the message that JSON, as 'decode --json' prints it, tells of."""
    from linkbox.app.gbcs_messages import compose_message
    from linkbox.app.wire_json import parse_json

    _write(compose_message(parse_json(read_octets(file), "message")), raw)


@app.command("sign")
def sign(
    file: InputFile = STDIN,
    request: Annotated[Path | None, typer.Option(help="The request that the Pre-Command must be of.")] = None,
    key: Key = None,
    certificate: KeyCertificate = None,
    password_file: PasswordFile = None,
    raw: Raw = False,
) -> None:
    """Sign a Pre-Command, if it is to the octet what the request must give; else refuse: exit code 1."""
    from linkbox.app.gbcs_verdicts import signed_pre_command

    data = read_message(file)
    _write(signed_pre_command(data, request, signer(key, certificate, password_file)), raw)


@app.command("verify")
def verify(
    file: InputFile = STDIN,
    certificate: Certificates = None,
    trust: Trust = None,
    key: Annotated[Path | None, typer.Option(help="A key-agreement key of one end, to check the MAC too.")] = None,
    key_certificate: Annotated[Path | None, typer.Option(help="The certificate of that key.")] = None,
    peer: Annotated[str | None, typer.Option(help="EUI-64 of the other end of the MAC; default: found.")] = None,
    password_file: PasswordFile = None,
    at: At = None,
    as_json: JsonFlag = False,
) -> None:
    """Say who signed a message, and whether its MAC is right, or exactly what is wrong: exit code 1."""
    from linkbox.app import gbcs_verdicts
    from linkbox.dcc.errors import RemoteProtocolError

    when, store, data = moment(at), trust_of(trust, certificate), read_message(file)
    agreement = gbcs_verdicts.agreement(key, key_certificate, password_file)
    try:
        told = gbcs_verdicts.verified(data, store, when, agreement=agreement, peer=peer)
    except RemoteProtocolError as error:
        refuse(negative("not verified", error), as_json=as_json)
    if told["verdict"] != "verified":
        refuse(told, as_json=as_json)
    say(told, as_json=as_json)


def _write(data: bytes, raw: bool) -> None:
    if raw:
        write_octets(data)
    else:
        typer.echo(data.hex().upper())
