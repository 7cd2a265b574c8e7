"""Reading an archive into an empty instance: all of it is checked first, then all of it is stored.

Nothing in the file is trusted: every member must be the one that the manifest describes, no file
is ever made from a name in it, and what is read at a time is bounded.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol
from zipfile import BadZipFile, ZipFile

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Table, exists, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from issue_insight.archive import contents
from issue_insight.archive.contents import Heading, Kind, Manifest, Member, ObjectEntry
from issue_insight.errors import Conflict, Invalid
from issue_insight.storage import Storage

MANIFEST_MAX = 1024 * 1024
LINE_MAX = 256 * 1024 * 1024
"""What PostgreSQL takes as one value of JSON, and so the longest row that it can have written."""
BATCH_BYTES = 4 * 1024 * 1024
BATCH_ROWS = 1_000
_PART = 64 * 1024

Step = Callable[[str, int, int], None]
"""Told of progress: what is under way, how many rows or files of it are done, and of how many."""


@contextmanager
def opened(source: Path) -> Iterator[ZipFile]:
    """Open an archive; whatever is wrong with its bytes, now or later, is `Invalid`."""
    try:
        with ZipFile(source) as archive:
            yield archive
    # NotImplementedError and RuntimeError: kinds of compression and encryption we never write.
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Invalid(f"{source} is no whole zip file ({error or 'it is cut off'}).") from error


class Inside:
    """The objects of an archive: members of the file itself."""

    kind: Kind = "archive"

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def named(self, entry: ObjectEntry) -> str:
        """Return the name by which people find an object's bytes."""
        return contents.member_of_object(entry.key)

    def opened(self, entry: ObjectEntry) -> AbstractContextManager[IO[bytes]]:
        """Open an object; raise `Invalid` where it is not there, or of another size."""
        return _member(self._archive, contents.member_of_object(entry.key), entry.size)


class Objects(Protocol):
    """Where the bytes of objects are; `Inside` is one."""

    kind: Kind

    def named(self, entry: ObjectEntry) -> str:
        """Return the name by which people find an object's bytes."""
        ...

    def opened(self, entry: ObjectEntry) -> AbstractContextManager[IO[bytes]]:
        """Open an object; raise `Invalid` where it is not there, or of another size."""
        ...


def read(
    source: Path,
    engine: Engine,
    storage: Storage,
    revisions: dict[str, list[str]],
    step: Step,
    where: Callable[[ZipFile], Objects] = Inside,
) -> Manifest:
    """Store what the archive holds in one transaction; return its manifest.

    Raises `Invalid` for a file that is no sound archive, `Conflict` where the instance is not empty
    or of other migrations, `Unavailable` when the S3 server fails. No row is left then; objects
    that were stored already are what the sweep of attachments looks for.
    """
    with opened(source) as archive:
        objects = where(archive)
        manifest = _manifest(archive)
        if manifest.kind != objects.kind:
            raise Invalid(
                "This is a backup's half: restore its folder by `flask restore`."
                if manifest.kind == "backup"
                else "This is an archive, no backup: use `flask archive import`."
            )
        _check_revisions(manifest.revisions, revisions)
        with engine.connect() as connection:
            known = {table.name: table for table in contents.tables(connection, objects.kind)}
            _check_empty(connection, known.values())
        if strangers := sorted(set(manifest.tables) - set(known)):
            raise Conflict(
                f"The archive has tables that no plugin here knows: {', '.join(strangers)}. "
                "Enable the plugins of the instance it is of."
            )
        tables = [table for name, table in known.items() if name in manifest.tables]
        _check_members(archive, objects, manifest, tables, step)
        with engine.begin() as connection:
            _lock(connection, known.values())
            _check_empty(connection, known.values())
            for table in tables:
                _store_rows(connection, archive, manifest, table, step)
            _store_objects(connection, archive, objects, manifest, tables, storage, step)
    return manifest


def _manifest(archive: ZipFile) -> Manifest:
    try:
        info = archive.getinfo(contents.MANIFEST)
    except KeyError as error:
        raise Invalid("The file is no archive of Issue Insight: it has no manifest.") from error
    if info.file_size > MANIFEST_MAX:
        raise Invalid("The archive's manifest is too long to be one.")
    said = archive.read(info)
    try:
        heading = Heading.model_validate_json(said)
        if heading.version != contents.VERSION:
            raise Invalid(
                f"The archive is of version {heading.version} of the format; this release reads "
                f"version {contents.VERSION}."
            )
        return Manifest.model_validate_json(said)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Invalid(
            f"The archive's manifest makes no sense ({where or 'it is no JSON'})."
        ) from error


def _check_revisions(theirs: dict[str, list[str]], ours: dict[str, list[str]]) -> None:
    for line in sorted({*theirs, *ours}):
        here, there = (", ".join(of.get(line, [])) or "none" for of in (ours, theirs))
        if here != there:
            raise Conflict(
                f"The archive is of other migrations ({line}: {there} there, {here} here). Import "
                "it with the release and the plugins that made it, then run `flask upgrade`."
            )


