"""Blanking what an erased person wrote: their issues' texts and their comments, now and then.

Nothing that is counted changes: status, severity, labels, dates and people stay as they were.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from issue_insight.journal.redacting import redacting
from plugins.issues.models import Comment, Issue, IssueText, IssueVersion, SearchDocument

ERASED = "(erased)"
"""What stands where a title or comment was."""


def erase(session: Session, user_id: int, texts: bool) -> None:
    """Blank the texts of the issues that a user reported, and their comments, where `texts`."""
    if not texts:
        return
    issues = select(Issue.id).where(Issue.reporter_id == user_id)
    comments = select(Comment.id).where(Comment.author_id == user_id)
    commented = select(Comment.issue_id).where(Comment.author_id == user_id)
    with redacting(session):
        _blank_events(session, issues, comments, commented)
    # A form that is open somewhere must not bring the text back: its version is not the newest.
    for relation, there in (
        (Issue, Issue.id.in_(issues)),
        (IssueVersion, IssueVersion.id.in_(issues)),
    ):
        session.execute(
            update(relation).where(there).values(title=ERASED, version=relation.version + 1)
        )
    session.execute(update(IssueText).where(IssueText.issue_id.in_(issues)).values(description=""))
    session.execute(
        update(Comment)
        .where(Comment.author_id == user_id)
        .values(body=ERASED, version=Comment.version + 1)
    )
    session.execute(
        update(SearchDocument)
        .where(
            or_(
                SearchDocument.comment_id.in_(comments),
                SearchDocument.comment_id.is_(None) & SearchDocument.issue_id.in_(issues),
            )
        )
        .values(search=cast("", TSVECTOR))
    )


def _blank_events(session: Session, issues: Any, comments: Any, commented: Any) -> None:
    of_issues = [Event.subject == "issue", Event.subject_id.in_(issues)]
    session.execute(
        update(Event)
        .where(*of_issues, Event.kind == "created")
        .values(new=_with(Event.new, title=ERASED, description=""))
    )
    for field, blank in (("title", ERASED), ("description", "")):
        session.execute(
            update(Event)
            .where(*of_issues, Event.kind == "changed", Event.field == field)
            .values(old=cast(blank, JSONB), new=cast(blank, JSONB))
        )
    said = func.coalesce(Event.new["comment"], Event.old["comment"]).cast(BigInteger)
    session.execute(
        update(Event)
        .where(
            Event.subject == "issue",
            Event.subject_id.in_(commented),
            Event.field == "comment",
            said.in_(comments),
        )
        .values(old=_with(Event.old, body=ERASED), new=_with(Event.new, body=ERASED))
    )


def _with(column: Any, **values: str) -> ColumnElement[Any]:
    """Return a JSON object with other values; NULL stays NULL."""
    changed: ColumnElement[Any] = column.concat(cast(values, JSONB))
    return changed
