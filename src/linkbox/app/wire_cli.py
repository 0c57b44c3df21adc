"""The commands of the wire, under their names. Nothing of the wire is imported before a command runs."""

from __future__ import annotations

import typer

from linkbox.app import bench_cli, duis_cli, emulator_cli, gbcs_cli, pki_cli
from linkbox.app.panels import STUDIES, TOOLS


def add_wire_commands(app: typer.Typer) -> None:
    """``duis``, ``gbcs``, ``pki``, ``emulator`` and ``bench``."""
    app.add_typer(duis_cli.app, name="duis", rich_help_panel=TOOLS)
    app.add_typer(gbcs_cli.app, name="gbcs", rich_help_panel=TOOLS)
    app.add_typer(pki_cli.app, name="pki", rich_help_panel=TOOLS)
    app.command("emulator", rich_help_panel=TOOLS)(emulator_cli.emulator)
    app.add_typer(bench_cli.app, name="bench", rich_help_panel=STUDIES)
