"""The report's sections about what was done: interventions as stories, invariants, event log, provenance."""

from __future__ import annotations

import re

from linkbox.app.report_html import escape
from linkbox.app.report_values import PHASE_NAMES, UNKNOWN_VALUE, Result, Runs, clock, figure, number, plural


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
        ("Market's account", _accounts(market)),
        ("Found out later", _findings(market)),
        ("Customers", figure(intervention.get("customers"))),
        ("Not covered", ", ".join(short) or "nothing"),
        ("Escalated", "yes, as an emergency" if intervention.get("escalated") else "no"),
        ("State at the end", str(intervention.get("state") or UNKNOWN_VALUE).replace("_", " ").lower()),
    ]
    terms = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts if v)
    story = [_step(str(line)) for line in intervention.get("story") or ()]
    long = " long" if len(story) > 12 else ""
    return (
        f'<div class="intervention"><h3>{escape(str(intervention.get("id", "")))}</h3><dl>{terms}</dl>'
        f'<ol class="story{long}">{_folded(story)}</ol></div>'
    )


def _folded(steps: list[str]) -> str:
    """The steps; of a long story the middle is folded away."""
    if len(steps) <= _FIRST_STEPS + _LAST_STEPS + 4:
        return "".join(steps)
    middle = steps[_FIRST_STEPS:-_LAST_STEPS]
    more = f"<details><summary>{len(middle)} more steps</summary><ol>{''.join(middle)}</ol></details>"
    return "".join([*steps[:_FIRST_STEPS], f'<li class="more">{more}</li>', *steps[-_LAST_STEPS:]])


def _market(market: Result) -> str:
    words = [str(market.get(key) or "").replace("_", " ") for key in ("provider", "outcome", "reason")]
    asked, decided = clock(market.get("called_at")), clock(market.get("decided_at"))
    times = f" (asked {asked}, decided {decided})" if market.get("called_at") else ""
    return ", ".join(dict.fromkeys(filter(None, words))) + times


def _accounts(market: Result) -> str:
    return "; ".join(
        f"{a.get('phase')}: {figure(a.get('ordered_a'), 'A')} ordered, {figure(a.get('delivered_a'), 'A')} delivered "
        f"as measured (give or take {figure(a.get('sigma_a'), 'A')}), £{a.get('amount_gbp')}"
        for a in market.get("accounts") or ()
    )


def _findings(market: Result) -> str:
    return "; ".join(
        f"{str(f.get('finding')).replace('-', ' ')}, says {f.get('who')}" + (f": {f['note']}" if f.get("note") else "")
        for f in market.get("findings") or ()
    )


_FIRST_STEPS, _LAST_STEPS = 12, 6
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
