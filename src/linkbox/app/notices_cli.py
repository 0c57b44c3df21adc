"""``linkbox notices``: try the ways to customers, and see what became of notices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.wire_io import JsonFlag, say

app = typer.Typer(help="Notices: try a channel, see what became of them.", no_args_is_help=True)


@app.command("try")
def try_channel(
    config: Annotated[Path, typer.Option(help="TOML file with the channels.")],
    channel: Annotated[str, typer.Option(help="e-mail, SMS, webhook or phone.")],
    to: Annotated[str, typer.Option(help="Where to: an address, a number, a URL.")],
    language: Annotated[str, typer.Option(help="en or cy.")] = "en",
) -> None:
    """Send one trial notice the way that real ones go. It says that it is a trial."""
    import asyncio

    from linkbox.app.notice_channels import open_channels, read_channels
    from linkbox.base.errors import InvalidInput, Issue
    from linkbox.base.time import SystemClock, format_utc
    from linkbox.records.contact import Channel, Language

    issues = [
        Issue(where=where, value=value, rule=f"must be one of {', '.join(known)}")
        for where, value, known in (("--channel", channel, list(Channel)), ("--language", language, list(Language)))
        if value not in known
    ]
    if issues:
        raise InvalidInput("notices try", issues)
    words = {
        "en": "This is a trial by your electricity network. Nothing is switched; you do not have to do anything.",
        "cy": "Prawf gan eich rhwydwaith trydan yw hwn. Nid oes dim yn cael ei switsio; nid oes angen i chi wneud dim.",
    }[language]
    at = format_utc(SystemClock().now())
    notice = {
        "id": f"trial-{at}",
        "audience": "customer",
        "channel": channel,
        "to": to,
        "language": language,
        "stage": "trial",
        "at": at,
        "subject": {"en": "A trial", "cy": "Prawf"}[language],
        "body": f"{words}\n",
        "short": words,
    }
    asyncio.run(open_channels(read_channels(config)).deliver(notice))
    typer.echo(f"handed over by {channel}")


@app.command("list")
def list_notices(
    store: Annotated[Path, typer.Option("--store", help="The store.")],
    month: Annotated[str, typer.Option(help="The British civil month, YYYY-MM.")],
    outcome: Annotated[str | None, typer.Option(help="Only queued, failed, sent or 'given up'.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """What became of each notice of a month. Addresses are not shown."""
    from linkbox.app.report_cli import opened_store
    from linkbox.operation.report_source import require_month
    from linkbox.operation.reporting import DELIVERY

    require_month(month)
    with opened_store(store) as opened:
        rows = [
            {"id": row.key, **row.body}
            for row in opened.rows(DELIVERY, states=[month])
            if outcome in (None, row.body["outcome"])
        ]
    if as_json:
        say({"notices": rows}, as_json=True)
        return
    for row in rows:
        why = f": {row['why']}" if row["why"] else ""
        typer.echo(f"{row['id']}  {row['channel']}  {row['outcome']}  {row['attempts']} attempt(s)  {row['at']}{why}")
