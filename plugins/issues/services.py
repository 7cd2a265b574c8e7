"""What can be done to projects and issues: one function a use case, all in one transaction.

Every function takes the session of a unit of work and the principal who acts, checks the rules,
writes the rows, the version, the words to search and the event, and returns the row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Stale
from issue_insight.journal import record
from plugins.issues import policy
from plugins.issues.fields import Resolution, Status
from plugins.issues.models import Issue, IssueText, Label, Project
from plugins.issues.queries import issue_for_update
from plugins.issues.versions import keep_version, keep_words


def create_project(
    session: Session, principal: Principal, *, key: str, name: str, visibility: str
) -> Project:
    """Make a project. Raises `Conflict` where the key is taken (also by a deleted project)."""
    principal.must(policy.MANAGE_PROJECTS.name, "Only admins make projects.")
    project = Project(key=key, name=name, visibility=visibility, created_at=clock.now())
    session.add(project)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a project {key} already.") from error
    record(
        session,
        principal,
        subject="project",
        subject_id=project.id,
        scope_id=project.id,
        kind="created",
        new={"key": key, "name": name, "visibility": visibility},
    )
    return project


def change_project(
    session: Session, principal: Principal, key: str, changes: dict[str, Any]
) -> Project:
    """Change name or visibility. Raises `NotFound`."""
    principal.must(policy.MANAGE_PROJECTS.name, "Only admins change projects.")
    project = session.scalar(
        select(Project).where(Project.key == key, Project.deleted_at.is_(None)).with_for_update()
    )
    if project is None:
        raise NotFound(f"There is no project {key}.")
    change_set = uuid4()
    for field, new in changes.items():
        old = getattr(project, field)
        if new != old:
            setattr(project, field, new)
            record(
                session,
                principal,
                subject="project",
                subject_id=project.id,
                scope_id=project.id,
                kind="changed",
                field=field,
                old=old,
                new=new,
                change_set=change_set,
            )
    return project


def create_issue(
    session: Session,
    principal: Principal,
    *,
    project: str,
    title: str,
    description: str = "",
    severity: str | None = None,
    assignee: int | None = None,
    labels: list[str] | None = None,
    due_date: Any = None,
    at: datetime | None = None,
) -> Issue:
    """Report an issue. Raises `Invalid` for an unknown project or assignee, `Forbidden` where
    fields of triage are set by someone who may not.
    """
    principal.must(policy.CREATE.name, "You may not report issues.")
    if (assignee is not None or labels or due_date is not None) and not principal.may(
        policy.TRIAGE.name
    ):
        raise Forbidden("Only maintainers set assignee, labels and due date.")
    # The row lock gives each issue of the project its number, in turn and without gaps.
    row = session.execute(
        update(Project)
        .where(Project.key == project, Project.deleted_at.is_(None))
        .values(next_number=Project.next_number + 1)
        .returning(Project.id, Project.next_number - 1)
    ).one_or_none()
    if row is None or principal.user_id is None:
        raise Invalid(
            f"There is no project {project}.", [FieldError("/project", "names no project")]
        )
    _check_person(session, assignee)
    at = at or clock.now()
    issue = Issue(
        project_id=row[0],
        number=row[1],
        title=title,
        status=Status.OPEN.value,
        severity=severity,
        reporter_id=principal.user_id,
        assignee_id=assignee,
        labels=labels or [],
        due_date=due_date,
        version=1,
        created_at=at,
        updated_at=at,
    )
    session.add(issue)
    session.flush()
    session.add(IssueText(issue_id=issue.id, description=description))
    _know_labels(session, issue)
    keep_version(session, issue.id, at)
    keep_words(session, issue, at, title=title, description=description)
    record(
        session,
        principal,
        subject="issue",
        subject_id=issue.id,
        scope_id=issue.project_id,
        kind="created",
        at=at,
        new={
            "title": title,
            "description": description,
            "status": issue.status,
            "resolution": None,
            "severity": severity,
            "assignee": assignee,
            "labels": issue.labels,
            "due_date": due_date.isoformat() if due_date else None,
            "deleted": False,
        },
    )
    return issue


def change_issue(
    session: Session,
    principal: Principal,
    key: str,
    changes: dict[str, Any],
    *,
    expected: int | None,
) -> Issue:
    """Change the fields named in `changes`; nothing is written where nothing differs.

    `expected` is the version the caller saw, None for any. Raises `NotFound`, `Forbidden`,
    `Stale` for a version that is no longer the newest, `Conflict` for an illegal move, `Invalid`
    for a resolution of what is not done.
    """
    issue = issue_for_update(session, principal, key)
    if not principal.may(policy.TRIAGE.name):
        _check_own_text(principal, issue, changes)
    _check_version(issue, expected)
    changes = _completed(issue, changes)
    if "assignee" in changes:
        _check_person(session, changes["assignee"])
    text = session.get_one(IssueText, issue.id)
    at, change_set, changed = _instant(issue), uuid4(), set()
    # Status, resolution and closing instant go to the database together, or not at all.
    with session.no_autoflush:
        for field, new in changes.items():
            owner, column = (text, field) if field == "description" else (issue, _column(field))
            old = getattr(owner, column)
            if new != old:
                setattr(owner, column, new)
                changed.add(field)
                _record_change(session, principal, issue, field, old, new, at, change_set)
    if changed:
        _finish(session, issue, at)
        if "labels" in changed:
            _know_labels(session, issue)
        if changed & policy.TEXT_FIELDS:
            keep_words(session, issue, at, title=issue.title, description=text.description)
    return issue


def delete_issue(
    session: Session, principal: Principal, key: str, *, expected: int | None
) -> Issue:
    """Take the issue out of every list; its past stays. Raises `NotFound`, `Forbidden`, `Stale`."""
    issue = issue_for_update(session, principal, key)
    principal.must(policy.DELETE.name, "Only admins delete issues.")
    _check_version(issue, expected)
    return _set_deleted(session, principal, issue, deleted=True)


def restore_issue(session: Session, principal: Principal, key: str) -> Issue:
    """Bring a deleted issue back. Raises `NotFound`, `Forbidden`, `Conflict` if it is there."""
    principal.must(policy.DELETE.name, "Only admins restore issues.")
    issue = issue_for_update(session, principal, key, deleted=True)
    if issue.deleted_at is None:
        raise Conflict(f"{key} is not deleted.")
    return _set_deleted(session, principal, issue, deleted=False)


def _set_deleted(session: Session, principal: Principal, issue: Issue, *, deleted: bool) -> Issue:
    at = _instant(issue)
    issue.deleted_at = at if deleted else None
    _record_change(session, principal, issue, "deleted", not deleted, deleted, at, uuid4())
    _finish(session, issue, at)
    return issue


def _finish(session: Session, issue: Issue, at: datetime) -> None:
    issue.updated_at = at
    issue.version += 1
    keep_version(session, issue.id, at)


def _instant(issue: Issue) -> datetime:
    """Return now, but never before the issue's last change: clocks may be set back."""
    return max(clock.now(), issue.updated_at)


