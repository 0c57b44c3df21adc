"""The report of one evening as a single HTML page that needs nothing but itself."""

from __future__ import annotations

from html import escape

from linkbox.app import report_record as record
from linkbox.app import report_sections as sections
from linkbox.app.report_story import headline
from linkbox.app.report_style import CSS
from linkbox.app.report_values import Result, Runs


def render_report(result: Result) -> str:
    """The HTML page for a demo's result: no script, no external resource, the same bytes for the same result.

    Either run may be null, and any series or fact may be missing: what is not known is left out or shown as a dash.
    """
    runs = Runs.of(result)
    parts = (
        sections.opening(result, runs),
        sections.summary(result, runs),
        sections.unfinished(result, runs),
        sections.current_section(result, runs),
        sections.fuse_section(runs),
        sections.temperature_section(result, runs),
        sections.customer_section(runs),
        record.intervention_section(runs),
        sections.request_section(runs),
        record.invariant_section(runs),
        record.log_section(runs),
        record.colophon(result),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(headline(result, runs))}</title><style>{CSS}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )
