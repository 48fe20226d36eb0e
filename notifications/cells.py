"""Cells that a spreadsheet must not take for formulas: an apostrophe goes in front, and comes off again."""

from __future__ import annotations

import re

# The last four are the wide forms that some spreadsheets take for the plain ones.
STARTS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
DANGEROUS = re.compile(f"'*[{STARTS}]")
GUARDED = re.compile(f"'+[{STARTS}]")


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs; what looks guarded already gets one apostrophe more."""
    return f"'{text}" if DANGEROUS.match(text) else text


def plain(cell: str) -> str:
    """The text that `guarded` was given; any other cell as it is."""
    return cell[1:] if GUARDED.match(cell) else cell
