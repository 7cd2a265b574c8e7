"""What can be done to projects and issues: one function a use case, all in one transaction.

Every function takes the session of a unit of work and the principal who acts, checks the rules,
writes the rows, the version, the words to search and the event, and returns the row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Stale
from issue_insight.exporting import FileFormat
from issue_insight.journal import record
from plugins.issues import policy
from plugins.issues.changes import change, check_person, know_labels, must_change, write
from plugins.issues.fields import Status
from plugins.issues.models import Issue, IssueText, Project
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
    confidential: bool = False,
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
    check_person(session, assignee)
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
        confidential=confidential,
        version=1,
        created_at=at,
        updated_at=at,
    )
    session.add(issue)
    session.flush()
    session.add(IssueText(issue_id=issue.id, description=description))
    know_labels(session, issue)
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
            "confidential": confidential,
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
) -> UUID | None:
    """Change the fields named in `changes`; nothing is written where nothing differs.

    `expected` is the version the caller saw, None for any. Returns the change-set, None where
    nothing differed. Raises `NotFound`, `Forbidden`, `Stale` for a version that is no longer the
    newest, `Conflict` for an illegal move, `Invalid` for a resolution of what is not done.
    """
    issue = issue_for_update(session, principal, key)
    must_change(principal, issue, changes)
    _check_version(issue, expected)
    change_set = uuid4()
    return change_set if change(session, principal, issue, changes, change_set) else None


def delete_issue(session: Session, principal: Principal, key: str, *, expected: int | None) -> UUID:
    """Take the issue out of every list; its past stays. Returns the change-set.

    Raises `NotFound`, `Forbidden`, `Stale`.
    """
    issue = issue_for_update(session, principal, key)
    principal.must(policy.DELETE.name, "Only admins delete issues.")
    _check_version(issue, expected)
    return _set_deleted(session, principal, issue, deleted=True)


def restore_issue(session: Session, principal: Principal, key: str) -> UUID:
    """Bring a deleted issue back. Returns the change-set.

    Raises `NotFound`, `Forbidden`, `Conflict` if it is there.
    """
    principal.must(policy.DELETE.name, "Only admins restore issues.")
    issue = issue_for_update(session, principal, key, deleted=True)
    if issue.deleted_at is None:
        raise Conflict(f"{key} is not deleted.")
    return _set_deleted(session, principal, issue, deleted=False)


def _set_deleted(session: Session, principal: Principal, issue: Issue, *, deleted: bool) -> UUID:
    change_set = uuid4()
    write(session, principal, issue, {"deleted": deleted}, change_set)
    return change_set


def _check_version(issue: Issue, expected: int | None) -> None:
    if expected is not None and expected != issue.version:
        raise Stale(
            f"Somebody else changed this in the meantime: it is at version {issue.version}, "
            f"your change is for version {expected}. Fetch it again and repeat your change."
        )


def note_export(
    session: Session, principal: Principal, q: str, as_of: datetime | None, kind: FileFormat
) -> None:
    """Say in the event log that issues were taken out, and which."""
    if principal.user_id is None:
        return
    record(
        session,
        principal,
        subject="export",
        subject_id=principal.user_id,
        scope_id=None,
        kind="exported",
        field="issues",
        new={"q": q, "as_of": as_of and as_of.isoformat(), "format": str(kind)},
    )
