"""Holding database and S3 to each other: rows without their end or object, objects without a row.

An upload writes its row first, then the object, then completes the row. Wherever that breaks off,
the row without its end, or the object without its row, is found here. Everything done here can be
done again, so a sweep that breaks off is simply the next one's work.

An attachment whose object is missing is marked and said to be lost in the journal, not removed:
who restores the bucket has it back with the next sweep.

A bucket belongs to one instance: to another's sweep its objects would be nobody's.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import chain, islice

from sqlalchemy import Row, delete, or_, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.storage import Storage, StoredObject
from plugins.attachments import objects, services
from plugins.attachments.models import Attachment

log = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""An upload that is still running after this long finds its row gone, and fails."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has cleared and found, in numbers."""

    rows: int
    """Rows whose upload never ended."""
    purged: int
    """Objects of attachments that were removed."""
    orphans: int
    """Objects that no row knew."""
    uploads: int
    """Multipart uploads that never ended."""
    lost: int = 0
    """Attachments whose object is missing since the last sweep."""
    found: int = 0
    """Attachments whose object is back."""

    def __str__(self) -> str:
        """Return it in one line."""
        return ", ".join(f"{field.name}: {getattr(self, field.name)}" for field in fields(self))


def sweep(session: Session, storage: Storage, *, dry_run: bool = False) -> Swept:
    """Clear what is older than `GRACE`; objects of removed attachments whatever their age.

    With `dry_run` nothing is changed, only counted. Raises `Unavailable` when S3 does not answer:
    the next sweep begins anew.
    """
    before = clock.now() - GRACE
    rows, purged = _finish(session, storage, before, dry_run)
    orphans = 0
    prefixes = (objects.UPLOADED, objects.STORED, objects.DRAWN)
    for batch in _batches(chain.from_iterable(map(storage.list, prefixes))):
        old = {stored.key for stored in batch if stored.modified < before}
        for key in sorted(old - _known(session, old)):
            if not dry_run:
                storage.delete(key)
            orphans += 1
    lost, found = _missing(session, storage, before, dry_run)
    uploads = storage.abort_uploads(objects.STORED, before=before, dry_run=dry_run)
    return Swept(rows, purged, orphans, uploads, lost, found)


def _finish(session: Session, storage: Storage, before: datetime, dry_run: bool) -> tuple[int, int]:
    """Bring rows that stopped halfway to their end: the object goes first, then what names it.

    Only so many at a time, as their rows stay locked meanwhile; the next sweep goes on.
    """
    halfway = (
        select(Attachment)
        .where(
            or_(
                Attachment.stored_at.is_(None) & (Attachment.begun_at < before),
                Attachment.removed_at.is_not(None) & Attachment.purged_at.is_(None),
            )
        )
        .limit(_BATCH)
        # Rows that a request holds at this moment are about to be finished by it.
        .with_for_update(skip_locked=True)
    )
    rows = purged = 0
    for attachment in session.scalars(halfway).all():
        begun_only = attachment.stored_at is None
        rows, purged = rows + begun_only, purged + (not begun_only)
        if dry_run:
            continue
        for key in objects.all_of(attachment.object_key):
            storage.delete(key)
        if begun_only:
            session.execute(delete(Attachment).where(Attachment.id == attachment.id))
        else:
            attachment.purged_at = clock.now()
    session.flush()
    return rows, purged


def _batches(stored: Iterable[StoredObject]) -> Iterator[list[StoredObject]]:
    listed = iter(stored)
    while batch := list(islice(listed, _BATCH)):
        yield batch


def _known(session: Session, keys: set[str]) -> set[str]:
    """Return those of `keys` that a row, finished or not, still has a use for."""
    owners = set(
        session.scalars(
            select(Attachment.object_key).where(
                Attachment.object_key.in_({objects.owner_of(key) for key in keys}),
                Attachment.purged_at.is_(None),
            )
        )
    )
    return {key for key in keys if objects.owner_of(key) in owners}


def _missing(
    session: Session, storage: Storage, before: datetime, dry_run: bool
) -> tuple[int, int]:
    """Mark attachments whose object is missing, and unmark those whose object is back.

    Rows and objects are walked in the one order that both have. A bucket with nothing in it is
    rather the wrong bucket than the end of every file: then nothing is marked.
    """
    there = select(Attachment.issue_id, Attachment.id, Attachment.object_key).where(
        Attachment.stored_at < before, Attachment.removed_at.is_(None)
    )
    missed = there.where(Attachment.lost_at.is_(None))
    lost: list[Row[int, int, str]] = []
    found: list[Row[int, int, str]] = []
    last = objects.STORED
    for batch in _batches(storage.list(objects.STORED)):
        keys = [stored.key for stored in batch]
        within = Attachment.object_key.between(last, keys[-1])
        lost += session.execute(missed.where(within, Attachment.object_key.not_in(keys)))
        found += session.execute(
            there.where(Attachment.lost_at.is_not(None), Attachment.object_key.in_(keys))
        )
        last = keys[-1]
    lost += session.execute(missed.where(Attachment.object_key > last).limit(_BATCH))
    if last == objects.STORED and lost:
        log.error("no object of any attachment is in the bucket: is it the right one?")
        return 0, 0
    # An object that came while others were listed is not missing.
    lost = [row for row in lost[:_BATCH] if not storage.exists(row.object_key)]
    if not dry_run:
        # In the order in which all lock issues.
        for row in sorted([*lost, *found]):
            services.note_lost(session, row.issue_id, row.id, lost=row in lost)
    return len(lost), len(found)
