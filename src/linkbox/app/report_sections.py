"""The sections of the HTML report. Each takes the result and returns HTML, or "" where there is nothing to say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape as _escape

from linkbox.app.report_bars import ENDINGS, curtailments, customers, round_trips
from linkbox.app.report_plots import currents, fuse_states, temperatures
from linkbox.app.report_story import headline, shortcomings, standfirst, summary_rows
from linkbox.app.report_values import (
    PHASE_NAMES,
    QUOTA_MIN,
    UNKNOWN_VALUE,
    Result,
    Runs,
    clock,
    day,
    figure,
    number,
    plural,
)


def escape(text: str) -> str:
    """Text for HTML, with the apostrophe that printers use."""
    return _escape(text).replace("&#x27;", "&rsquo;")


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
    return _figure_section(
        "Current on each phase",
        currents(result, runs),
        "Amperes at the head of the feeder, one value a minute. The allowable current is what may flow for the "
        "controller's horizon before the most limiting asset reaches its limit: it is above the fuse's rating while "
        "the fuse is cool, and falls as it warms. After a fuse has blown, the phase is dark and carries nothing.",
        keys,
    )


def fuse_section(runs: Runs) -> str:
    """The fuse's thermal state."""
    return _figure_section(
        "How near the fuse came",
        fuse_states(runs),
        "Thermal state of the feeder fuse in the simulated street: two lags of the squared current, one for the "
        "element and one for the body. At 1 the element melts. The controller does not see this value; it keeps its "
        "own, more pessimistic estimate.",
        _run_keys(runs),
    )


def temperature_section(result: Result, runs: Runs) -> str:
    """Cable and transformer."""
    return _figure_section(
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
    return _figure_section(
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
        f'<section><h2>Round trips of service requests</h2>{legend}<figure class="wide scroll">{drawn}<figcaption>'
        "From sending a request to the device's verified answer, in simulated seconds. Percentiles are nearest-rank: "
        "the smallest time that at least that share of the requests did not exceed.</figcaption></figure></section>"
    )


def intervention_section(runs: Runs) -> str:
    """Each intervention as a story."""
    if runs.with_ is None:
        return ""
    found = runs.with_.get("interventions") or ()
    if not found:
        return "<section><h2>Interventions</h2><p>There was none: the feeder stayed within its limits.</p></section>"
    title = "The intervention" if len(found) == 1 else "Interventions"
    return f"<section><h2>{title}</h2>{''.join(map(_story, found))}</section>"


def _story(intervention: Result) -> str:
    market = intervention.get("market") or {}
    limit_min = (number(intervention.get("time_to_limit_s")) or 0) / 60
    asset = " ".join(str(intervention.get(k) or "") for k in ("limiting_phase", "limiting_asset")).strip()
    short = [
        f"{phase} {figure(value, 'A')}"
        for phase, value in zip(PHASE_NAMES, intervention.get("shortfall_a") or (), strict=False)
        if (number(value) or 0) > 0.5
    ]
    facts = [
        ("Open", f"{clock(intervention.get('opened_at'))} to {clock(intervention.get('closed_at'))}"),
        ("Would have failed", f"{asset}, in {limit_min:.0f} min" if limit_min else asset),
        ("Market", _market(market)),
        ("Customers", figure(intervention.get("customers"))),
        ("Not covered", ", ".join(short) or "nothing"),
        ("Escalated", "yes, as an emergency" if intervention.get("escalated") else "no"),
        ("State at the end", str(intervention.get("state") or UNKNOWN_VALUE).replace("_", " ").lower()),
    ]
    terms = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts if v)
    story = [str(line) for line in intervention.get("story") or ()]
    steps = "".join(map(_step, story))
    long = " long" if len(story) > 12 else ""
    return (
        f'<div class="intervention"><h3>{escape(str(intervention.get("id", "")))}</h3><dl>{terms}</dl>'
        f'<ol class="story{long}">{steps}</ol></div>'
    )


def _market(market: Result) -> str:
    words = [str(market.get(key) or "").replace("_", " ") for key in ("provider", "outcome", "reason")]
    asked, decided = clock(market.get("called_at")), clock(market.get("decided_at"))
    times = f" (asked {asked}, decided {decided})" if market.get("called_at") else ""
    return ", ".join(dict.fromkeys(filter(None, words))) + times


