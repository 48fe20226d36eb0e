"""A report as PDF, on A4. The font is DejaVu Sans: Latin, Greek, Cyrillic, Arabic, Hebrew and more, but no Chinese.

A sign that the font lacks is drawn as a box, and the foot of the report says how many there are; the CSV has them all.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, WrapMode
from fpdf.fonts import FontFace

from notifications.reports.sheet import Head, Sheet, Table

MEDIA_TYPE = "application/pdf"
FONTS = Path(settings.BASE_DIR) / "node_modules" / "dejavu-fonts-ttf" / "ttf"
FAMILY, BOX = "DejaVu", "\u25a1"
INK, QUIET, LINE, TINT = (22, 38, 44), (83, 100, 107), (208, 217, 220), (238, 242, 243)
MARGIN, LABELS = 18, 42
NARROWEST, WIDEST = 8, 36


class Paper(FPDF):
    """Pages with a foot; millimetres."""

    def __init__(self, head: Head) -> None:
        super().__init__(format="A4")
        self.head, self.missing = head, 0
        self.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
        font: Any = self.fonts[FAMILY.lower()]
        self.signs = font.cmap
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, MARGIN + 6)
        self.set_draw_color(*LINE)

    def shape(self, sheet: Sheet) -> None:
        """Let what is written from right to left be set so, where there is any: it takes twice the time."""
        words = [sheet.title, *(value for _, value in sheet.facts)]
        words += [cell for table in sheet.tables for row in table.rows for cell in row]
        if any(unicodedata.bidirectional(sign) in ("R", "AL") for text in words for sign in text):
            self.set_text_shaping(True)

    def footer(self) -> None:
        """Whose it is, where its page is, when it was made, and the number of the page."""
        self.set_y(-MARGIN)
        self.ink(7.5, QUIET)
        words = self.plain(f"{self.head.house}  ·  {self.head.made}  ·  {self.head.link}")
        self.cell(self.epw - 16, 5, words, link=self.head.link)
        self.cell(16, 5, f"{self.page_no()} / {{nb}}", align="R")

    def ink(self, size: float, colour: tuple[int, int, int] = INK, style: str = "") -> None:
        """Write in this size (points) and colour from here on."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)

    def plain(self, text: str) -> str:
        """The text in signs that the font has; what it lacks becomes a box, and is counted."""
        kept = []
        for sign in unicodedata.normalize("NFC", text):
            if ord(sign) in self.signs or sign == "\n":
                kept.append(sign)
            elif unicodedata.category(sign) not in ("Cc", "Cf", "Mn"):
                kept.append(BOX)
                self.missing += 1
        return "".join(kept)

    def line_of(self, text: str, height: float) -> None:
        """A paragraph across the page; a word that is too long for a line is broken."""
        self.multi_cell(0, height, self.plain(text), new_x="LMARGIN", new_y="NEXT", align="L", wrapmode=WrapMode.WORD)


def made(sheet: Sheet, head: Head) -> bytes:
    """The file."""
    paper = Paper(head)
    paper.set_title(sheet.title)
    paper.set_creator("Towerwatch")
    paper.shape(sheet)
    paper.add_page()
    paper.ink(9, QUIET)
    paper.line_of(sheet.kind, 5)
    paper.ink(16, style="B")
    paper.line_of(sheet.title, 8)
    paper.ln(3)
    _facts(paper, sheet)
    for table in sheet.tables:
        _table(paper, table)
    if paper.missing:
        paper.ln(4)
        paper.ink(7.5, QUIET)
        paper.line_of(f"{BOX} stands for a sign that this font does not have ({paper.missing} on this report).", 4)
    return bytes(paper.output())


def _facts(paper: Paper, sheet: Sheet) -> None:
    for label, value in sheet.facts:
        paper.ink(9, QUIET)
        top, page = paper.get_y(), paper.page
        paper.multi_cell(LABELS, 5.5, paper.plain(label), new_x="RIGHT", new_y="TOP", align="L")
        if paper.page != page:
            top = paper.get_y()
        paper.set_xy(MARGIN + LABELS, top)
        paper.ink(9)
        paper.line_of(value, 5.5)


def _widths(table: Table) -> tuple[int, ...]:
    """The share of each column: by its longest text, within bounds, so that short ones leave room for long ones."""
    columns = zip(table.headers, *table.rows, strict=True)
    return tuple(min(max(NARROWEST, *map(len, column)), WIDEST) for column in columns)


def _table(paper: Paper, table: Table) -> None:
    paper.ln(5)
    if paper.will_page_break(24):
        paper.add_page()
    paper.ink(11, style="B")
    paper.line_of(table.title, 7)
    paper.ink(8)
    head = FontFace(emphasis="BOLD", color=QUIET, fill_color=TINT)
    with paper.table(
        headings_style=head,
        line_height=5,
        text_align="LEFT",
        wrapmode=WrapMode.WORD,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        padding=1,
        col_widths=_widths(table),
        v_align="TOP",
    ) as drawn:
        drawn.row([paper.plain(cell) for cell in table.headers])
        for row in table.rows:
            drawn.row([paper.plain(cell) for cell in row])
    if table.rest:
        paper.ink(8, QUIET)
        paper.line_of(table.rest, 6)
