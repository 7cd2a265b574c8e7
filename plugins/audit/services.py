"""Taking the audit log out, in constant memory, and saying so in it."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import orjson
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.cells import guarded
from issue_insight.journal import record
from plugins.audit.fields import Format
from plugins.audit.queries import Wanted, chunk

CHUNK = 1_000
MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSONL: "application/x-ndjson"}
COLUMNS = (
    "id", "at", "kind", "actor_id", "actor", "actor_kind", "subject", "subject_id", "event",
    "field", "old", "new", "change_set",
)  # fmt: skip

Opened = Callable[[], AbstractContextManager[Session]]


def note_export(session: Session, principal: Principal, wanted: Wanted, kind: Format) -> None:
    """Say that the audit log was taken out."""
    new = {
        "actor": wanted.actor,
        "kind": wanted.kind and wanted.kind.value,
        "from": wanted.since and wanted.since.isoformat(),
        "to": wanted.until and wanted.until.isoformat(),
        "format": kind.value,
    }
    record(
        session,
        principal,
        subject="export",
        # Nobody's own from the command line.
        subject_id=principal.user_id or 0,
        scope_id=None,
        kind="exported",
        field="audit",
        new=new,
    )


def export(opened: Opened, wanted: Wanted, kind: Format) -> Iterator[bytes]:
    """Yield the entries as a file in parts, oldest first, each read in a transaction of its own."""
    last, buffer = 0, io.StringIO(newline="")
    writer = csv.writer(buffer)
    if kind is Format.CSV:
        writer.writerow(COLUMNS)
        yield _taken(buffer)
    while True:
        with opened() as session:
            entries = chunk(session, wanted, after=last, limit=CHUNK)
        if not entries:
            return
        last = entries[-1]["id"]
        if kind is Format.CSV:
            writer.writerows([_cell(value) for value in _row(entry)] for entry in entries)
            yield _taken(buffer)
        else:
            yield b"".join(
                orjson.dumps(entry, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
                for entry in entries
            )


def _row(entry: dict[str, Any]) -> list[Any]:
    actor = entry["actor"] or {"id": None, "name": None}
    return [(entry | {"actor_id": actor["id"], "actor": actor["name"]})[name] for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    written = orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    return guarded(written.strip('"'))


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken
