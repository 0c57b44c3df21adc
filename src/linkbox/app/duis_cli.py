"""``linkbox duis``: DUIS messages from files or standard input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
    bad_input,
    moment,
    negative,
    read_message,
    read_octets,
    refuse,
    say,
    say_at_once,
    signer,
    trust_of,
    write_octets,
)

app = typer.Typer(
    help="The XML messages between a user and the DCC: build, sign, verify, validate, show.", no_args_is_help=True
)
_PLAIN = "A field of simple bodies."


@app.command("build")
def build(
    srv: Annotated[str | None, typer.Option(help="The service reference variant, as 7.6.")] = None,
    originator: Annotated[str | None, typer.Option(help="The user's EUI-64.")] = None,
    target: Annotated[str | None, typer.Option(help="The device's EUI-64, or the DCC's for 8.2, 8.4 and 12.2.")] = None,
    counter: Annotated[str | None, typer.Option(help="The originator counter, 1 or more, never used before.")] = None,
    counter_file: Annotated[
        Path | None, typer.Option(help="Take the next counter from this file, which keeps the last; made if absent.")
    ] = None,
    command_variant: Annotated[
        int | None, typer.Option(help="Of the request; default: 1, 4 or 8, as the service has it.")
    ] = None,
    schema_version: Annotated[str | None, typer.Option(help="Of DUIS; default: the newest that is in force.")] = None,
    index: Annotated[int | None, typer.Option(help="Slot of the switch or controller, 1 to 5.")] = None,
    duration: Annotated[int | None, typer.Option(help="Minutes: 7.5, 7.6.")] = None,
    level: Annotated[int | None, typer.Option(help="Per cent: 7.13, 7.16.")] = None,
    input_from_load: Annotated[
        bool, typer.Option("--input-from-load/--output-to-load", help="Direction: 7.13, 7.16.")
    ] = False,
    start: Annotated[str | None, typer.Option(help="Start of the period, ISO 8601 with zone.")] = None,
    end: Annotated[str | None, typer.Option(help="End of the period.")] = None,
    execution_at: Annotated[str | None, typer.Option(help="Make the request future dated.")] = None,
    log: Annotated[str | None, typer.Option(help="Which log 6.13 reads, as ALCSEvent.")] = None,
    slots: Annotated[str | None, typer.Option(help="Marked boost slots, as 1,3: 7.9, 7.10.")] = None,
    device: Annotated[str | None, typer.Option(help="EUI-64: 8.2 (search), 8.4, 8.11, 12.2.")] = None,
    mpxn: Annotated[str | None, typer.Option(help="Supply point number to search by: 8.2.")] = None,
    other_device: Annotated[str | None, typer.Option(help="The device to join with: 8.7.1, 8.7.2.")] = None,
    body: Annotated[Path | None, typer.Option(help="The body as JSON, as 'show --json' prints it.")] = None,
    request: Annotated[Path | None, typer.Option(help="The request that a Signed Pre-Command belongs to.")] = None,
    signed_pre_command: Annotated[Path | None, typer.Option(help="Build its command variant 5 around this.")] = None,
    profile: Annotated[str | None, typer.Option(help="Refuse what this eligibility profile does not allow.")] = None,
    role: Annotated[str, typer.Option(help="The user's role for --profile: IS, ES, GS, RSA, ED, GT or OU.")] = "ED",
    allow_doubtful: Annotated[
        bool, typer.Option("--allow-doubtful/--refuse-doubtful", help="Print a doubtful request too, or not.")
    ] = False,
) -> None:
    """Print the canonical XML of a request, unsigned."""
    from linkbox.app import duis_build

    if request is not None or signed_pre_command is not None:
        if request is None or signed_pre_command is None:
            raise bad_input("--request, --signed-pre-command", "", "must be given together")
        payload = read_message(signed_pre_command)
        write_octets(duis_build.around_signed_pre_command(read_octets(request), payload))
        return
    if counter is None and counter_file is not None:
        counter = duis_build.next_counter(counter_file)
    header = {"originator": originator, "target": target, "counter": counter, "command_variant": command_variant}
    plain = {
        "index": index,
        "duration_min": duration,
        "level_percent": level,
        "input_from_load": input_from_load or None,
        "start": start,
        "end": end,
        "execution_at": execution_at,
        "log": log,
        "slots": slots,
        "device": device,
        "mpxn": mpxn,
        "other_device": other_device,
    }
    built = duis_build.from_options(
        srv, {**header, "schema_version": schema_version}, plain, None if body is None else read_octets(body)
    )
    duis_build.require_sendable(built, profile=profile, role=role, allow_doubtful=allow_doubtful)
    write_octets(built)


@app.command("sign")
def sign(
    file: InputFile = STDIN,
    key: Key = None,
    certificate: KeyCertificate = None,
    password_file: PasswordFile = None,
) -> None:
    """Print a message with its XML signature; one that it has already is replaced."""
    from linkbox.app import duis_build

    data = read_octets(file)
    write_octets(duis_build.signed(data, signer(key, certificate, password_file)))


@app.command("verify")
def verify(
    file: InputFile = STDIN,
    certificate: Certificates = None,
    trust: Trust = None,
    at: At = None,
    as_json: JsonFlag = False,
) -> None:
    """Say who signed a message and when, or exactly what is wrong: exit code 1."""
    from linkbox.app import duis_verdicts
    from linkbox.dcc.errors import RemoteProtocolError

    when, store, data = moment(at), trust_of(trust, certificate), read_octets(file)
    try:
        told = duis_verdicts.verified(data, store, when)
    except RemoteProtocolError as error:
        refuse(negative("not verified", error), as_json=as_json)
    say(told, as_json=as_json)


@app.command("validate")
def validate(
    file: InputFile = STDIN,
    xsd: Annotated[Path | None, typer.Option(help="A folder with the official schemas, to ask them too.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a message follows the schema and its service, or everything that is wrong: exit code 1."""
    from linkbox.app import duis_verdicts
    from linkbox.dcc.errors import RemoteProtocolError

    data = read_octets(file)
    try:
        told = duis_verdicts.validated(data, xsd)
    except RemoteProtocolError as error:
        refuse(negative("not valid", error), as_json=as_json)
    say(told, as_json=as_json)


@app.command("show")
def show(file: InputFile = STDIN, as_json: JsonFlag = False) -> None:
    """Tell what a message says, with the GBCS message inside. Its signature is not checked."""
    from linkbox.app.duis_messages import describe, read_any

    data = read_octets(file)
    with as_input("input" if file == STDIN else str(file)):
        told: dict[str, Any] = describe(read_any(data))
    say(told, as_json=as_json)


@app.command("receive")
def receive(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the messages go, each as a file.")],
    trust: Trust = None,
    certificate: Certificates = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Any path is taken; 0: any free one.")] = 8080,
    count: Annotated[int | None, typer.Option(help="Leave after so many messages; default: never.")] = None,
) -> None:
    """Be a user's receive endpoint: keep every message that the DCC signed, print its file, refuse all others."""
    from linkbox.app.duis_inbox import Inbox, receive
    from linkbox.base.time import SystemClock

    with as_input(str(folder)):
        inbox = Inbox(folder, trust_of(trust, certificate), SystemClock())
    receive(inbox, host, port, count=count, told=say_at_once)
