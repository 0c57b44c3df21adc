"""``linkbox run`` and ``linkbox operators``: a service, and the people who may speak to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

operators_app = typer.Typer(help="The people who may speak to a service.", no_args_is_help=True)


def run(
    config: Annotated[Path, typer.Argument(help="service.toml: the whole installation.")],
    check: Annotated[bool, typer.Option("--check/--serve", help="Only say whether everything is right.")] = False,
    as_json: Annotated[bool, typer.Option("--json/--text", help="Say the addresses as JSON.")] = False,
) -> None:
    """Run Linkbox as a service: watch, market, load control, notices and records, until SIGTERM.

    The first lines say the addresses. The log goes to the standard error, or where the configuration says."""
    from linkbox.app.run_config import read_config
    from linkbox.app.run_service import check_service, run_service

    found = read_config(config)
    if check:
        typer.echo(check_service(found, config.parent))
        return
    run_service(found, config.parent, as_json=as_json)


@operators_app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Who it is.")],
    scope: Annotated[list[str], typer.Option(help="view, authorise or stop; may be given several times.")],
) -> None:
    """Print the lines of a new operator for the operators' file. The token and the code go to the standard error, once:
    they are the operator's own, and are kept nowhere."""
    from linkbox.app.run_operators import new_operator
    from linkbox.base.errors import InvalidInput, Issue
    from linkbox.operation.operator_access import Scope

    rule = f"must be one of {', '.join(Scope)}"
    wrong = [Issue(where="--scope", value=text, rule=rule) for text in scope if text not in list(Scope)]
    if wrong:
        raise InvalidInput("operators new", wrong)
    lines, token, code = new_operator(name, [Scope(text) for text in scope])
    typer.echo(lines)
    sys.stderr.write(f"token {token}\ncode {code}\n")
