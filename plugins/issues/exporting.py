"""Exporting: all the issues of a selection as CSV or JSON Lines, in constant memory.

The columns are named as `importing/table.py` reads them, so that a file can be imported elsewhere.
Issues come in chunks, by id, each in a short transaction of its own: however slowly somebody
reads, no connection waits for them. As of an instant that is an exact state; of the present, an
issue is as it is when its chunk is read.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from itertools import chain
from typing import Any

import orjson
from sqlalchemy.orm import Session

from issue_insight.cells import guarded
from plugins.issues import queries
from plugins.issues.selection import Selection

CHUNK = 1_000

COLUMNS = (
    "key", "title", "description", "status", "severity", "resolution", "reporter", "assignee",
    "labels", "created_at", "updated_at", "closed_at", "due_on", "confidential",
)  # fmt: skip

Opened = Callable[[], AbstractContextManager[Session]]
Row = dict[str, Any]


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSONL: "application/x-ndjson"}


def export(opened: Opened, selection: Selection, kind: Format) -> Iterator[bytes]:
    """Return the file in parts. The first issues are read before this returns.

    `opened` begins a transaction; it is called for each chunk, wherever the parts are asked for.
    """
    chunks = _chunks(opened, selection)
    write = _csv if kind is Format.CSV else _jsonl
    return write(chain([next(chunks)], chunks))


def _chunks(opened: Opened, selection: Selection) -> Iterator[list[Row]]:
    """Yield the issues by id, at least one chunk; nothing is open while one is handed over."""
    last: int | None = 0
    while last is not None:
        with opened() as session:
            items, last = queries.chunk_of_issues(session, selection, after=last, limit=CHUNK)
            rows = [_row(item) for item in items]
        yield rows


def _row(item: Row) -> Row:
    people = {who: item[who] and item[who]["name"] for who in ("reporter", "assignee")}
    return {name: ({"due_on": item["due_date"]} | item | people)[name] for name in COLUMNS}


def _csv(chunks: Iterable[list[Row]]) -> Iterator[bytes]:
    """Write RFC 4180 in UTF-8; labels are joined by commas, of which they have none."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for rows in chunks:
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = ",".join(value)
    if isinstance(value, str):
        return guarded(value)
    return str(orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z)))


def _jsonl(chunks: Iterable[list[Row]]) -> Iterator[bytes]:
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    for rows in chunks:
        yield b"".join(orjson.dumps(row, option=option) for row in rows)
