"""Texts as cells of a spreadsheet: none is taken for a formula, and all come back as they were.

A spreadsheet that opens a CSV file computes what begins like a formula, whoever wrote it. An
apostrophe before it makes it a text (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""A text that has apostrophes of its own there gets one more: reading takes exactly one away."""


def guarded(text: str) -> str:
    """Return the text as it may stand in a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` made the cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