def _column(field: str) -> str:
    return "assignee_id" if field == "assignee" else field


def _check_version(issue: Issue, expected: int | None) -> None:
    if expected is not None and expected != issue.version:
        raise Stale(
            f"Somebody else changed this in the meantime: it is at version {issue.version}, "
            f"your change is for version {expected}. Fetch it again and repeat your change."
        )


def _check_own_text(principal: Principal, issue: Issue, changes: dict[str, Any]) -> None:
    if beyond := sorted(changes.keys() - policy.TEXT_FIELDS):
        raise Forbidden(f"Only maintainers set {', '.join(beyond).replace('_', ' ')}.")
    if issue.reporter_id != principal.user_id or not principal.may(policy.EDIT_OWN.name):
        raise Forbidden("You may edit only the issues that you reported.")


def _check_person(session: Session, user_id: int | None) -> None:
    if user_id is None:
        return
    person = session.get(User, user_id)
    if person is None or person.removed_at is not None:
        raise Invalid(f"There is no user {user_id}.", [FieldError("/assignee", "names no user")])


def _completed(issue: Issue, changes: dict[str, Any]) -> dict[str, Any]:
    """Return `changes` with what follows from the status: its resolution, the closing instant."""
    changes = dict(changes)
    before = Status(issue.status)
    status = Status(changes.get("status", before))
    if status != before and status not in policy.MOVES[before]:
        allowed = sorted(policy.MOVES[before])
        raise Conflict(
            f"An issue that is {before} can become {', '.join(allowed)}, not {status}.",
            allowed=[name.value for name in allowed],
        )
    if status != Status.DONE:
        if changes.get("resolution") is not None:
            raise Invalid(
                "Only what is done has a resolution.",
                [FieldError("/resolution", "goes only with the status done")],
            )
        if before == Status.DONE:
            changes["resolution"] = None
    elif changes.get("resolution") is None:
        if "resolution" in changes and before == Status.DONE:
            raise Invalid(
                "What is done has a resolution.", [FieldError("/resolution", "must not be null")]
            )
        changes["resolution"] = issue.resolution or Resolution.FIXED.value
    return changes


def _record_change(
    session: Session,
    principal: Principal,
    issue: Issue,
    field: str,
    old: Any,
    new: Any,
    at: datetime,
    change_set: UUID,
) -> None:
    if field == "status":
        issue.closed_at = at if new == Status.DONE else None
    record(
        session,
        principal,
        subject="issue",
        subject_id=issue.id,
        scope_id=issue.project_id,
        kind="changed",
        field=field,
        old=_plain(old),
        new=_plain(new),
        at=at,
        change_set=change_set,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _know_labels(session: Session, issue: Issue) -> None:
    if issue.labels:
        session.execute(
            upsert(Label)
            .values([{"project_id": issue.project_id, "name": name} for name in issue.labels])
            .on_conflict_do_nothing()
        )