def _check_empty(connection: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        if connection.execute(select(exists(select(1).select_from(table)))).scalar():
            raise Conflict(
                f"This instance is not empty (there are rows in {table.name}): an archive goes "
                "into a new database after `flask upgrade`."
            )


def _check_members(
    archive: ZipFile, objects: Objects, manifest: Manifest, tables: list[Table], step: Step
) -> None:
    """Read everything once: each member is there, once, and what the manifest says."""
    expected = 2 + len(tables) + (manifest.objects.rows if manifest.kind == "archive" else 0)
    if len(archive.infolist()) != expected or len(archive.namelist()) != len(archive.NameToInfo):
        raise Invalid("The archive has other files than its manifest says.")
    for table in tables:
        _check_lines(archive, contents.member_of(table), manifest.tables[table.name])
    _check_lines(archive, contents.OBJECTS, manifest.objects)
    last = ""
    for done, entry in enumerate(entries(archive), start=1):
        if entry.key.encode() <= last.encode():
            raise Invalid(f"{contents.OBJECTS} is not in the order of keys at line {done}.")
        last = entry.key
        with objects.opened(entry) as file:
            digest, _ = digest_of(file)
        if digest != entry.sha256:
            raise damaged(objects.named(entry))
        step("checking files", done, manifest.objects.rows)


@contextmanager
def _member(archive: ZipFile, name: str, size: int) -> Iterator[IO[bytes]]:
    """Open a member, whose size (more is never read of it) has to be the one that was announced."""
    info = archive.NameToInfo.get(name)
    if info is None or info.file_size != size:
        raise damaged(name)
    with archive.open(info) as file:
        yield file


def damaged(name: str) -> Invalid:
    """Return what is said of a part that is not what it should be."""
    return Invalid(f"The archive is damaged: {name} is not what the manifest says.")


def _check_lines(archive: ZipFile, name: str, member: Member) -> None:
    with _member(archive, name, member.size) as file:
        if digest_of(file) != (member.sha256, member.rows):
            raise damaged(name)


def digest_of(file: IO[bytes]) -> tuple[str, int]:
    """Return the SHA-256 of what is left of a file, and how many lines end in it."""
    digest, lines = hashlib.sha256(), 0
    while part := file.read(_PART):
        digest.update(part)
        lines += part.count(b"\n")
    return digest.hexdigest(), lines


def _lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    while line := file.readline(LINE_MAX):
        if not line.endswith(b"\n"):
            raise Invalid(f"A line of {name} is too long, or the last one has no end.")
        yield line


def entries(archive: ZipFile) -> Iterator[ObjectEntry]:
    """Yield what is said of each object; raise `Invalid` where that makes no sense."""
    with archive.open(contents.OBJECTS) as file:
        for at, line in enumerate(_lines(file, contents.OBJECTS), start=1):
            try:
                yield ObjectEntry.model_validate_json(line)
            except ValidationError as error:
                raise Invalid(f"{contents.OBJECTS} makes no sense at line {at}.") from error


def _lock(connection: Connection, tables: Iterable[Table]) -> None:
    """Keep the instance empty until the end: whoever would write waits."""
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.format_table(table) for table in tables)
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _store_rows(
    connection: Connection, archive: ZipFile, manifest: Manifest, table: Table, step: Step
) -> None:
    member, name = manifest.tables[table.name], contents.member_of(table)
    preparer = connection.dialect.identifier_preparer
    into = preparer.format_table(table)
    columns = ", ".join(preparer.format_column(column) for column in contents.columns(table))
    # Values come in by the parameter; names come from the models of this instance.
    statement = text(
        f"INSERT INTO {into} ({columns}) OVERRIDING SYSTEM VALUE "  # noqa: S608
        f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{into}, CAST(:rows AS jsonb))"
    )
    done = 0
    try:
        with _member(archive, name, member.size) as file:
            for batch in _batches(_lines(file, name)):
                rows = b"[" + b",".join(batch) + b"]"
                connection.execute(statement, {"rows": rows.decode()})
                done += len(batch)
                step(table.name, done, member.rows)
        if (column := contents.identity(table)) is not None and member.last_id is not None:
            connection.exec_driver_sql(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                (into, column.name, member.last_id),
            )
        connection.exec_driver_sql(f"ANALYZE {into}")
    except OperationalError:
        raise
    except (DBAPIError, UnicodeDecodeError, ValueError) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
        reason = next(iter(said.splitlines()), type(error).__name__)
        raise Invalid(f"The rows of {name} from {done + 1} on do not fit: {reason}.") from error


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _store_objects(
    connection: Connection,
    archive: ZipFile,
    objects: Objects,
    manifest: Manifest,
    tables: list[Table],
    storage: Storage,
    step: Step,
) -> None:
    """Store the objects before the rows are committed: a row never tells of bytes still to come."""
    named = contents.object_keys(tables)
    for done, entry in enumerate(entries(archive), start=1):
        known = (
            named is not None
            and connection.execute(
                select(exists(named.where(named.selected_columns.key == entry.key)))
            ).scalar()
        )
        if not known:
            raise Invalid(f"No row of the archive names the file {entry.key!r}.")
        with objects.opened(entry) as file:
            storage.put_stream(entry.key, file, content_type=entry.content_type)
        step("files", done, manifest.objects.rows)
