"""How a change of one issue is checked and written: the rules, the row, the version, the events.

Every change of an issue, alone or among many, made or undone, is written by `write`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.errors import Conflict, FieldError, Forbidden, Invalid
from issue_insight.journal import record
from plugins.issues import policy
from plugins.issues.fields import Resolution, Status
from plugins.issues.models import Issue, IssueText, Label
from plugins.issues.versions import keep_version, keep_words


@dataclass(frozen=True, slots=True)
class Change:
    """A field that went from `old` to `new`, as plain JSON values."""

    field: str
    old: Any
    new: Any


def must_change(principal: Principal, issue: Issue, changes: dict[str, Any]) -> None:
    """Raise `Forbidden` unless `principal` may change these fields of the issue."""
    if principal.may(policy.TRIAGE.name):
        return
    if beyond := sorted(changes.keys() - policy.REPORTERS_FIELDS):
        raise Forbidden(f"Only maintainers set {', '.join(beyond).replace('_', ' ')}.")
    if issue.reporter_id != principal.user_id or not principal.may(policy.EDIT_OWN.name):
        raise Forbidden("You may edit only the issues that you reported.")
    if issue.confidential and changes.get("confidential") is False:
        # Maintainers have written there in confidence.
        raise Forbidden("Only maintainers open a confidential issue to others.")


def change(
    session: Session,
    principal: Principal,
    issue: Issue,
    changes: dict[str, Any],
    change_set: UUID,
) -> list[Change]:
    """Change fields by the rules, with what follows from them; return what differs now.

    Raises, before anything is written, `Conflict` for an illegal move and `Invalid` for a
    resolution of what is not done or an assignee who is nobody.
    """
    changes = _completed(issue, changes)
    if "assignee" in changes:
        check_person(session, changes["assignee"])
    return write(session, principal, issue, changes, change_set)


def write(
    session: Session,
    principal: Principal,
    issue: Issue,
    values: dict[str, Any],
    change_set: UUID,
    *,
    closed_at: datetime | None = None,
) -> list[Change]:
    """Write fields as they are given; return what differs now.

    `closed_at` is the instant to say of an issue that becomes done; by default the present one.
    """
    text = session.get_one(IssueText, issue.id)
    at, written = _instant(issue), []
    # Status, resolution and closing instant go to the database together, or not at all.
    with session.no_autoflush:
        for field, new in values.items():
            old = _value(issue, text, field)
            if new != old:
                _set(issue, text, field, new, at)
                written.append(Change(field, _plain(old), _plain(new)))
        if closed_at is not None and issue.closed_at == at:
            issue.closed_at = closed_at
        for change in written:
            record(
                session,
                principal,
                subject="issue",
                subject_id=issue.id,
                scope_id=issue.project_id,
                kind="changed",
                field=change.field,
                old=change.old,
                new=change.new,
                at=at,
                change_set=change_set,
            )
    if written:
        issue.updated_at = at
        issue.version += 1
        keep_version(session, issue.id, at)
        fields = {change.field for change in written}
        if "labels" in fields:
            know_labels(session, issue)
        if fields & policy.TEXT_FIELDS:
            keep_words(session, issue, at, title=issue.title, description=text.description)
    return written


def check_person(session: Session, user_id: int | None) -> None:
    """Raise `Invalid` unless `user_id` is that of somebody who is here, or None."""
    if user_id is None:
        return
    person = session.get(User, user_id)
    if person is None or person.removed_at is not None:
        raise Invalid(f"There is no user {user_id}.", [FieldError("/assignee", "names no user")])


def know_labels(session: Session, issue: Issue) -> None:
    """Let the labels of the issue be known to its project."""
    if issue.labels:
        session.execute(
            upsert(Label)
            .values([{"project_id": issue.project_id, "name": name} for name in issue.labels])
            .on_conflict_do_nothing()
        )


def current(session: Session, issue: Issue, field: str) -> Any:
    """Return a field of the issue as a plain JSON value."""
    return _plain(_value(issue, session.get_one(IssueText, issue.id), field))


def _value(issue: Issue, text: IssueText, field: str) -> Any:
    match field:
        case "description":
            return text.description
        case "assignee":
            return issue.assignee_id
        case "deleted":
            return issue.deleted_at is not None
        case _:
            return getattr(issue, field)


def _set(issue: Issue, text: IssueText, field: str, value: Any, at: datetime) -> None:
    match field:
        case "description":
            text.description = value
        case "assignee":
            issue.assignee_id = value
        case "deleted":
            issue.deleted_at = at if value else None
        case "status":
            issue.status = value
            issue.closed_at = at if value == Status.DONE else None
        case _:
            setattr(issue, field, value)


def _instant(issue: Issue) -> datetime:
    """Return now, but never before the issue's last change: clocks may be set back."""
    return max(clock.now(), issue.updated_at)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _completed(issue: Issue, changes: dict[str, Any]) -> dict[str, Any]:
    """Return `changes` with what follows from the status: its resolution."""
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
