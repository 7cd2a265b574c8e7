"""Descriptions and comments as they stood at an instant: the present text, or what the log says."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session

from issue_insight.db.prepared import Prepared
from issue_insight.journal import Event
from plugins.issues.models import Comment, Instant, Issue, IssueText

_BODIES = Prepared(
    select(Comment.id, Comment.body, Comment.issue_id, Comment.project_id).where(
        Comment.id == any_(bindparam("comments", type_=ARRAY(BigInteger)))
    ),
    "comments",
)
_DESCRIPTIONS = Prepared(
    select(IssueText.issue_id, IssueText.description).where(
        IssueText.issue_id == any_(bindparam("issues", type_=ARRAY(BigInteger)))
    ),
    "issues",
)


def comment_bodies(session: Session, ids: Iterable[int], as_of: Instant | None) -> dict[int, str]:
    """Return the texts of comments by id, as they stood at the instant."""
    ids = set(ids)
    if not ids:
        return {}
    rows = _BODIES.rows(session.connection(), comments=list(ids))
    found = {row.id: row.body for row in rows}
    if as_of is not None:
        edits = session.execute(
            select(Event.old)
            .where(
                Event.scope_id.in_({row.project_id for row in rows}),
                Event.subject == "issue",
                Event.subject_id.in_({row.issue_id for row in rows}),
                Event.kind == "comment edited",
                Event.at > as_of,
            )
            # The first edit after the instant is met last, and tells what stood there.
            .order_by(Event.at.desc(), Event.id.desc())
        )
        found |= {old["comment"]: old["body"] for (old,) in edits if old["comment"] in ids}
    return found


def descriptions(session: Session, ids: Iterable[int], as_of: Instant | None) -> dict[int, str]:
    """Return the descriptions of issues by id, as they stood at the instant."""
    ids = set(ids)
    found: dict[int, str] = dict(_DESCRIPTIONS.rows(session.connection(), issues=list(ids)))
    if as_of is not None:
        # The first change after the instant tells what stood there before it.
        later = session.execute(
            select(Event.subject_id, Event.old)
            .ext(distinct_on(Event.subject_id))
            .where(
                Event.scope_id.in_(select(Issue.project_id).where(Issue.id.in_(ids))),
                Event.subject == "issue",
                Event.subject_id.in_(ids),
                Event.kind == "changed",
                Event.field == "description",
                Event.at > as_of,
            )
            .order_by(Event.subject_id, Event.at, Event.id)
        )
        found |= {issue_id: str(old) for issue_id, old in later}
    return found
