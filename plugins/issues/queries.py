"""Reading issues: one, a page of them, how many, their history. Columns, never whole entities."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Row,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, distinct_on
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.db import UtcDateTime
from issue_insight.db.prepared import Prepared
from issue_insight.errors import FieldError, Invalid, NotFound
from issue_insight.http.paging import CursorSigner
from issue_insight.journal import Event
from plugins.issues import policy
from plugins.issues.fields import ISSUE_KEY
from plugins.issues.grammar.order import SortColumn, order_by
from plugins.issues.grammar.searching import searched, standing
from plugins.issues.highlighting import highlights
from plugins.issues.models import Instant, Issue, IssueRelation, Project, SearchDocument
from plugins.issues.relations import CURRENT, related_at, relation_at
from plugins.issues.selection import Selection
from plugins.issues.texts import comment_bodies, descriptions
from plugins.issues.totals import total_of
from plugins.roles.api import UNKNOWN, user_refs


def list_issues(
    session: Session,
    selection: Selection,
    *,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
    context: str,
) -> dict[str, Any]:
    """Return a page: items, the next cursor, the total. `context` says whose cursor it is."""
    order = order_by(selection.query, selection.relation, selection.as_of)
    rows = page_rows(selection, order, limit)
    if cursor is not None:
        values = signer.open(cursor, context)
        if len(values) != len(order):
            raise Invalid("The cursor is of another list.", [FieldError("?cursor", "is stale")])
        rows = rows.where(after(order, values))
    found = session.execute(rows).all()
    page, more = found[:limit], len(found) > limit
    if more or cursor is not None:
        total, estimated = total_of(session, selection, at_least=len(found))
    else:
        total, estimated = len(page), False
    return {
        "items": shown(session, page, selection.as_of),
        "next": signer.seal(place_of(page[-1], len(order)), context) if more else None,
        "total": total,
        "total_is_estimate": estimated,
    }


def page_rows(
    selection: Selection, order: Sequence[SortColumn], limit: int
) -> Select[*tuple[Any, ...]]:
    """Select a page in order, and one row more that tells whether there is another page."""
    rows = _shown_of(selection.relation).where(selection.where)
    rows = rows.add_columns(*[key.column.label(f"sort_{i}") for i, key in enumerate(order)])
    asked = searched(selection.query)
    if asked is not None:
        # As it is read by the server, for what is asked of the page next.
        rows = rows.add_columns(cast(asked, Text).label("asked"))
    return rows.order_by(*[_direction(column) for column in order]).limit(limit + 1)


def place_of(row: Any, columns: int) -> list[Any]:
    """Return where a row of a page stands in an order of so many columns, for a cursor."""
    return [getattr(row, f"sort_{i}") for i in range(columns)]


def chunk_of_issues(
    session: Session, selection: Selection, *, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return the next selected issues by id, with descriptions, and the id to go on after.

    That is None at the end. The order that the filter asks for is left out.
    """
    relation = selection.relation
    rows = session.execute(
        _shown_of(relation)
        .where(selection.where, relation.c.id > after)
        .order_by(relation.c.id)
        .limit(limit)
    ).all()
    texts = descriptions(session, [row.id for row in rows], selection.as_of)
    items = [{**item_of(row), "description": texts.get(row.id, "")} for row in rows]
    return items, rows[-1].id if len(rows) == limit else None


def get_issue(
    session: Session, principal: Principal, key: str, as_of: datetime | None
) -> dict[str, Any]:
    """Return the issue with its description, now or as of an instant.

    Raises `NotFound`; where one may restore what was deleted, it says that it was.
    """
    relation = relation_at(as_of)
    try:
        row = _row(session, relation, key, policy.visible_to(principal, relation, as_of))
    except NotFound:
        if as_of is None and principal.may(policy.DELETE.name) and _was_deleted(session, key):
            raise NotFound(f"{key} was deleted.", restorable=True) from None
        raise
    return {
        **item_of(row),
        "description": descriptions(session, [row.id], as_of)[row.id],
        "duplicates": _duplicates(session, principal, row.id, as_of),
    }


def _duplicates(
    session: Session, principal: Principal, issue_id: int, as_of: datetime | None
) -> int:
    links, others = IssueRelation.__table__, relation_at(as_of)
    return session.execute(
        select(func.count())
        .select_from(links)
        .join(others, others.c.id == links.c.from_id)
        .where(
            links.c.to_id == issue_id,
            links.c.kind == "duplicate_of",
            related_at(links, as_of),
            policy.visible_to(principal, others, as_of),
        )
    ).scalar_one()


def readable_issue(
    session: Session, principal: Principal, key: str, as_of: datetime | None = None
) -> Row[Any]:
    """Return the row of an issue that `principal` can see today, and could `as_of`.

    Raises `NotFound`.
    """
    if as_of is not None:
        relation = relation_at(as_of)
        _row(session, relation, key, policy.visible_to(principal, relation, as_of))
    return _row(session, CURRENT, key, policy.visible_to(principal, CURRENT))


