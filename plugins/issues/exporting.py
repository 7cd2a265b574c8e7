"""Exporting: all the issues of a selection as CSV or JSON Lines, in constant memory.

The columns are named as `importing/table.py` reads them, so that a file can be imported elsewhere.
Issues come in chunks, by id, each in a short transaction of its own: however slowly somebody
reads, no connection waits for them. As of an instant that is an exact state; of the present, an
issue is as it is when its chunk is read.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from issue_insight.exporting import FileFormat, Opened, Row, written
from plugins.issues import queries
from plugins.issues.selection import Selection

CHUNK = 1_000

COLUMNS = (
    "key", "title", "description", "status", "severity", "resolution", "reporter", "assignee",
    "labels", "created_at", "updated_at", "closed_at", "due_on", "confidential",
)  # fmt: skip


def export(opened: Opened, selection: Selection, kind: FileFormat) -> Iterator[bytes]:
    """Return the file in parts. The first issues are read before this returns.

    `opened` begins a transaction; it is called for each chunk, wherever the parts are asked for.
    """
    chunks = _chunks(opened, selection)
    return written(chain([next(chunks)], chunks), kind, COLUMNS, _flat)


def _chunks(opened: Opened, selection: Selection) -> Iterator[list[Row]]:
    """Yield the issues by id, at least one chunk; nothing is open while one is handed over."""
    last: int | None = 0
    while last is not None:
        with opened() as session:
            items, last = queries.chunk_of_issues(session, selection, after=last, limit=CHUNK)
            rows = [_row(item) for item in items]
        yield rows


def _row(item: dict[str, Any]) -> Row:
    people = {who: item[who] and item[who]["name"] for who in ("reporter", "assignee")}
    return {name: ({"due_on": item["due_date"]} | item | people)[name] for name in COLUMNS}


def _flat(row: Row) -> Row:
    """Join the labels by commas, of which they have none."""
    return {**row, "labels": ",".join(row["labels"])}
