"""What can be done with attachments: one function a step, each within its caller's transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from issue_insight import clock, journal
from issue_insight.auth.principal import Principal, system
from issue_insight.errors import Conflict, Forbidden, NotFound
from plugins.attachments import objects, policy, queries
from plugins.attachments.models import Attachment
from plugins.attachments.naming import display_name
from plugins.attachments.receiving import Facts
from plugins.attachments.schemas import AttachmentRead
from plugins.issues import api as issues

UPLOADS_AT_ONCE = 100
"""How many files a person may have announced and not confirmed."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What somebody says of a file that they will upload directly; its name is fit to show."""

    name: str
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that has its row and the name of its object, and nothing else yet."""

    id: int
    object_key: str
    issue_key: str
    announced: Announced | None = None
    """None for a file that comes through the API."""


def begin(
    session: Session, principal: Principal, issue_key: str, announced: Announced | None = None
) -> Begun:
    """Make room for a file of an issue; raise `NotFound` unless the caller may see it.

    Raises `Conflict` for an announcement beyond `UPLOADS_AT_ONCE`.
    """
    if principal.user_id is None:
        raise Forbidden("Only people attach files.")
    issue = issues.readable_issue(session, principal, issue_key)
    if announced is not None and _open_uploads(session, principal.user_id) >= UPLOADS_AT_ONCE:
        raise Conflict("Too many of your uploads are not confirmed yet. Please confirm some.")
    attachment = Attachment(
        project_id=issue.project_id,
        issue_id=issue.id,
        uploader_id=principal.user_id,
        object_key=objects.new_key(objects.UPLOADED if announced else objects.STORED),
        announced=announced and asdict(announced),
        begun_at=clock.now(),
    )
    session.add(attachment)
    session.flush()
    return Begun(attachment.id, attachment.object_key, issue_key, announced)


def _open_uploads(session: Session, user_id: int) -> int:
    return session.execute(
        select(func.count(Attachment.id)).where(
            Attachment.uploader_id == user_id,
            Attachment.stored_at.is_(None),
            Attachment.announced.is_not(None),
        )
    ).scalar_one()


def announced_by(session: Session, principal: Principal, attachment_id: int) -> Begun:
    """Return an upload that the caller has announced; without `announced` once it is confirmed.

    Raises `NotFound` also for what others have announced.
    """
    row = session.execute(
        queries.rows().where(
            Attachment.id == attachment_id,
            Attachment.uploader_id == principal.user_id,
            Attachment.announced.is_not(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(queries.ABSENT)
    announced = Announced(**row.announced) if row.stored_at is None else None
    return Begun(row.id, row.object_key, f"{row.project_key}-{row.number}", announced)


def confirmed(session: Session, principal: Principal, attachment_id: int) -> AttachmentRead:
    """Return an attachment that is there, of an issue the caller may see; else `NotFound`."""
    return queries.one(session, principal, attachment_id)


def must_see(session: Session, principal: Principal, begun: Begun) -> None:
    """Raise `NotFound` where the issue has gone from the caller's sight."""
    issues.readable_issue(session, principal, begun.issue_key)


def is_object_of(session: Session, attachment_id: int, object_key: str) -> bool:
    """Tell whether that object is the attachment's."""
    asked = select(Attachment.object_key).where(Attachment.id == attachment_id)
    return session.scalar(asked) == object_key


def complete(
    session: Session,
    principal: Principal,
    begun: Begun,
    *,
    raw_name: str,
    facts: Facts,
) -> AttachmentRead:
    """Say that the object is stored, what it is, and so in the journal; what is said stays said.

    Raises `NotFound` when the issue has gone from the caller's sight meanwhile, `Conflict` when
    the upload took so long that its row was swept.
    """
    # Locked, as every change of an issue locks it: events of an issue are in the order of time.
    issue = issues.issue_for_update(session, principal, begun.issue_key)
    attachment = session.get(Attachment, begun.id, with_for_update=True)
    if attachment is None:
        raise Conflict("The upload took too long. Please try again.")
    if attachment.stored_at is not None:
        # Confirmed twice at once: the other was faster.
        return queries.one(session, principal, attachment.id)
    attachment.object_key = begun.object_key
    attachment.name = display_name(raw_name)
    attachment.size = facts.size
    attachment.sha256 = facts.sha256
    attachment.content_type = facts.content_type
    if facts.dimensions is not None:
        attachment.width, attachment.height = facts.dimensions
    attachment.thumbnail = facts.can_be_drawn
    attachment.stored_at = max(clock.now(), issue.updated_at)
    session.flush()
    at, new = attachment.stored_at, _facts(attachment)
    _record(session, principal, attachment, "attached", at=at, new=new)
    return queries.one(session, principal, attachment.id)


def abandon(session: Session, begun: Begun) -> None:
    """Forget an upload of which no object is left."""
    session.execute(
        delete(Attachment).where(Attachment.id == begun.id, Attachment.stored_at.is_(None))
    )


def remove(session: Session, principal: Principal, attachment_id: int) -> str:
    """Remove an attachment and say so in the journal; return the key of the object to delete.

    Raises `NotFound` unless the caller may see it, `Forbidden` unless it is theirs or they may
    remove any.
    """
    seen = queries.one(session, principal, attachment_id)
    # Locked and looked at again: of two who remove it, one has done it.
    issue = issues.issue_for_update(session, principal, seen.issue)
    attachment = session.scalar(
        select(Attachment)
        .where(Attachment.id == attachment_id, Attachment.removed_at.is_(None))
        .with_for_update()
    )
    if attachment is None:
        raise NotFound(queries.ABSENT)
    policy.must_remove(principal, attachment)
    attachment.removed_at = max(clock.now(), issue.updated_at)
    session.flush()
    at, old = attachment.removed_at, _facts(attachment)
    _record(session, principal, attachment, "detached", at=at, old=old)
    return attachment.object_key


def cannot_be_drawn(session: Session, attachment_id: int) -> None:
    """Note that no thumbnail can be made of an image."""
    session.execute(
        update(Attachment).where(Attachment.id == attachment_id).values(thumbnail=False)
    )


def note_lost(session: Session, issue_id: int, attachment_id: int, *, lost: bool) -> None:
    """Mark an attachment whose object is missing, or is back, and say so in the journal."""
    issue = session.get(issues.Issue, issue_id, with_for_update=True, populate_existing=True)
    attachment = session.get(
        Attachment, attachment_id, with_for_update=True, populate_existing=True
    )
    if issue is None or attachment is None or attachment.removed_at is not None:
        return
    now = max(clock.now(), issue.updated_at)
    attachment.lost_at = now if lost else None
    session.flush()
    _record(
        session,
        system("job"),
        attachment,
        "lost" if lost else "found",
        at=now,
        old=_facts(attachment) if lost else None,
        new=None if lost else _facts(attachment),
    )


def purged(session: Session, attachment_id: int) -> None:
    """Note that the object of a removed attachment is gone."""
    session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id, Attachment.removed_at.is_not(None))
        .values(purged_at=clock.now())
    )


def _record(
    session: Session,
    principal: Principal,
    attachment: Attachment,
    kind: str,
    *,
    at: datetime | None,
    **values: Any,
) -> None:
    journal.record(
        session,
        principal,
        subject="issue",
        subject_id=attachment.issue_id,
        scope_id=attachment.project_id,
        kind=kind,
        field="attachment",
        at=at,
        **values,
    )


def _facts(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
    }
