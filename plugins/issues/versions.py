"""Keeping the past: the version of an issue that ends, the one that begins, the words to search.

Called by every service in the transaction of its change.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, null, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from plugins.issues.models import Comment, Issue, IssueText, IssueVersion, SearchDocument
from plugins.issues.words import vector

_INFINITY = text("'infinity'::timestamptz")
_ISSUES = cast(Table, Issue.__table__)
_VERSIONS = cast(Table, IssueVersion.__table__)
_DOCUMENTS = cast(Table, SearchDocument.__table__)


def _beginning() -> Any:
    """Return what writes the version of an issue that begins, out of its row."""
    names = [column.name for column in _ISSUES.c]
    at = select(text("cast(:at AS timestamptz)")).scalar_subquery()
    state = select(*_ISSUES.c).add_columns(at, _INFINITY).where(_ISSUES.c.id == bindparam("issue"))
    insertion = upsert(_VERSIONS).from_select([*names, "valid_from", "valid_to"], state)
    # Two changes at one instant: only the later one is ever seen.
    return insertion.on_conflict_do_update(
        index_elements=["id", "valid_from"],
        set_={name: insertion.excluded[name] for name in [*names, "valid_to"] if name != "id"},
    )


# Every change takes these: to build them costs more than to send them.
_BEGIN = _beginning()
_END = (
    update(_VERSIONS)
    .where(_VERSIONS.c.id == bindparam("issue"), _VERSIONS.c.valid_to == _INFINITY)
    .values(valid_to=bindparam("at"))
)
_END_WORDS = (
    update(_DOCUMENTS)
    .where(
        _DOCUMENTS.c.issue_id == bindparam("issue"),
        _DOCUMENTS.c.comment_id.is_not_distinct_from(bindparam("comment")),
        _DOCUMENTS.c.valid_to == _INFINITY,
    )
    .values(valid_to=bindparam("at"))
)


def keep_version(session: Session, issue_id: int, at: datetime) -> None:
    """Let the present state of the issue be its version from `at` on."""
    session.flush()
    session.execute(_END, {"issue": issue_id, "at": at})
    session.execute(_BEGIN, {"issue": issue_id, "at": at})


def keep_words(
    session: Session, issue: Issue, at: datetime, *, title: str, description: str
) -> None:
    """Let the words of title and description be found from `at` on, the former ones no longer."""
    _end_words(session, issue.id, None, at)
    search = vector(title, "A").op("||")(vector(description, "B"))
    _insert_words(session, issue, None, at, search)


def keep_comment_words(
    session: Session, issue: Issue, comment_id: int, at: datetime, body: str | None
) -> None:
    """Let the words of a comment be found from `at` on; None for one that is gone."""
    _end_words(session, issue.id, comment_id, at)
    if body is not None:
        _insert_words(session, issue, comment_id, at, vector(body, "C"))


def keep_words_of_new(session: Session, issue_ids: Sequence[int]) -> None:
    """Let the words of whole issues, which have none yet, be found since they were written."""
    columns = ["project_id", "issue_id", "comment_id", "valid_from", "search"]
    of_issues = (
        select(
            Issue.project_id,
            Issue.id,
            null(),
            Issue.created_at,
            vector(Issue.title, "A").op("||")(vector(IssueText.description, "B")),
        )
        .join(IssueText, IssueText.issue_id == Issue.id)
        .where(Issue.id.in_(issue_ids))
    )
    of_comments = select(
        Comment.project_id,
        Comment.issue_id,
        Comment.id,
        Comment.created_at,
        vector(Comment.body, "C"),
    ).where(Comment.issue_id.in_(issue_ids))
    for words in (of_issues, of_comments):
        session.execute(insert(_DOCUMENTS).from_select(columns, words))


def _end_words(session: Session, issue_id: int, comment_id: int | None, at: datetime) -> None:
    session.execute(_END_WORDS, {"issue": issue_id, "comment": comment_id, "at": at})


def _insert_words(
    session: Session, issue: Issue, comment_id: int | None, at: datetime, search: Any
) -> None:
    session.execute(
        insert(_DOCUMENTS).values(
            project_id=issue.project_id,
            issue_id=issue.id,
            comment_id=comment_id,
            valid_from=at,
            search=search,
        )
    )
