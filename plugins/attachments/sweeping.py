"""Clearing what is left behind: rows whose upload never ended, objects that no row knows.

An upload writes its row first, then the object, then completes the row. Wherever that breaks off,
the row without its end, or the object without its row, is found here. Everything done here can be
done again, so a sweep that breaks off is simply the next one's work.

A bucket belongs to one instance: to another's sweep its objects would be nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.storage import Storage
from plugins.attachments.models import Attachment
from plugins.attachments.services import PREFIX

GRACE = timedelta(hours=1)
"""An upload that is still running after this long finds its row gone, and fails."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has cleared, in numbers."""

    rows: int
    """Rows whose upload never ended."""
    purged: int
    """Objects of attachments that were removed."""
    orphans: int
    """Objects that no row knew."""
    uploads: int
    """Multipart uploads that never ended."""


def sweep(session: Session, storage: Storage) -> Swept:
    """Clear what is older than `GRACE`; objects of removed attachments whatever their age.

    Raises `Unavailable` when S3 does not answer: the next sweep begins anew.
    """
    before = clock.now() - GRACE
    rows, purged = _finish(session, storage, before)
    orphans = 0
    for batch in _old_keys(storage, before):
        for key in sorted(batch - _known(session, batch)):
            storage.delete(key)
            orphans += 1
    return Swept(rows, purged, orphans, storage.abort_uploads(PREFIX, before=before))


def _finish(session: Session, storage: Storage, before: datetime) -> tuple[int, int]:
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
        storage.delete(attachment.object_key)
        if attachment.stored_at is None:
            session.execute(delete(Attachment).where(Attachment.id == attachment.id))
            rows += 1
        else:
            attachment.purged_at = clock.now()
            purged += 1
    session.flush()
    return rows, purged


def _old_keys(storage: Storage, before: datetime) -> Iterator[set[str]]:
    """Yield the keys of objects stored before an instant, some at a time."""
    old = (stored.key for stored in storage.list(PREFIX) if stored.modified < before)
    while batch := set(islice(old, _BATCH)):
        yield batch


def _known(session: Session, keys: set[str]) -> set[str]:
    """Return those of `keys` that a row, finished or not, still has a use for."""
    return set(
        session.scalars(
            select(Attachment.object_key).where(
                Attachment.object_key.in_(keys), Attachment.purged_at.is_(None)
            )
        )
    )
