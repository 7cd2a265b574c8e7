"""Taking the audit log out, in constant memory, and saying so in it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.exporting import FileFormat, Opened, Row, written
from issue_insight.journal import record
from plugins.audit.queries import Wanted, chunk

CHUNK = 1_000
COLUMNS = (
    "id", "at", "kind", "actor_id", "actor", "actor_kind", "subject", "subject_id", "subject_name",
    "event", "field", "old", "new", "change_set",
)  # fmt: skip


def note_export(session: Session, principal: Principal, wanted: Wanted, kind: FileFormat) -> None:
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


def export(opened: Opened, wanted: Wanted, kind: FileFormat) -> Iterator[bytes]:
    """Return the entries as a file in parts, oldest first."""
    return written(_chunks(opened, wanted), kind, COLUMNS, _flat)


def _chunks(opened: Opened, wanted: Wanted) -> Iterator[list[Row]]:
    last = 0
    while True:
        with opened() as session:
            entries = chunk(session, wanted, after=last, limit=CHUNK)
        if not entries:
            return
        last = entries[-1]["id"]
        yield list(entries)


def _flat(entry: Row) -> Row:
    actor = entry["actor"] or {"id": None, "name": None}
    return {**entry, "actor_id": actor["id"], "actor": actor["name"]}