def issue_for_update(
    session: Session, principal: Principal, key: str, *, deleted: bool = False
) -> Issue:
    """Lock the issue's row until the transaction ends. Raises `NotFound`.

    With `deleted`, one that was deleted is found as well, for those who may restore it.
    """
    project, number = split_key(key)
    visible = (
        CURRENT.c.project_id.in_(select(Project.id).where(Project.deleted_at.is_(None)))
        if deleted
        else policy.visible_to(principal, CURRENT)
    )
    issue = session.scalar(
        select(Issue)
        .where(Issue.project_id == _project_id(project), Issue.number == number, visible)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if issue is None:
        raise NotFound(f"There is no issue {key}.")
    return issue


def items_by_id(
    session: Session, principal: Principal, ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return those of the issues that `principal` can see as items of a list, in this order."""
    rows = (
        session.execute(
            _CURRENT_SHOWN.where(CURRENT.c.id.in_(ids), policy.visible_to(principal, CURRENT))
        ).all()
        if ids
        else []
    )
    rows = sorted(rows, key=lambda row: ids.index(row.id))
    return {row.id: item_of(row) for row in rows}


def list_projects(
    session: Session, *, limit: int, cursor: str | None, signer: CursorSigner
) -> dict[str, Any]:
    """Return a page of projects by key."""
    there = Project.deleted_at.is_(None)
    rows = select(Project).where(there).order_by(Project.key).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(Project.key > signer.open(cursor, "projects")[0])
    found = session.scalars(rows).all()
    page = found[:limit]
    return {
        "items": page,
        "next": signer.seal([page[-1].key], "projects") if len(found) > limit else None,
        "total": session.execute(select(func.count(Project.id)).where(there)).scalar_one(),
        "total_is_estimate": False,
    }


def get_project(session: Session, key: str) -> Project:
    """Return the project of that key. Raises `NotFound`."""
    project = session.scalar(
        select(Project).where(Project.key == key.upper(), Project.deleted_at.is_(None))
    )
    if project is None:
        raise NotFound(f"There is no project {key}.")
    return project


def list_events(
    session: Session,
    principal: Principal,
    issue: Row[Any],
    *,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Return a page of what happened to the issue, in the order in which it was recorded."""
    context = f"events of {issue.id}"
    mine = and_(
        Event.scope_id == issue.project_id,
        Event.subject == "issue",
        Event.subject_id == issue.id,
        policy.told_to(principal),
    )
    rows = select(Event.__table__).where(mine).order_by(Event.at, Event.id).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(tuple_(Event.at, Event.id) > tuple_(*signer.open(cursor, context)))
    found = session.execute(rows).all()
    page = found[:limit]
    people = user_refs(session, {row.actor_id for row in page if row.actor_id})
    return {
        "items": [
            {
                "id": row.id,
                "at": row.at,
                "recorded_at": row.recorded_at,
                "actor": people.get(row.actor_id),
                "actor_kind": row.actor_kind,
                "change_set": str(row.change_set),
                "kind": row.kind,
                "field": row.field,
                "old": row.old,
                "new": row.new,
            }
            for row in page
        ],
        "next": signer.seal([page[-1].at, page[-1].id], context) if len(found) > limit else None,
        "total": session.execute(select(func.count(Event.id)).where(mine)).scalar_one(),
        "total_is_estimate": False,
    }


def split_key(key: str) -> tuple[str, int]:
    """Return the project's key and the number of `WEB-42`. Raises `NotFound` for another text."""
    found = ISSUE_KEY.fullmatch(key)
    if found is None:
        raise NotFound(f"There is no issue {key}.")
    return found[1].upper(), int(found[2])


def _project_id(key: str) -> Any:
    return select(Project.id).where(Project.key == key).scalar_subquery()


def _was_deleted(session: Session, key: str) -> bool:
    """Return whether there was such an issue, in a project that is still there."""
    project, number = split_key(key)
    return session.execute(
        select(
            select(Issue.id)
            .join(Project, Project.id == Issue.project_id)
            .where(
                Project.key == project,
                Project.deleted_at.is_(None),
                Issue.number == number,
                Issue.deleted_at.is_not(None),
            )
            .exists()
        )
    ).scalar_one()


def _row(
    session: Session, relation: FromClause, key: str, visible: ColumnElement[bool]
) -> Row[Any]:
    project, number = split_key(key)
    # By its id, which both relations are indexed by; its number never changes.
    issue_id = (
        select(Issue.id)
        .where(Issue.project_id == _project_id(project), Issue.number == number)
        .correlate(None)
        .scalar_subquery()
    )
    row = session.execute(
        _shown_of(relation).where(relation.c.id == issue_id, visible)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no issue {key}.")
    return row


def _shown(relation: FromClause) -> Select[*tuple[Any, ...]]:
    """Select the rows with the key of their project and the names of their people.

    Each is looked up for the rows of a page alone: what the order needs comes first.
    """
    # Tables rather than entities: rows then come without the detour through the ORM.
    projects, users = Project.__table__.c, User.__table__.c
    key = select(projects.key).where(projects.id == relation.c.project_id)
    reporter = select(users.name).where(users.id == relation.c.reporter_id)
    assignee = select(users.name).where(users.id == relation.c.assignee_id)
    return select(
        # As they come: every connection of ours speaks in UTC.
        *[type_coerce(c, _INSTANT) if isinstance(c.type, UtcDateTime) else c for c in relation.c],
        key.scalar_subquery().label("project_key"),
        reporter.scalar_subquery().label("reporter_name"),
        assignee.scalar_subquery().label("assignee_name"),
    )


_INSTANT = DateTime(timezone=True)
_CURRENT_SHOWN = _shown(CURRENT)
"""Made once: to build a statement costs more than to run it."""


def _shown_of(relation: FromClause) -> Select[*tuple[Any, ...]]:
    return _CURRENT_SHOWN if relation is CURRENT else _shown(relation)


def item_of(row: Any) -> dict[str, Any]:
    """Return a row as it stands in a list."""
    return {
        "key": f"{row.project_key}-{row.number}",
        "project": row.project_key,
        "title": row.title,
        "status": row.status,
        "severity": row.severity,
        "resolution": row.resolution,
        "reporter": {"id": row.reporter_id, "name": row.reporter_name or UNKNOWN},
        "assignee": None
        if row.assignee_id is None
        else {"id": row.assignee_id, "name": row.assignee_name or UNKNOWN},
        "labels": row.labels,
        "due_date": row.due_date,
        "confidential": row.confidential,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "closed_at": row.closed_at,
        "version": row.version,
        "highlight": None,
    }


def shown(session: Session, rows: Sequence[Any], as_of: Instant | None) -> list[dict[str, Any]]:
    """Return rows as the items of a list.

    Where words were asked for, each shows a place that holds them: in the title or the
    description where they are found there, else in a comment.
    """
    items = [item_of(row) for row in rows]
    if not rows or "asked" not in rows[0]._fields:
        return items
    then = {} if as_of is None else {"as_of": as_of}
    places = _PLACES_THEN if then else _PLACES
    asked = rows[0].asked
    found = places.rows(session.connection(), issues=[row.id for row in rows], asked=asked, **then)
    comments: dict[int, int | None] = dict(found)
    of_issues = descriptions(
        session, [issue for issue, comment in comments.items() if comment is None], as_of
    )
    of_comments = comment_bodies(
        session, [comment for comment in comments.values() if comment], as_of
    )
    texts = {}
    for place, row in enumerate(rows):
        comment = comments.get(row.id)
        if comment is not None:
            texts[place] = of_comments[comment]
        elif row.id in of_issues:
            texts[place] = f"{row.title}\n{of_issues[row.id]}"
    passages = highlights(session, asked, list(texts.values()))
    for place, highlight in zip(texts, passages, strict=True):
        items[place]["highlight"] = highlight
    return items


def _places(as_of: ColumnElement[datetime] | None) -> Prepared:
    """Select for each of some issues where the words stand that were asked for."""
    issues, asked = bindparam("issues", type_=ARRAY(BigInteger)), bindparam("asked", type_=Text)
    found = (
        select(SearchDocument.issue_id, SearchDocument.comment_id)
        .ext(distinct_on(SearchDocument.issue_id))
        .where(
            SearchDocument.issue_id == any_(issues),
            SearchDocument.search.op("@@")(cast(asked, TSQUERY)),
            standing(as_of),
        )
        .order_by(SearchDocument.issue_id, SearchDocument.comment_id.asc().nulls_first())
    )
    return Prepared(found, "issues", "asked", *([] if as_of is None else ["as_of"]))


_PLACES, _PLACES_THEN = _places(None), _places(bindparam("as_of", type_=_INSTANT))


def _direction(order: SortColumn) -> Any:
    column = order.column.desc() if order.descending else order.column.asc()
    return column.nulls_last() if order.nullable else column


def after(order: Sequence[SortColumn], values: list[Any]) -> ColumnElement[bool]:
    """Return the rows after those values: the keyset, nulls being last in every direction."""
    first, down = order[0], order[0].descending
    if all(c.descending == down and not c.nullable for c in order):
        # One comparison of rows: an index begins right there.
        here = tuple_(*[c.column for c in order])
        return here < tuple_(*values) if down else here > tuple_(*values)
    alternatives = []
    for i, (column, value) in enumerate(zip(order, values, strict=True)):
        same = [_same(c, v) for c, v in zip(order[:i], values, strict=False)]
        if value is None:
            continue  # nothing comes after null
        beyond = column.column < value if column.descending else column.column > value
        if column.nullable:
            beyond = or_(beyond, column.column.is_(None))
        alternatives.append(and_(*same, beyond))
    after = or_(*alternatives)
    if first.nullable:
        return after
    # Implied by the rest, and all that an index on the first column can use of it.
    return and_(first.column <= values[0] if down else first.column >= values[0], after)


def _same(column: SortColumn, value: Any) -> ColumnElement[bool]:
    return column.column.is_(None) if value is None else column.column == value
