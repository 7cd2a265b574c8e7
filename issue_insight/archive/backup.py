"""Backups of an instance in one folder: each is an archive of its rows, all share the objects.

Bytes of an object never change under its key, so they are copied once, to `objects/` under the name
of their SHA-256, and every later backup only names them. What a backup needs is in place before its
own file gets its name: whatever breaks off, the backups before it stay as they were.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from sqlalchemy import Connection, Engine, Table

from issue_insight.archive import contents, reading, writing
from issue_insight.archive.contents import Kind, Manifest, ObjectEntry
from issue_insight.errors import Conflict, Invalid, NotFound
from issue_insight.storage import Storage

OBJECTS = "objects"
_NAME = "%Y-%m-%dT%H%M%SZ"
_PASSES = 5
"""How often rows are written anew because a file was removed in just that moment."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made: what is in it, and how many of its objects had to be copied."""

    file: Path
    rows: int
    objects: int
    copied: int
    missing: int
    unknown: list[str]
    forgotten: int
    """Older backups that were removed for it."""


class _Unsettled(Exception):
    """A file went away between the rows that name it and its copying."""


class Store:
    """Bytes of objects in a folder, each under the name of its digest."""

    kind: Kind = "backup"

    def __init__(self, directory: Path) -> None:
        self._root = directory / OBJECTS

    def named(self, entry: ObjectEntry) -> str:
        """Return the name by which people find an object's bytes."""
        return f"{self._path(entry.sha256)} ({entry.key})"

    @contextmanager
    def opened(self, entry: ObjectEntry) -> Iterator[IO[bytes]]:
        """Open an object; raise `Invalid` where it is not there, or of another size."""
        path = self._path(entry.sha256)
        if not path.is_file() or path.stat().st_size != entry.size:
            raise reading.damaged(self.named(entry))
        with path.open("rb") as file:
            yield file

    def has(self, entry: ObjectEntry) -> bool:
        """Tell whether an object is there, whole: its bytes are read."""
        try:
            with self.opened(entry) as file:
                return reading.digest_of(file)[0] == entry.sha256
        except Invalid:
            return False

    def add(self, key: str, storage: Storage) -> ObjectEntry:
        """Copy an object out of the bucket; raise `NotFound` if it is not there."""
        with closing(storage.get(key)) as download:
            self._root.mkdir(mode=0o700, exist_ok=True)
            digest, size = hashlib.sha256(), 0
            handle, name = tempfile.mkstemp(dir=self._root, prefix=".copying-")
            try:
                with os.fdopen(handle, "wb") as file:
                    for part in download:
                        file.write(part)
                        digest.update(part)
                        size += len(part)
                    file.flush()
                    os.fsync(file.fileno())
                path = self._path(digest.hexdigest())
                path.parent.mkdir(mode=0o700, exist_ok=True)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
        return ObjectEntry(
            key=key, content_type=download.content_type, size=size, sha256=digest.hexdigest()
        )

    def forget_all_but(self, digests: set[str]) -> None:
        """Remove what no backup names, and what copying left that broke off."""
        for path in self._root.glob("*/*"):
            if path.name not in digests:
                path.unlink()
        for path in self._root.glob(".copying-*"):
            path.unlink()

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256


