"""The sections of the HTML report. Each takes the result and returns HTML, or "" where there is nothing to say."""

from __future__ import annotations

from linkbox.app.report_bars import ENDINGS, curtailments, customers, round_trips
from linkbox.app.report_html import escape, figure_section
from linkbox.app.report_plots import currents, fuse_states, temperatures
from linkbox.app.report_story import headline, shortcomings, standfirst, summary_rows
from linkbox.app.report_values import (
    QUOTA_MIN,
    Result,
    Runs,
    clock,
    day,
    figure,
)


def opening(result: Result, runs: Runs) -> str:
    """Kicker, headline and what it cost."""
    street = result.get("street") or {}
    period = f"{day(result.get('start'))}, {clock(result.get('start'))} to {clock(result.get('end'))} UTC"
    kicker = " · ".join(filter(None, [str(street.get("name") or ""), period, f"seed {result.get('seed')}"]))
    return (
        f'<header><p class="kicker">{escape(kicker)}</p><h1>{escape(headline(result, runs))}</h1>'
        f'<p class="standfirst">{escape(standfirst(result, runs))}</p></header>'
    )


def unfinished(result: Result, runs: Runs) -> str:
    """What could not be done, or the statement that there is no such thing."""
    found = shortcomings(result, runs)
    if not found:
        return (
            (
                "<section><h2>What could not be done</h2><p>Nothing: every intervention found the load that it needed, "
                "every service request was answered, and nothing was escalated.</p></section>"
            )
            if runs.with_
            else ""
        )
    items = "".join(f"<li>{escape(item)}</li>" for item in found)
    return f'<section class="shortcomings"><h2>What could not be done</h2><ul>{items}</ul></section>'


def summary(result: Result, runs: Runs) -> str:
    """The side-by-side table."""
    body = []
    for row in summary_rows(result, runs):
        if row.group:
            body.append(f'<tr class="group"><th scope="rowgroup" colspan="4">{escape(row.group)}</th></tr>')
        cells = [f'<th scope="row">{escape(row.what)}</th>']
        for name, text in (("without", row.without), ("with", row.with_)):
            marked = " bad" if name in row.bad else ""
            cells.append(f'<td class="{name}{marked}">{escape(text)}</td>')
        body.append(f'<tr>{"".join(cells)}<td class="limit">{escape(row.limit)}</td></tr>')
    return (
        '<section><h2>Side by side</h2><div class="scroll"><table class="summary"><thead><tr>'
        '<th scope="col">The same evening, the same seed</th>'
        '<th scope="col"><span class="swatch without"></span>Without control</th>'
        '<th scope="col"><span class="swatch with"></span>With control</th><th scope="col">Limit or target</th></tr>'
        f"</thead><tbody>{''.join(body)}</tbody></table></div></section>"
    )


def current_section(result: Result, runs: Runs) -> str:
    """The currents, and the thermal states that they lead to."""
    keys = _run_keys(runs)
    if runs.with_ and runs.with_.get("allowable_a"):
        keys.append(("dash", "allowable current, as the controller saw it"))
    if runs.with_ and runs.with_.get("upper_a"):
        keys.append(("area", "up to the forecast's upper quantile"))
    keys.append(("dot", "fuse rating"))
    if runs.with_ and runs.with_.get("curtailments"):
        keys.append(("held", "number of chargers held"))
    return figure_section(
        "Current on each phase",
        currents(result, runs),
        "Amperes at the head of the feeder, one value a minute. The allowable current is what may flow for the "
        "controller's horizon before the most limiting asset reaches its limit: it is above the fuse's rating while "
        "the fuse is cool, and falls as it warms. After a fuse has blown, the phase is dark and carries nothing.",
        keys,
    )


def fuse_section(runs: Runs) -> str:
    """The fuse's thermal state."""
    return figure_section(
        "How near the fuse came",
        fuse_states(runs),
        "Thermal state of the feeder fuse in the simulated street: two lags of the squared current, one for the "
        "element and one for the body. At 1 the element melts. The controller does not see this value; it keeps its "
        "own, more pessimistic estimate.",
        _run_keys(runs),
    )


def temperature_section(result: Result, runs: Runs) -> str:
    """Cable and transformer."""
    return figure_section(
        "Cable, transformer, cars",
        temperatures(result, runs),
        "The cable's hottest conductor, the transformer's hot spot, and how many cars draw current.",
        _run_keys(runs),
    )


def customer_section(runs: Runs) -> str:
    """Who was held, when, for how long."""
    people = customers(runs.with_)
    if not people:
        return ""
    used = {hold.ended_by for person in people for hold in person.holds}
    names = {"expiry": "held", "renewal": "renewed", "release": "released", "objection": "released"}
    keys = [(names.get(key, key), ENDINGS[key][1]) for key in ENDINGS if key in used]
    rows = "".join(
        f"<tr><td>{escape(str(row.get('customer', '')))}</td><td>{escape(str(row.get('phase', '')))}</td>"
        f"<td>{clock(row.get('start'))}</td><td>{clock(row.get('end'))}</td>"
        f'<td class="n">{figure(row.get("minutes"), digits=0)}</td>'
        f"<td>{escape(ENDINGS.get(str(row.get('ended_by')), ENDINGS['unknown'])[1])}</td></tr>"
        for row in (runs.with_ or {}).get("curtailments") or ()
    )
    table = (
        "<details><summary>Every hold as a table</summary><table><thead><tr><th>Customer</th><th>Phase</th>"
        '<th>From</th><th>To</th><th class="n">Minutes</th><th>Ended</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )
    return figure_section(
        "Each customer's minutes",
        curtailments(runs),
        f"Homes are numbered as in the street's table; no customer is identified. A customer may be held for at most "
        f"{QUOTA_MIN} minutes in any 24 hours. The commanded time is reserved in full when a command is decided, and "
        "what was not used is given back.",
        keys,
        after=table,
    )


def request_section(runs: Runs) -> str:
    """Round trips of service requests."""
    drawn = round_trips(runs)
    if not drawn:
        return ""
    legend = (
        '<ul class="legend"><li><span class="mark">●</span>median</li>'
        '<li><span class="mark">◆</span>95th percentile</li>'
        '<li><span class="mark stroke">|</span>longest</li></ul>'
    )
    return (
        f'<section class="drawn"><h2>Round trips of service requests</h2>{legend}'
        f'<figure class="wide scroll">{drawn}<figcaption>'
        "From sending a request to the device's verified answer, in simulated seconds. Percentiles are nearest-rank: "
        "the smallest time that at least that share of the requests did not exceed.</figcaption></figure></section>"
    )


def _run_keys(runs: Runs) -> list[tuple[str, str]]:
    return [(key, label.lower()) for key, label, _ in runs.each()]
