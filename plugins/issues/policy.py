"""Who may do what to issues, in one table, and which moves an issue can make."""

from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    String,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from issue_insight.auth.permission import Permission, at_least
from issue_insight.auth.principal import Principal
from issue_insight.journal import Event
from plugins.issues.fields import Status, Visibility
from plugins.issues.models import Project

READ = Permission("issues:read", "Read issues, comments and history", at_least("reporter"))
CREATE = Permission("issues:create", "Report issues", at_least("reporter"))
COMMENT = Permission("issues:comment", "Comment on what one can read", at_least("reporter"))
EDIT_OWN = Permission("issues:edit-own", "Edit the text of one's own issues", at_least("reporter"))
SEE_ALL = Permission("issues:see-all", "See the issues of everybody", at_least("maintainer"))
TRIAGE = Permission(
    "issues:triage",
    "Set status, severity, assignee, labels, resolution and due date; edit any text",
    at_least("maintainer"),
)
DELETE = Permission("issues:delete", "Delete and restore issues", at_least("admin"))
MANAGE_PROJECTS = Permission("projects:manage", "Create and change projects", at_least("admin"))

PERMISSIONS = (READ, CREATE, COMMENT, EDIT_OWN, SEE_ALL, TRIAGE, DELETE, MANAGE_PROJECTS)

TEXT_FIELDS = frozenset({"title", "description"})
"""What reporters may change of their own issues; everything else is triage."""

MOVES: dict[Status, frozenset[Status]] = {
    Status.OPEN: frozenset({Status.TRIAGED, Status.IN_PROGRESS, Status.DONE}),
    Status.TRIAGED: frozenset({Status.OPEN, Status.IN_PROGRESS, Status.DONE}),
    Status.IN_PROGRESS: frozenset({Status.OPEN, Status.TRIAGED, Status.DONE}),
    # What is done is reopened first: work that starts again shows up as such in every number.
    Status.DONE: frozenset({Status.OPEN, Status.TRIAGED}),
}


def visible_to(
    principal: Principal, relation: FromClause, as_of: datetime | None = None
) -> ColumnElement[bool]:
    """Return the condition under which a row of `relation` is there for `principal`.

    The rights are those of today, also where the rows are those of a past instant. What a project
    shows to everybody it must show today and have shown ever since `as_of`: opening a project
    does not open its past.
    """
    there = relation.c.deleted_at.is_(None) & relation.c.project_id.in_(
        select(Project.id).where(Project.deleted_at.is_(None))
    )
    if principal.may(SEE_ALL.name):
        return there
    if not principal.may(READ.name):
        return false()
    open_to_all = select(Project.id).where(sees_everything_of(principal, as_of))
    return there & or_(_own(principal, relation), relation.c.project_id.in_(open_to_all))


def visible_since(principal: Principal, relation: FromClause) -> ColumnElement[datetime]:
    """Return the instant before which a row that `visible_to` lets through was not to be seen."""
    if principal.may(SEE_ALL.name):
        return _ALWAYS
    opened = select(_opened_at()).where(Project.id == relation.c.project_id)
    return case((_own(principal, relation), _ALWAYS), else_=opened.scalar_subquery())


def sees_everything_of(principal: Principal, since: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition on `projects` under which `principal` sees every issue of one.

    With `since`, also every issue as it was at any instant from then on.
    """
    if principal.may(SEE_ALL.name):
        return true()
    now = Project.visibility == Visibility.ALL
    return now if since is None else now & (_opened_at() <= since)


def _own(principal: Principal, relation: FromClause) -> ColumnElement[bool]:
    return relation.c.reporter_id == principal.user_id if principal.user_id else false()


def _opened_at() -> ColumnElement[datetime]:
    """Return since when a project that is open to all is so; long ago if it began like that."""
    opened = select(func.max(Event.at)).where(
        Event.scope_id == Project.id,
        Event.subject == "project",
        Event.subject_id == Project.id,
        Event.field == "visibility",
        Event.new == literal(Visibility.ALL.value, JSONB),
    )
    return func.coalesce(opened.correlate(Project).scalar_subquery(), _ALWAYS)


_ALWAYS: ColumnElement[datetime] = cast(literal("-infinity", String), DateTime(timezone=True))
