"""Removing the files that an erased person attached; the sweep deletes their objects."""

from sqlalchemy import BigInteger, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.journal import Event
from issue_insight.journal.redacting import redacting
from plugins.attachments.models import Attachment

ERASED = "(erased)"


def erase(session: Session, user_id: int, texts: bool) -> None:
    """Remove a user's files and blank their names, where `texts`."""
    if not texts:
        return
    theirs = select(Attachment.id).where(Attachment.uploader_id == user_id)
    on = select(Attachment.issue_id).where(Attachment.uploader_id == user_id)
    which = func.coalesce(Event.new["id"], Event.old["id"]).cast(BigInteger)
    blank = cast({"name": ERASED}, JSONB)
    with redacting(session):
        session.execute(
            update(Event)
            .where(
                Event.subject == "issue",
                Event.subject_id.in_(on),
                Event.field == "attachment",
                which.in_(theirs),
            )
            .values(old=Event.old.concat(blank), new=Event.new.concat(blank))
        )
    session.execute(
        update(Attachment)
        .where(Attachment.uploader_id == user_id, Attachment.stored_at.is_not(None))
        .values(
            name=ERASED,
            announced=None,
            removed_at=func.coalesce(Attachment.removed_at, clock.now()),
        )
    )
    # What was never finished is no attachment; the sweep finds its object without the row.
    session.execute(
        delete(Attachment).where(Attachment.uploader_id == user_id, Attachment.stored_at.is_(None))
    )
