"""Comments: what can be done with them, and reading them now or as of an instant."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Forbidden, NotFound, Stale
from issue_insight.http.paging import CursorSigner
from issue_insight.journal import Event, record
from plugins.issues import policy
from plugins.issues.models import Comment, Issue, Project
from plugins.issues.queries import issue_for_update
from plugins.issues.versions import keep_comment_words, keep_version
from plugins.roles.api import user_refs

_ABSENT = "There is no such comment."


def add_comment(session: Session, principal: Principal, key: str, body: str) -> Comment:
    """Comment on an issue. Raises `NotFound` where it cannot be seen."""
    principal.must(policy.COMMENT.name, "You may not comment.")
    issue = issue_for_update(session, principal, key)
    at = max(clock.now(), issue.updated_at)
    if principal.user_id is None:
        raise Forbidden("Only people comment.")
    comment = Comment(
        project_id=issue.project_id,
        issue_id=issue.id,
        author_id=principal.user_id,
        body=body,
        version=1,
        created_at=at,
    )
    session.add(comment)
    session.flush()
    _keep(session, principal, issue, comment, at, kind="commented", old=None, new=body)
    return comment


def edit_comment(
    session: Session, principal: Principal, comment_id: int, body: str, *, expected: int | None
) -> Comment:
    """Change the text of one's own comment. Raises `NotFound`, `Forbidden`, `Stale`."""
    issue, comment = _locked(session, principal, comment_id)
    if comment.author_id != principal.user_id:
        raise Forbidden("You may edit only your own comments.")
    _check_version(comment, expected)
    if body != comment.body:
        at, old = max(clock.now(), issue.updated_at), comment.body
        comment.body, comment.edited_at, comment.version = body, at, comment.version + 1
        _keep(session, principal, issue, comment, at, kind="comment edited", old=old, new=body)
    return comment


def delete_comment(
    session: Session, principal: Principal, comment_id: int, *, expected: int | None
) -> None:
    """Remove a comment: one's own, or any for maintainers. Raises as `edit_comment` does."""
    issue, comment = _locked(session, principal, comment_id)
    if comment.author_id != principal.user_id and not principal.may(policy.TRIAGE.name):
        raise Forbidden("You may delete only your own comments.")
    _check_version(comment, expected)
    at = max(clock.now(), issue.updated_at)
    comment.deleted_at = at
    old = comment.body
    _keep(session, principal, issue, comment, at, kind="comment deleted", old=old, new=None)


def list_comments(
    session: Session,
    issue: Row[Any],
    *,
    as_of: datetime | None,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Return a page of the comments that stand (or stood, `as_of`), the oldest first."""
    there = [Comment.issue_id == issue.id]
    if as_of is None:
        there.append(Comment.deleted_at.is_(None))
    else:
        there.append(Comment.created_at <= as_of)
        there.append(or_(Comment.deleted_at.is_(None), Comment.deleted_at > as_of))
    context = f"comments of {issue.id}"
    rows = select(Comment.__table__).where(*there).order_by(Comment.id).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(Comment.id > signer.open(cursor, context)[0])
    found = session.execute(rows).all()
    page = found[:limit]
    people = user_refs(session, {row.author_id for row in page})
    bodies = _bodies(session, issue, as_of)
    return {
        "items": [
            {
                "id": row.id,
                "author": people[row.author_id],
                "body": bodies.get(row.id, row.body),
                "version": row.version,
                "created_at": row.created_at,
                "edited_at": row.edited_at
                if as_of is None or row.edited_at is None or row.edited_at <= as_of
                else None,
            }
            for row in page
        ],
        "next": signer.seal([page[-1].id], context) if len(found) > limit else None,
        "total": session.execute(select(func.count(Comment.id)).where(and_(*there))).scalar_one(),
        "total_is_estimate": False,
    }


def _bodies(session: Session, issue: Row[Any], as_of: datetime | None) -> dict[int, str]:
    """Return the texts as of the instant of the comments that were edited after it."""
    if as_of is None:
        return {}
    edits = session.execute(
        select(Event.old)
        .where(
            Event.scope_id == issue.project_id,
            Event.subject == "issue",
            Event.subject_id == issue.id,
            Event.kind == "comment edited",
            Event.at > as_of,
        )
        .order_by(Event.at.desc(), Event.id.desc())
    )
    # From the latest edit back to the first after the instant: the earliest one wins.
    return {old["comment"]: old["body"] for (old,) in edits}


def _locked(session: Session, principal: Principal, comment_id: int) -> tuple[Issue, Comment]:
    place = session.execute(
        select(Project.key, Issue.number)
        .join(Issue, Issue.project_id == Project.id)
        .join(Comment, Comment.issue_id == Issue.id)
        .where(Comment.id == comment_id, Comment.deleted_at.is_(None))
    ).one_or_none()
    if place is None:
        raise NotFound(_ABSENT)
    # The lock on the issue puts every change of it, and of its comments, in a row.
    try:
        issue = issue_for_update(session, principal, f"{place.key}-{place.number}")
    except NotFound as error:
        # The same words as for no comment at all: the issue's key is not for everybody.
        raise NotFound(_ABSENT) from error
    comment = session.scalar(
        select(Comment)
        .where(Comment.id == comment_id, Comment.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if comment is None:
        raise NotFound(_ABSENT)
    return issue, comment


def _check_version(comment: Comment, expected: int | None) -> None:
    if expected is not None and expected != comment.version:
        raise Stale(f"This comment is at version {comment.version} by now. Fetch it again.")


def _keep(
    session: Session,
    principal: Principal,
    issue: Issue,
    comment: Comment,
    at: datetime,
    *,
    kind: str,
    old: str | None,
    new: str | None,
) -> None:
    issue.updated_at = at
    keep_version(session, issue.id, at)
    keep_comment_words(session, issue, comment.id, at, new)
    record(
        session,
        principal,
        subject="issue",
        subject_id=issue.id,
        scope_id=issue.project_id,
        kind=kind,
        field="comment",
        old=None if old is None else {"comment": comment.id, "body": old},
        new={"comment": comment.id, "body": new} if new is not None else None,
        at=at,
        change_set=uuid4(),
    )


def show(session: Session, comment: Comment) -> dict[str, Any]:
    """Return a comment as the API shows it."""
    return {
        "id": comment.id,
        "author": user_refs(session, {comment.author_id})[comment.author_id],
        "body": comment.body,
        "version": comment.version,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
    }
