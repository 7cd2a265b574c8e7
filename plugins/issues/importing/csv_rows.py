"""Reading CSV with the line each record begins on, which several-line fields put out of step."""

import csv
import io
from collections.abc import Iterator

from plugins.issues.importing.records import ImportProblem, Unreadable

FIELD_CHARACTERS = 8 * 1024 * 1024
"""A field longer than this is a broken file (most often a quote that never ends)."""

Record = tuple[int, list[str]]


def records(text: str) -> Iterator[Record | ImportProblem]:
    """Yield (line, cells) for each record that is not blank, the header first.

    Raises `Unreadable` where the quoting is broken: what follows cannot be told apart any more.
    """
    csv.field_size_limit(FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    width: int | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(_explained(error), line) from error
        if not any(cell.strip() for cell in cells):
            continue
        if width is None:
            width = len(cells)
        if len(cells) != width:
            yield ImportProblem(f"{len(cells)} columns, but the header names {width}", line)
        else:
            yield line, cells


def _explained(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "broken CSV: a quoted field of the record that begins here never ends"
    if "limit" in str(error):
        return f"broken CSV: a field is longer than {FIELD_CHARACTERS} characters"
    return f"broken CSV in the record that begins here: {error}"


class Header:
    """The columns by name; names are compared without regard to case and space around them."""

    def __init__(self, cells: list[str]) -> None:
        self._columns: dict[str, list[int]] = {}
        for column, name in enumerate(cells):
            self._columns.setdefault(name.strip().lower(), []).append(column)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._columns

    def names(self) -> list[str]:
        """Return the names of the columns, in lower case."""
        return list(self._columns)

    def repeated(self) -> list[str]:
        """Return the names that several columns bear."""
        return [name for name, columns in self._columns.items() if len(columns) > 1]

    def cell(self, cells: list[str], *names: str) -> str:
        """Return the cell of the first of `names` that is a column with something in it, or ''."""
        for name in names:
            for column in self._columns.get(name.lower(), ()):
                if cells[column].strip():
                    return cells[column]
        return ""

    def cells(self, cells: list[str], name: str) -> list[str]:
        """Return every cell with something in it of the columns of that name."""
        return [
            cells[column] for column in self._columns.get(name.lower(), ()) if cells[column].strip()
        ]
