"""Files that people take with them: rows as CSV or JSON Lines, written part by part.

A part is what one chunk of rows comes to, so that a file of any length takes the memory of one.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy.orm import Session

from issue_insight.cells import guarded


class FileFormat(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """The media type of such a file."""
        return {FileFormat.CSV: "text/csv", FileFormat.JSONL: "application/x-ndjson"}[self]


Opened = Callable[[], AbstractContextManager[Session]]
"""Begins a transaction: one for each chunk, so that none waits for whoever reads slowly."""
Row = Mapping[str, Any]


def written(
    chunks: Iterable[Iterable[Row]],
    kind: FileFormat,
    columns: Sequence[str],
    flat: Callable[[Row], Row],
) -> Iterator[bytes]:
    """Yield the file in parts; `flat` gives a row by `columns`, as it stands in a table."""
    return _csv(chunks, columns, flat) if kind is FileFormat.CSV else _jsonl(chunks)


def _csv(
    chunks: Iterable[Iterable[Row]], columns: Sequence[str], flat: Callable[[Row], Row]
) -> Iterator[bytes]:
    """Write RFC 4180 in UTF-8; the head stands there also where there are no rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    yield _taken(buffer)
    for rows in chunks:
        for row in map(flat, rows):
            writer.writerow([_cell(row[name]) for name in columns])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    # Instants and dates are strings in JSON; what is more than a value stays JSON.
    return guarded(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().strip('"'))


def _jsonl(chunks: Iterable[Iterable[Row]]) -> Iterator[bytes]:
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    for rows in chunks:
        yield b"".join(orjson.dumps(row, option=option) for row in rows)