def back_up(
    directory: Path,
    engine: Engine,
    storage: Storage,
    revisions: dict[str, list[str]],
    step: writing.Step,
    *,
    at: datetime,
    keep: int | None = None,
) -> BackedUp:
    """Add a backup to a folder, made if absent; leave no more than the newest `keep` there.

    Raises `Conflict` while another backup is being made there, `Unavailable` when the S3 server
    fails. The backups that are there stay then.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    with _alone(directory):
        copying = _Copying(Store(directory), storage, _known(directory), step)
        with engine.connect() as connection:
            # Before the one instant that the rows are of, so that this is short.
            for _ in copying.entries(connection, contents.tables(connection, "backup")):
                pass
        target = directory / f"{at.strftime(_NAME)}.zip"
        for _ in range(_PASSES):
            copying.settled = True
            with suppress(_Unsettled):
                written = writing.write_with(
                    copying.checked, target, engine, revisions, step, "backup"
                )
                break
        else:
            raise Conflict("Files are removed faster than they are backed up. Try again later.")
        forgotten = _forget(directory, keep)
    return BackedUp(
        file=target,
        rows=written.rows,
        objects=written.objects,
        copied=copying.copied,
        missing=written.missing,
        unknown=written.unknown,
        forgotten=forgotten,
    )


class _Copying:
    """Copies what is not there yet, and knows what has been missing before the rows were read.

    A file is first taken from its row, then from the bucket. One that was missing before the rows
    were read is therefore told by them as it is; one that has gone missing since is not, and the
    rows have to be read anew.
    """

    def __init__(
        self, store: Store, storage: Storage, known: dict[str, ObjectEntry], step: writing.Step
    ) -> None:
        self._store, self._storage, self._step = store, storage, step
        self._known = known
        """What is said of objects whose bytes may be there."""
        self._whole: set[str] = set()
        """Keys of those that are: they are read once a backup."""
        self._missing: set[str] = set()
        self.settled = True
        self.copied = 0

    def checked(
        self, _: ZipFile, connection: Connection, archived: list[Table], written: writing.Written
    ) -> Iterator[ObjectEntry]:
        """Yield every object that rows name and the bucket has; raise where one has just gone."""
        for entry in self.entries(connection, archived):
            if entry is None:
                written.missing += 1
            else:
                written.objects += 1
                yield entry
        if not self.settled:
            raise _Unsettled

    def entries(
        self, connection: Connection, archived: list[Table]
    ) -> Iterator[ObjectEntry | None]:
        """Yield for every key that a row names its object, or None where there is none."""
        keys = contents.object_keys(archived)
        if keys is None:
            return
        named = connection.scalars(keys, execution_options={"yield_per": 100})
        for done, (key, there) in enumerate(_there(named, self._storage), start=1):
            entry = self._entry(key) if there else None
            if entry is None and key not in self._missing:
                self._missing.add(key)
                self.settled = False
            self._step("copying files", done)
            yield entry

    def _entry(self, key: str) -> ObjectEntry | None:
        entry = self._known.get(key)
        if entry is not None and (key in self._whole or self._store.has(entry)):
            self._whole.add(key)
            return entry
        try:
            entry = self._store.add(key, self._storage)
        except NotFound:
            return None
        self.copied += 1
        self._known[key] = entry
        self._whole.add(key)
        return entry


def _there(keys: Iterable[str], storage: Storage) -> Iterator[tuple[str, bool]]:
    """Yield each key, and whether the bucket lists it: both come in the order of bytes."""
    listed = storage.list("")
    at = next(listed, None)
    for key in keys:
        while at is not None and at.key.encode() < key.encode():
            at = next(listed, None)
        yield key, at is not None and at.key == key


def restore(
    directory: Path,
    engine: Engine,
    storage: Storage,
    revisions: dict[str, list[str]],
    step: reading.Step,
    *,
    name: str | None = None,
) -> tuple[Path, Manifest]:
    """Store a backup, the newest unless one is named, in an empty instance; see `reading.read`."""
    backups = found(directory)
    if not backups:
        raise NotFound(f"There is no backup in {directory}.")
    by_name = {path.stem: path for path in backups}
    if name is not None and name not in by_name:
        raise NotFound(f"There is no backup {name} in {directory}: {', '.join(by_name)}.")
    chosen = by_name[name] if name is not None else backups[-1]
    store = Store(directory)
    return chosen, reading.read(chosen, engine, storage, revisions, step, lambda _: store)


def found(directory: Path) -> list[Path]:
    """Return the files of the backups in a folder, oldest first."""
    backups = []
    for path in directory.glob("*.zip"):
        with suppress(ValueError):
            datetime.strptime(path.stem, _NAME)
            backups.append(path)
    return sorted(backups)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the folder against another backup. The lock ends with the process, however it ends."""
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"Another backup is being made in {directory}.") from error
        yield


def _entries(backup: Path) -> Iterator[ObjectEntry]:
    with reading.opened(backup) as archive:
        try:
            yield from reading.entries(archive)
        except KeyError as error:
            raise reading.damaged(str(backup)) from error


def _known(directory: Path) -> dict[str, ObjectEntry]:
    """Return what the newest readable backup says of objects. A damaged one costs copying again."""
    for backup in reversed(found(directory)):
        with suppress(Invalid):
            return {entry.key: entry for entry in _entries(backup)}
    return {}


def _forget(directory: Path, keep: int | None) -> int:
    """Remove what broke off, and all but the newest `keep` backups with what only they needed."""
    for path in directory.glob(".*.zip.*"):
        path.unlink()
    if keep is None:
        return 0
    backups = found(directory)
    old, kept = backups[:-keep], backups[-keep:]
    # One that cannot be read may need any object: nothing is removed then.
    needed = {entry.sha256 for backup in kept for entry in _entries(backup)}
    for backup in old:
        backup.unlink()
    Store(directory).forget_all_but(needed)
    return len(old)
