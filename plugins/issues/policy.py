"""Who may do what to issues, in one table, and which moves an issue can make."""

from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, false, func, or_, select, text, true

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
    shows to everybody it must show today and have shown `as_of`: opening a project does not open
    its past.
    """
    there = relation.c.deleted_at.is_(None) & relation.c.project_id.in_(
        select(Project.id).where(Project.deleted_at.is_(None))
    )
    if principal.may(SEE_ALL.name):
        return there
    if not principal.may(READ.name):
        return false()
    open_to_all = select(Project.id).where(Project.visibility == Visibility.ALL)
    if as_of is not None:
        open_to_all = open_to_all.where(_was_open(as_of))
    own = relation.c.reporter_id == principal.user_id if principal.user_id else false()
    return there & or_(own, relation.c.project_id.in_(open_to_all))


def _was_open(as_of: datetime) -> ColumnElement[bool]:
    """Return whether a project that is open to all was so `as_of`.

    The first change after the instant tells what held before it; without one, nothing changed.
    """
    before = (
        select(Event.old.op("#>>")(text("'{}'")))
        .where(
            Event.scope_id == Project.id,
            Event.subject == "project",
            Event.subject_id == Project.id,
            Event.field == "visibility",
            Event.at > as_of,
        )
        .order_by(Event.at, Event.id)
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
    return func.coalesce(before, Visibility.ALL.value) == Visibility.ALL.value


def sees_everything_of(principal: Principal) -> ColumnElement[bool]:
    """Return the condition on `projects` under which `principal` sees every issue of one."""
    if principal.may(SEE_ALL.name):
        return true()
    return Project.visibility == Visibility.ALL
