"""``linkbox interventions``: look at what is under way, approve, refuse, stop. Words go into the store's inbox.

The controller that runs over the same store takes a word up with its next work, also after a restart; until then it is
safe there. Nothing here decides: whether a word counts is judged by the controller, and recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import SystemClock

interventions_app = typer.Typer(help="Look at interventions; approve, refuse or stop them.", no_args_is_help=True)

StoreOption = Annotated[Path, typer.Option("--store", help="The controller's store, linkbox.sqlite.")]
WhoOption = Annotated[str, typer.Option("--as", help="Your name, as the site knows it.")]
WhyOption = Annotated[str, typer.Option("--why", help="Your reason; it is recorded.")]
CodeOption = Annotated[
    str | None, typer.Option("--code", help="Your code; default: LINKBOX_OPERATOR_CODE, else you are asked.")
]
STORE = Path("linkbox-demo/linkbox.sqlite")


@interventions_app.command("list")
def list_(
    store: StoreOption = STORE,
    everything: Annotated[bool, typer.Option("--all/--open", help="Also those that are over.")] = False,
) -> None:
    """One line for each intervention: id, feeder, state, and what waits for people."""
    from linkbox.app.interventions_text import lines
    from linkbox.app.interventions_words import reading

    with reading(store) as opened:
        typer.echo("\n".join(lines(opened, everything=everything)))


@interventions_app.command("show")
def show(
    intervention: Annotated[str, typer.Argument(help="Its id, as list prints it.")], store: StoreOption = STORE
) -> None:
    """Its story, and the plan that waits for approval with its SHA-256."""
    from linkbox.app.interventions_text import story
    from linkbox.app.interventions_words import find, reading

    with reading(store) as opened:
        typer.echo(story(find(opened, intervention)))


@interventions_app.command("authorise")
def authorise(
    intervention: Annotated[str, typer.Argument(help="Its id.")],
    who: WhoOption,
    why: WhyOption,
    plan: Annotated[str, typer.Option(help="The first 12 or more characters of the plan's SHA-256, from show.")],
    store: StoreOption = STORE,
    code: CodeOption = None,
) -> None:
    """Approve the plan that you have looked at; it binds that exact plan."""
    from linkbox.app.interventions_words import say

    typer.echo(say(store, "approve", intervention, who, why, code=_code(code), plan=plan, at=SystemClock().now()))


@interventions_app.command("refuse")
def refuse(
    intervention: Annotated[str, typer.Argument(help="Its id.")],
    who: WhoOption,
    why: WhyOption,
    plan: Annotated[str, typer.Option(help="The first 12 or more characters of the plan's SHA-256, from show.")],
    store: StoreOption = STORE,
    code: CodeOption = None,
) -> None:
    """Say no to the plan: nobody is held for it, and nothing further is planned in this intervention."""
    from linkbox.app.interventions_words import say

    typer.echo(say(store, "refuse", intervention, who, why, code=_code(code), plan=plan, at=SystemClock().now()))


@interventions_app.command("stop")
def stop(
    intervention: Annotated[str, typer.Argument(help="Its id.")],
    who: WhoOption,
    why: WhyOption,
    store: StoreOption = STORE,
    code: CodeOption = None,
) -> None:
    """Free everybody at once; nobody new is held on the feeder until the risk is over."""
    from linkbox.app.interventions_words import say

    typer.echo(say(store, "stop", intervention, who, why, code=_code(code), plan="", at=SystemClock().now()))


@interventions_app.command("stop-all")
def stop_all(who: WhoOption, why: WhyOption, store: StoreOption = STORE, code: CodeOption = None) -> None:
    """Free everybody of every intervention under way, at once."""
    from linkbox.app.interventions_words import say

    typer.echo(say(store, "stop_all", "", who, why, code=_code(code), plan="", at=SystemClock().now()))


def _code(given: str | None) -> str:
    code = given or os.environ.get("LINKBOX_OPERATOR_CODE") or typer.prompt("Code", hide_input=True)
    if not code:
        raise InvalidInput("code", [Issue(where="--code", value="", rule="must not be empty")])
    return str(code)