_STEP = re.compile(r"(?:(\d\d:\d\d(?::\d\d)?):?\s+)?(?:([a-z][a-z ]{2,24}): )?(.*)", re.DOTALL)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z")


def _step(line: str) -> str:
    """A step of the story, as ``02:14:00 state: what happened``; time and state are set apart."""
    found = _STEP.fullmatch(line)
    if found is None:
        return f"<li>{_plain(line)}</li>"
    at, state, text = found.groups()
    time = f"<time>{at}</time>" if at else ""
    return f"<li>{time}{f'<b>{escape(state.capitalize())}.</b> ' if state else ''}{_plain(text)}</li>"


def _plain(text: str) -> str:
    """Text for a reader: times of day instead of full stamps, a capital at the start."""
    text = _STAMP.sub(r"\1", text)
    return escape(text[:1].upper() + text[1:])


def invariant_section(runs: Runs) -> str:
    """The promises that were checked at every step."""
    checked = (runs.with_ or {}).get("invariants") or {}
    if not checked:
        return ""
    items = "".join(
        f'<li class="{"held" if held else "broken"}"><b>{"✓" if held else "✗"}</b>{escape(str(name).replace("_", " "))}'
        f"{'' if held else ': broken'}</li>"
        for name, held in checked.items()
    )
    return (
        f"<section><h2>Invariants</h2><p>{plural(len(checked), 'promise')}, checked at the end of the run against the "
        "records and against what the simulated devices really did.</p>"
        f'<ul class="checks">{items}</ul></section>'
    )


def log_section(runs: Runs) -> str:
    """Every event, folded away."""
    events = (runs.with_ or {}).get("events") or ()
    if not events:
        return ""
    rows = "".join(
        f'<tr><td>{clock(e.get("at"))}</td><td class="stream">{escape(str(e.get("stream", "")))}</td>'
        f"<td>{_plain(str(e.get('text', '')))}</td></tr>"
        for e in events
    )
    return (
        f"<section><h2>Event log</h2><details><summary>{plural(len(events), 'event')}</summary>"
        f"<table><thead><tr><th>Time</th><th>Stream</th><th>Event</th></tr></thead><tbody>{rows}</tbody></table></details></section>"
    )


def colophon(result: Result) -> str:
    """The street, the provenance, the machine's time."""
    street = result.get("street") or {}
    phases = "/".join(f"{n:g}" for n in street.get("homes_per_phase") or ())
    facts = [
        _words(street.get("source"), "Street: {}"),
        _words(street.get("homes"), "{} homes" + (f" ({phases} on L1/L2/L3)" if phases else "")),
        _words(street.get("cars"), "{} cars at home"),
        _words(street.get("consenting"), "{} customers who consent"),
        _words(street.get("fuse_a"), "{} A fuse"),
        _words(street.get("cable"), "cable {}"),
        _words(street.get("cable_rating_a"), "rated {} A"),
        _words(street.get("transformer_kva"), "{} kVA transformer"),
        _words(street.get("tariff_start"), "cheap tariff from {}"),
    ]
    wall = "; ".join(f"{str(k).replace('_', ' ')} {v}" for k, v in (result.get("wall") or {}).items())
    machine = (
        f"<p>Measured on this machine, and the only part that may differ for the same seed: {escape(wall)}.</p>"
        if wall
        else ""
    )
    return (
        f"<footer><p>{escape(', '.join(filter(None, facts)))}.</p>{machine}<p>All times are UTC. A simulated street, "
        "an emulated DCC, the real controller. Made by Linkbox.</p></footer>"
    )


def _words(value: object, form: str) -> str:
    return form.format(f"{value:g}" if isinstance(value, int | float) else value) if value not in (None, "") else ""


def _run_keys(runs: Runs) -> list[tuple[str, str]]:
    return [(key, label.lower()) for key, label, _ in runs.each()]


def _figure_section(title: str, drawn: str, caption: str, keys: Iterable[tuple[str, str]], after: str = "") -> str:
    if not drawn:
        return ""
    legend = "".join(f'<li><span class="key {kind}"></span>{escape(text)}</li>' for kind, text in keys)
    return (
        f'<section><h2>{escape(title)}</h2><ul class="legend">{legend}</ul><figure class="wide scroll">{drawn}'
        f"<figcaption>{escape(caption)}</figcaption></figure>{after}</section>"
    )
