"""``linkbox emulator``: the other side of the wire as a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.wire_io import JsonFlag


def emulator(
    inventory: Annotated[Path, typer.Option(help="CSV of the homes.")],
    pki: Annotated[Path, typer.Option(help="A folder made by 'linkbox pki create'.")],
    endpoint: Annotated[
        str, typer.Option(help="The user's address for answers.")
    ] = "http://127.0.0.1:8080/smartdcc/duis",
    user: Annotated[str | None, typer.Option(help="EUI-64 of the user; default: the first of the folder.")] = None,
    user_role: Annotated[str, typer.Option(help="The user's role: IS, ES, GS, RSA, ED, GT or OU.")] = "ED",
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of the three services; 0: any free one.")] = 8079,
    smki_port: Annotated[int, typer.Option(help="Of the certificate search; 0: any free one.")] = 8083,
    control_port: Annotated[int, typer.Option(help="Of the control interface; 0: any free one.")] = 8078,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same chance; default: 0.")] = None,
    profile: Annotated[str | None, typer.Option(help="Eligibility in force; default: secmp0046.")] = None,
    device_profile: Annotated[str | None, typer.Option(help="Eligibility at the devices; default: the same.")] = None,
    latency: Annotated[float | None, typer.Option(help="Seconds each way, for all; default: by region.")] = None,
    faults: Annotated[Path | None, typer.Option(help="JSON: a list of fault rules.")] = None,
    config: Annotated[Path | None, typer.Option(help="JSON: any setting of the emulator.")] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM: serve the three services over TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM of its key.")] = None,
    tls_client_ca: Annotated[Path | None, typer.Option(help="PEM: users must show a certificate of this CA.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Serve an emulated DCC and its homes in real time, until interrupted; prints its addresses when it is ready."""
    from linkbox.app import emulator_server as server

    settings = server.settings(
        config, faults, seed=seed, profile=profile, device_profile=device_profile, latency_s=latency
    )
    tls = server.tls(tls_certificate, tls_key, tls_client_ca)
    ports = {"dcc_port": port, "smki_port": smki_port, "control_port": control_port}
    standalone, keys = server.standalone(
        settings, inventory, pki, user=user, user_role=user_role, endpoint=endpoint, host=host, ports=ports, tls=tls
    )
    server.serve(standalone, keys, as_json=as_json)
