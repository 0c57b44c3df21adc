"""Small pieces of HTML that the report's sections share."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape as _escape


def escape(text: str) -> str:
    """Text for HTML, with the apostrophe that printers use."""
    return _escape(text).replace("&#x27;", "&rsquo;")


def figure_section(title: str, drawn: str, caption: str, keys: Iterable[tuple[str, str]], after: str = "") -> str:
    """A section around a figure: title, legend of (kind, text), caption; "" where nothing was drawn."""
    if not drawn:
        return ""
    legend = "".join(f'<li><span class="key {kind}"></span>{escape(text)}</li>' for kind, text in keys)
    return (
        f'<section class="drawn"><h2>{escape(title)}</h2><ul class="legend">{legend}</ul>'
        f'<figure class="wide scroll">{drawn}'
        f"<figcaption>{escape(caption)}</figcaption></figure>{after}</section>"
    )
