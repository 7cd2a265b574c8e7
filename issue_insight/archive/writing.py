"""Writing an archive: one state of the database, row by row, and the objects that it names.

Equal content makes equal bytes: rows are in the order of their keys, members in a fixed one, and
no time of day is in the file. Memory does not grow with the number of rows.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Connection, Engine, Table, Text, cast, func, literal_column, select

from issue_insight.archive import contents
from issue_insight.archive.contents import Kind, Manifest, Member, ObjectEntry, TableMember
from issue_insight.errors import Conflict, NotFound
from issue_insight.storage import Storage

ROWS_AT_A_TIME = 500
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first instant that a zip can name."""

Objects = Callable[[ZipFile, Connection, list[Table], "Written"], Iterator[ObjectEntry]]
"""Brings the objects that rows name to where they are kept; tells of each, in the order of keys."""

Step = Callable[[str, int], None]
"""Told of progress: what is under way, and how many rows or files of it are done."""


class Written:
    """What went into an archive, and what did not: objects that are not in the bucket."""

    def __init__(self) -> None:
        self.rows = 0
        self.objects = 0
        self.missing = 0
        self.unknown: list[str] = []


def write(
    target: Path, engine: Engine, storage: Storage, revisions: dict[str, list[str]], step: Step
) -> Written:
    """Write the archive of an instance to a file that is not there yet, whole or not at all.

    Raises as `write_with` does, and `Unavailable` when the S3 server fails.
    """
    return write_with(partial(_objects, storage), target, engine, revisions, step, "archive")


def write_with(
    objects: Objects,
    target: Path,
    engine: Engine,
    revisions: dict[str, list[str]],
    step: Step,
    kind: Kind,
) -> Written:
    """Write the rows of an instance to a file, and what `objects` tells; whole or not at all.

    Raises `Conflict` if the file is there.
    """
    if target.exists():
        raise Conflict(f"{target} is there already.")
    # Readable for its owner alone: it holds what only few may see.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file, ZipFile(file, "w", allowZip64=True) as archive:
            written = _write(archive, engine, objects, revisions, step, kind)
            archive.close()
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, this cannot replace what somebody else put there meanwhile.
        try:
            os.link(name, target)
        except FileExistsError as error:
            raise Conflict(f"{target} is there already.") from error
    finally:
        os.unlink(name)
    return written


def _write(
    archive: ZipFile,
    engine: Engine,
    objects: Objects,
    revisions: dict[str, list[str]],
    step: Step,
    kind: Kind,
) -> Written:
    written = Written()
    snapshot = engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with snapshot as connection, connection.begin():
        # Values as text depend on these; a long export is no forgotten transaction.
        for setting in (
            "timezone = 'UTC'",
            "intervalstyle = 'iso_8601'",
            "statement_timeout = 0",
            "idle_in_transaction_session_timeout = 0",
        ):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        archived = contents.tables(connection, kind)
        written.unknown = list(contents.unknown_tables(connection))
        members: dict[str, TableMember] = {}
        for table in archived:
            lines = _told(_rows(connection, table), table.name, step)
            member = _member(archive, contents.member_of(table), lines)
            written.rows += member.rows
            members[table.name] = TableMember(
                **member.model_dump(), last_id=_last_id(connection, table)
            )
        with tempfile.TemporaryFile() as listed:
            for entry in objects(archive, connection, archived, written):
                listed.write(entry.model_dump_json().encode() + b"\n")
                step("files", written.objects)
            listed.seek(0)
            of_objects = _member(archive, contents.OBJECTS, listed)
    manifest = Manifest(kind=kind, revisions=revisions, tables=members, objects=of_objects)
    with archive.open(_info(contents.MANIFEST), "w") as file:
        file.write(manifest.model_dump_json(indent=1).encode() + b"\n")
    return written


def _rows(connection: Connection, table: Table) -> Iterator[bytes]:
    """Yield each row as PostgreSQL writes it: no type of any plugin needs a converter of ours."""
    row = contents.in_order(table).subquery("archived")
    statement = select(cast(func.to_jsonb(literal_column("archived")), Text)).select_from(row)
    found = connection.execute(statement, execution_options={"yield_per": ROWS_AT_A_TIME})
    for line in found.scalars():
        yield line.encode() + b"\n"


def _told(lines: Iterable[bytes], what: str, step: Step) -> Iterator[bytes]:
    done = 0
    for done, line in enumerate(lines, start=1):
        yield line
        if done % ROWS_AT_A_TIME == 0:
            step(what, done)
    step(what, done)


def _last_id(connection: Connection, table: Table) -> int | None:
    column = contents.identity(table)
    if column is None:
        return None
    preparer = connection.dialect.identifier_preparer
    last: int | None = connection.exec_driver_sql(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
        (preparer.format_table(table), column.name),
    ).scalar()
    return last


def _objects(
    storage: Storage,
    archive: ZipFile,
    connection: Connection,
    archived: list[Table],
    written: Written,
) -> Iterator[ObjectEntry]:
    keys = contents.object_keys(archived)
    if keys is None:
        return
    for key in connection.scalars(keys, execution_options={"yield_per": 100}):
        try:
            download = storage.get(key)
        except NotFound:
            written.missing += 1
            continue
        with closing(download):
            member = _member(archive, contents.member_of_object(key), download)
        written.objects += 1
        yield ObjectEntry(
            key=key, content_type=download.content_type, size=member.size, sha256=member.sha256
        )


def _member(archive: ZipFile, name: str, parts: Iterable[bytes]) -> Member:
    """Write one member; return how many parts, how many bytes and which ones it is made of."""
    digest, rows, size = hashlib.sha256(), 0, 0
    with archive.open(_info(name), "w", force_zip64=True) as file:
        for part in parts:
            file.write(part)
            digest.update(part)
            rows += 1
            size += len(part)
    return Member(rows=rows, size=size, sha256=digest.hexdigest())


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _EPOCH)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = 0o600 << 16
    return info
