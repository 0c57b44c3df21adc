"""How printed reports look: one page layout, few styles, tables that break over pages. The same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.doctemplate import BaseDocTemplate

INK, SOFT, LINE, WASH, DEEP = (colors.HexColor(c) for c in ("#16202a", "#55636f", "#c9d2da", "#eef3f6", "#0b4f6c"))
_ROWS_AT_ONCE = 40
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=20, leading=25, textColor=INK, spaceAfter=2)
SUBTITLE = ParagraphStyle("subtitle", fontName="Helvetica", fontSize=10.5, leading=14, textColor=SOFT, spaceAfter=8)
HEADING = ParagraphStyle(
    "heading", fontName="Helvetica-Bold", fontSize=12.5, leading=16, textColor=DEEP, spaceBefore=12
)
TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK, spaceAfter=4)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=8, leading=10, textColor=INK)
CELL_RIGHT = ParagraphStyle("right", parent=CELL, alignment=TA_RIGHT)
WIDTH = A4[0] - 36 * mm
_TABLE = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("TEXTCOLOR", (0, 0), (-1, 0), SOFT),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, DEEP),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)


def pdf(title: str, parts: Iterable[Flowable], *, footer: str) -> bytes:
    """A document of A4 pages with a footer and page numbers, without any date or other chance in it."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=title,
        author="Linkbox",
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        invariant=1,
    )

    def foot(canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(SOFT)
        canvas.drawString(18 * mm, 11 * mm, footer)
        canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, f"page {canvas.getPageNumber()}")
        canvas.restoreState()

    document.build(list(parts), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float], *, right: Sequence[int] = ()
) -> list[Flowable]:
    """A table of shares of the page's width, in pieces, so that long ones are laid out quickly; ``right`` are
    columns of figures."""
    total = sum(widths)
    columns = [WIDTH * width / total for width in widths]
    style = TableStyle([*_TABLE.getCommands(), *(("ALIGN", (c, 0), (c, -1), "RIGHT") for c in right)])
    body = [[_shown(value) for value in row] for row in rows]
    pieces = [body[n : n + _ROWS_AT_ONCE] for n in range(0, len(body), _ROWS_AT_ONCE)] or [[]]
    made: list[Flowable] = []
    for number, piece in enumerate(pieces):
        shown = [list(header), *piece] if number == 0 else piece
        look = (
            style if number == 0 else TableStyle([c for c in style.getCommands() if c[1] != (0, 0) or c[2] != (-1, 0)])
        )
        made.append(Table(shown, colWidths=columns, style=look, repeatRows=1 if number == 0 else 0))
    return made


def facts(rows: Iterable[tuple[str, Any]]) -> Flowable:
    """Names and values, two to a line."""
    cells = [[Paragraph(name, CELL), Paragraph(f"<b>{_escape(_shown(value))}</b>", CELL_RIGHT)] for name, value in rows]
    if len(cells) % 2:
        cells.append(["", ""])
    lines = [[*left, "", *right] for left, right in zip(cells[::2], cells[1::2], strict=True)]
    style = TableStyle(
        [
            ("LINEBELOW", (0, 0), (1, -1), 0.25, LINE),
            ("LINEBELOW", (3, 0), (4, -1), 0.25, LINE),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    shares = (0.30, 0.175, 0.05, 0.30, 0.175)
    return Table(lines, colWidths=[WIDTH * share for share in shares], style=style)


def section(title: str, *parts: Flowable) -> list[Flowable]:
    """A heading that stays with what follows it."""
    first, rest = parts[:1], parts[1:]
    return [KeepTogether([Paragraph(title, HEADING), Spacer(1, 4), *first]), *rest]


def text(words: str) -> Flowable:
    """A paragraph; what it says is taken as it is."""
    return Paragraph(_escape(words), TEXT)


def cell(words: str) -> Flowable:
    """Words that may need several lines in a table."""
    return Paragraph(_escape(words), CELL)


def _shown(value: Any) -> Any:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}" if abs(value) < 1e6 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case _:
            return value


def _escape(words: str) -> str:
    return str(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
