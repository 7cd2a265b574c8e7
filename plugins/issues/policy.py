"""Who may do what to issues, in one table, and which moves an issue can make."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union,
    union_all,
)

from issue_insight.auth.permission import Permission, at_least
from issue_insight.auth.principal import Principal
from issue_insight.journal import Event
from plugins.issues.fields import Status, Visibility
from plugins.issues.models import Instant, Issue, IssueRelation, IssueVersion, Project

READ = Permission("issues:read", "Read issues, comments and history", at_least("reporter"), "read")
CREATE = Permission("issues:create", "Report issues", at_least("reporter"), "write")
COMMENT = Permission(
    "issues:comment", "Comment on what one can read", at_least("reporter"), "write"
)
EDIT_OWN = Permission(
    "issues:edit-own",
    "Edit the text of one's own issues, and make them confidential",
    at_least("reporter"),
    "write",
)
SEE_ALL = Permission(
    "issues:see-all",
    "See the issues of everybody, confidential ones too",
    at_least("maintainer"),
    "read",
)
TRIAGE = Permission(
    "issues:triage",
    "Set status, severity, assignee, labels, resolution and due date; edit any text; "
    "open confidential issues to others",
    at_least("maintainer"),
    "write",
)
DELETE = Permission("issues:delete", "Delete and restore issues", at_least("admin"), "admin")
MANAGE_PROJECTS = Permission(
    "projects:manage", "Create and change projects", at_least("admin"), "admin"
)

PERMISSIONS = (READ, CREATE, COMMENT, EDIT_OWN, SEE_ALL, TRIAGE, DELETE, MANAGE_PROJECTS)

TEXT_FIELDS = frozenset({"title", "description"})
REPORTERS_FIELDS = TEXT_FIELDS | {"confidential"}
"""What reporters may change of their own issues; everything else is triage."""

MOVES: dict[Status, frozenset[Status]] = {
    Status.OPEN: frozenset({Status.TRIAGED, Status.IN_PROGRESS, Status.DONE}),
    Status.TRIAGED: frozenset({Status.OPEN, Status.IN_PROGRESS, Status.DONE}),
    Status.IN_PROGRESS: frozenset({Status.OPEN, Status.TRIAGED, Status.DONE}),
    # What is done is reopened first: work that starts again shows up as such in every number.
    Status.DONE: frozenset({Status.OPEN, Status.TRIAGED}),
}


def visible_to(
    principal: Principal,
    relation: FromClause,
    as_of: Instant | None = None,
    *,
    user: ColumnElement[int] | None = None,
    by_now: bool = True,
) -> ColumnElement[bool]:
    """Return the condition under which a row of `relation` is there for `principal`.

    Of many who may do the same, one query tells at once: `user` is then the column that says whose
    eyes a row is looked at with, and `as_of` may be a column as well.

    The rights are those of today, also where the rows are those of a past instant. What a project
    shows to everybody it must show today and have shown `as_of`: opening a project does not open
    its past. In the same way an issue must be confidential neither today nor then; without
    `by_now`, only not then: for whoever looks at both.
    """
    there = _ISSUE_THERE if relation is Issue.__table__ else _there(relation)
    if principal.may(SEE_ALL.name):
        return there
    if not principal.may(READ.name):
        return false()
    open_to_all = select(Project.id).where(Project.visibility == Visibility.ALL)
    if as_of is not None:
        open_to_all = open_to_all.where(_was_open(as_of))
    others = relation.c.project_id.in_(open_to_all) & ~(
        _confidential(relation) if by_now else relation.c.confidential
    )
    return there & or_(is_own(principal, relation, user), others)


def outlook(principal: Principal) -> tuple[bool, bool]:
    """Return what decides what `principal` sees: of two with the same, one query tells.

    Only what is their own differs (`visible_to` and `told_to` with `user`).
    """
    return principal.may(READ.name), principal.may(SEE_ALL.name)


def _there(relation: FromClause) -> ColumnElement[bool]:
    """Return whether neither a row nor its project is deleted."""
    projects = Project.__table__.c
    there: ColumnElement[bool] = relation.c.deleted_at.is_(None) & relation.c.project_id.in_(
        select(projects.id).where(projects.deleted_at.is_(None))
    )
    return there


# Made once: almost every statement holds some of them, and to make an alias takes longer than most
# queries.
_ISSUE_THERE = _there(Issue.__table__)
_IN_CONFIDENCE = IssueVersion.__table__.alias("in_confidence")
_NOW = Issue.__table__.alias("confidential_now")
_CONFIDENTIAL_NOW = select(_NOW.c.id).where(_NOW.c.confidential)
_OTHER_END = Issue.__table__.alias("other_end")
_LINKS = IssueRelation.__table__.alias("relations_told")
_EVER = IssueVersion.__table__.alias("ever")
_EVER_CONFIDENTIAL = union(select(_EVER.c.id).where(_EVER.c.confidential), _CONFIDENTIAL_NOW)


def kept_from(principal: Principal, versions: FromClause) -> ColumnElement[bool]:
    """Return the condition under which `principal` may not see a version for being confidential.

    It is so for the version itself or for the issue by now. Few issues are, and only they are read.
    """
    if principal.may(SEE_ALL.name):
        return false()
    return (
        versions.c.id.in_(_EVER_CONFIDENTIAL)
        & _confidential(versions)
        & ~is_own(principal, versions)
    )


def told_to(principal: Principal, user: ColumnElement[int] | None = None) -> ColumnElement[bool]:
    """Return which events of an issue that `principal` may see are told to them.

    Not what happened in confidence, for the log quotes what stood there; nor what was changed along
    with the opening, for that quotes it too. Of a relation, both issues must be for them, today and
    then. `user` is as in `visible_to`.
    """
    if principal.may(SEE_ALL.name):
        return true()
    event = Event.__table__.c
    relation = cast(func.coalesce(event.new, event.old).op("->>")("relation"), BigInteger)
    mine = _LINKS.c.from_id == event.subject_id
    theirs = case((mine, _LINKS.c.to_id), else_=_LINKS.c.from_id)
    other_end = (
        select(_OTHER_END.c.id)
        .select_from(_LINKS.join(_OTHER_END, _OTHER_END.c.id == theirs))
        .where(
            _LINKS.c.id == relation,
            visible_to(principal, _OTHER_END, user=user),
            ~_in_confidence(principal, _OTHER_END.c.id, user),
        )
        .correlate(Event.__table__)
    )
    return and_(
        or_(
            event.field.is_not_distinct_from("confidential"),
            ~_in_confidence(principal, event.subject_id, user),
        ),
        or_(event.field.is_distinct_from("relation"), other_end.exists()),
    )


def _in_confidence(
    principal: Principal, issue: ColumnElement[int], user: ColumnElement[int] | None
) -> ColumnElement[bool]:
    """Return whether an event happened while an issue was confidential, and not for them."""
    event, then = Event.__table__.c, _IN_CONFIDENCE
    return (
        select(then.c.id)
        .where(
            then.c.id == issue,
            then.c.confidential,
            then.c.valid_from <= event.at,
            then.c.valid_to >= event.at,
            ~is_own(principal, then, user),
        )
        .correlate(Event.__table__, _OTHER_END)
        .exists()
    )


def _confidential(relation: FromClause) -> ColumnElement[bool]:
    """Return whether a row is that of a confidential issue; of then and now the stricter."""
    confidential: ColumnElement[bool] = relation.c.confidential
    if relation is Issue.__table__:
        return confidential
    return confidential | relation.c.id.in_(_CONFIDENTIAL_NOW)


def is_own(
    principal: Principal, relation: FromClause, user: ColumnElement[int] | None = None
) -> ColumnElement[bool]:
    """Return the condition under which a row of `relation` is what `principal` reported.

    `user` is as in `visible_to`.
    """
    who = principal.user_id if user is None else user
    return false() if who is None else relation.c.reporter_id == who


def _was_open(as_of: Instant) -> ColumnElement[bool]:
    """Return whether a project that is open to all was so `as_of`."""
    instant = as_of if isinstance(as_of, ColumnElement) else literal(as_of, DateTime(timezone=True))
    before = _visibility_before(instant)
    return func.coalesce(before, Visibility.ALL.value) == Visibility.ALL.value


def _visibility_before(instant: ColumnElement[Any]) -> ColumnElement[str]:
    """Return who could see a project at `instant`, null if what holds today held then.

    The first change after the instant tells what held before it; without one, nothing changed.
    """
    return (
        select(_as_text(Event.old))
        .where(_of_visibility(), Event.scope_id == Project.id, Event.at > instant)
        .order_by(Event.at, Event.id)
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )


def open_periods() -> FromClause:
    """Return from when to when projects were open to all: project_id, begins, ends (excluded)."""
    always = cast(literal("-infinity", String), DateTime(timezone=True))
    starts = union_all(
        select(
            Project.id.label("project_id"),
            always.label("begins"),
            literal(0).label("id"),
            func.coalesce(_visibility_before(always), Project.visibility).label("visibility"),
        ),
        select(Event.scope_id, Event.at, Event.id, _as_text(Event.new)).where(_of_visibility()),
    ).subquery("starts")
    never = cast(literal("infinity", String), DateTime(timezone=True))
    periods = select(
        starts.c.project_id,
        starts.c.visibility,
        starts.c.begins,
        func.lead(starts.c.begins, 1, never)
        .over(partition_by=starts.c.project_id, order_by=(starts.c.begins, starts.c.id))
        .label("ends"),
    ).subquery("periods")
    return (
        select(periods.c.project_id, periods.c.begins, periods.c.ends)
        .where(periods.c.visibility == Visibility.ALL.value)
        .subquery("open_periods")
    )


def _of_visibility() -> ColumnElement[bool]:
    return and_(
        Event.subject == "project",
        Event.subject_id == Event.scope_id,
        Event.field == "visibility",
    )


def _as_text(value: Any) -> Any:
    return value.op("#>>")(text("'{}'"))


def sees_all_unkept(principal: Principal, since: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition on `projects` under which `principal` sees every issue of one.

    Every one but those that are `kept_from` them.

    With `since`, also every issue as it was at any instant from then on.
    """
    if principal.may(SEE_ALL.name):
        return true()
    condition = Project.visibility == Visibility.ALL
    if since is not None:
        changed = select(Event.id).where(
            _of_visibility(), Event.scope_id == Project.id, Event.at > since
        )
        condition &= ~changed.correlate(Project).exists()
    return condition
