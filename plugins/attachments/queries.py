"""Reading what is known of attachments, for those who may see the issue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.errors import NotFound
from issue_insight.http.paging import CursorSigner
from plugins.attachments.models import Attachment
from plugins.attachments.schemas import AttachmentPage, AttachmentRead, Uploader
from plugins.issues.api import Issue, Project, readable_issue, relation_at, visible_to
from plugins.roles.api import user_refs

ABSENT = "There is no such attachment."


def one(session: Session, principal: Principal, attachment_id: int) -> AttachmentRead:
    """Return an attachment that is there now, of an issue the caller may see; else `NotFound`."""
    return with_object(session, principal, attachment_id)[0]


def with_object(
    session: Session, principal: Principal, attachment_id: int
) -> tuple[AttachmentRead, str]:
    """Return an attachment as `one` does, and the key of its object."""
    row = session.execute(
        rows().where(
            Attachment.id == attachment_id,
            _there(None),
            visible_to(principal, relation_at(None)),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(ABSENT)
    return _read(session, [row])[0], row.object_key


def of_issue(
    session: Session,
    principal: Principal,
    issue_key: str,
    *,
    as_of: datetime | None,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> AttachmentPage:
    """Return a page of the files that an issue has, or had as of an instant, in their order.

    Who asks must see the issue today, and as it was as of the instant. Raises `NotFound` for an
    issue not seen, `Invalid` for a cursor of another list.
    """
    issue = readable_issue(session, principal, issue_key, as_of)
    there = and_(Attachment.issue_id == issue.id, _there(as_of))
    listed = rows().where(there).order_by(Attachment.stored_at, Attachment.id)
    context = f"attachments of {issue.id} {as_of}"
    if cursor is not None:
        stored_at, last = signer.open(cursor, context)
        listed = listed.where(
            or_(
                Attachment.stored_at > stored_at,
                and_(Attachment.stored_at == stored_at, Attachment.id > last),
            )
        )
    found = session.execute(listed.limit(limit + 1)).all()
    page = found[:limit]
    return AttachmentPage(
        items=_read(session, page),
        next=signer.seal([page[-1].stored_at, page[-1].id], context)
        if len(found) > limit
        else None,
        total=session.execute(select(func.count(Attachment.id)).where(there)).scalar_one(),
    )


def _there(as_of: datetime | None) -> ColumnElement[bool]:
    """Return the condition under which an attachment is there, or was as of an instant."""
    if as_of is None:
        return and_(Attachment.stored_at.is_not(None), Attachment.removed_at.is_(None))
    return and_(
        Attachment.stored_at <= as_of,
        or_(Attachment.removed_at.is_(None), Attachment.removed_at > as_of),
    )


def rows() -> Select[Any]:
    """Return a select of all attachments, also unfinished and removed ones, with their issues."""
    return (
        select(*Attachment.__table__.c, Project.key.label("project_key"), Issue.number)
        .join(Issue, Issue.id == Attachment.issue_id)
        .join(Project, Project.id == Attachment.project_id)
    )


def _read(session: Session, rows: Sequence[Row[Any]]) -> list[AttachmentRead]:
    people = user_refs(session, {row.uploader_id for row in rows})
    return [
        AttachmentRead(
            id=row.id,
            issue=f"{row.project_key}-{row.number}",
            name=row.name,
            size=row.size,
            content_type=row.content_type,
            sha256=row.sha256,
            width=row.width,
            height=row.height,
            thumbnail=row.thumbnail and row.removed_at is None,
            lost_at=row.lost_at,
            uploader=Uploader.model_validate(people[row.uploader_id]),
            created_at=row.stored_at,
            removed_at=row.removed_at,
        )
        for row in rows
    ]
