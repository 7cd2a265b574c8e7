"""What can be done with attachments: one function a step, each within its caller's transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from issue_insight import clock, journal
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict, Forbidden, NotFound
from plugins.attachments import policy, queries
from plugins.attachments.models import Attachment
from plugins.attachments.naming import display_name
from plugins.attachments.schemas import AttachmentRead
from plugins.issues import api as issues

PREFIX = "attachments/"
"""Where the objects of attachments are in the bucket."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that has its row and the name of its object, and nothing else yet."""

    id: int
    object_key: str
    issue_key: str


def begin(session: Session, principal: Principal, issue_key: str) -> Begun:
    """Make room for a file of an issue; raise `NotFound` unless the caller may see it.

    The object's key is random: nothing of the file, its sender or the issue is in it.
    """
    if principal.user_id is None:
        raise Forbidden("Only people attach files.")
    issue = issues.readable_issue(session, principal, issue_key)
    attachment = Attachment(
        project_id=issue.project_id,
        issue_id=issue.id,
        uploader_id=principal.user_id,
        object_key=f"{PREFIX}{uuid4()}",
        begun_at=clock.now(),
    )
    session.add(attachment)
    session.flush()
    return Begun(attachment.id, attachment.object_key, issue_key)


def complete(
    session: Session,
    principal: Principal,
    begun: Begun,
    *,
    raw_name: str,
    size: int,
    sha256: str,
    content_type: str,
) -> AttachmentRead:
    """Say that the object is stored, what it is, and so in the journal.

    Raises `NotFound` when the issue has gone from the caller's sight meanwhile, `Conflict` when
    the upload took so long that its row was swept.
    """
    # Locked, as every change of an issue locks it: events of an issue are in the order of time.
    issue = issues.issue_for_update(session, principal, begun.issue_key)
    attachment = session.get(Attachment, begun.id, with_for_update=True)
    if attachment is None:
        raise Conflict("The upload took too long. Please try again.")
    attachment.name = display_name(raw_name)
    attachment.size = size
    attachment.sha256 = sha256
    attachment.content_type = content_type
    attachment.stored_at = max(clock.now(), issue.updated_at)
    session.flush()
    _record(session, principal, attachment, "attached", new=_facts(attachment))
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
    _record(session, principal, attachment, "detached", old=_facts(attachment))
    return attachment.object_key


def purged(session: Session, attachment_id: int) -> None:
    """Note that the object of a removed attachment is gone."""
    session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id, Attachment.removed_at.is_not(None))
        .values(purged_at=clock.now())
    )


def _record(
    session: Session, principal: Principal, attachment: Attachment, kind: str, **values: Any
) -> None:
    journal.record(
        session,
        principal,
        subject="issue",
        subject_id=attachment.issue_id,
        scope_id=attachment.project_id,
        kind=kind,
        field="attachment",
        at=attachment.removed_at or attachment.stored_at,
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
