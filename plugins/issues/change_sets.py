"""Change-sets: what was done to issues in one act, and how it is undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict, NotFound
from issue_insight.journal import Event
from plugins.issues import policy, related
from plugins.issues.changes import current, must_change, write
from plugins.issues.models import Issue, Project
from plugins.issues.relations import CURRENT
from plugins.roles.api import user_refs


@dataclass(frozen=True, slots=True)
class Undone:
    """The change-set that undid another one, and how many issues it changed."""

    change_set: UUID
    changed: int


def get_change_set(session: Session, principal: Principal, change_set: UUID) -> dict[str, Any]:
    """Return who changed what, of the issues that `principal` may see. Raises `NotFound`."""
    events = _events(session, change_set, policy.told_to(principal))
    issues = {issue.id: key for key, issue in _issues(session, principal, events)}
    told = [event for event in events if event.subject_id in issues]
    if not told:
        raise _absent(change_set)
    first = told[0]
    people = user_refs(session, [first.actor_id] if first.actor_id else [])
    return {
        "change_set": change_set,
        "at": first.at,
        "actor": people.get(first.actor_id or 0),
        "changes": [
            {
                "key": issues[event.subject_id],
                "kind": event.kind,
                "field": event.field,
                "old": event.old,
                "new": event.new,
            }
            for event in told
        ],
    }


def undo(session: Session, principal: Principal, change_set: UUID) -> Undone:
    """Put back every field and relation that the change-set changed, in one of its own.

    All of it or nothing. Raises `NotFound` where there is nothing that `principal` may see,
    `Forbidden` where they might not have done it, and `Conflict` for what cannot be undone or was
    changed again since, with the list of it.
    """
    events = _events(session, change_set)
    relating = [event for event in events if event.field == "relation"]
    if relating:
        related.one_at_a_time(session)
    found = _issues(session, principal, events, lock=True)
    if not events or len(found) < len({event.subject_id for event in events}):
        raise _absent(change_set)
    changing = [event for event in events if event.field != "relation"]
    if beyond := sorted({event.kind for event in changing if event.kind != "changed"}):
        raise Conflict(f"This cannot be undone: {', '.join(beyond)}.")
    plans = []
    conflicts = related.conflicts(session, relating, {issue.id: key for key, issue in found})
    for key, issue in found:
        mine = [event for event in changing if event.subject_id == issue.id]
        if not mine:
            continue
        back: dict[str, Any] = {}
        latest: dict[str, Any] = {}
        for event in mine:
            back.setdefault(str(event.field), event.old)
            latest[str(event.field)] = event.new
        _must_undo(principal, issue, back)
        for field, expected in latest.items():
            there = current(session, issue, field)
            if there != expected:
                conflicts.append({"key": key, "field": field, "set": expected, "found": there})
        plans.append((issue, back, mine[0]))
    if conflicts:
        raise Conflict(
            f"{len(conflicts)} of the changes were changed again since; nothing was undone.",
            conflicts=conflicts,
        )
    undoing = uuid4()
    changed = related.take_back(session, principal, relating, undoing) if relating else set()
    for issue, back, first in plans:
        closed_at = _closed_before(session, first) if back.get("status") == "done" else None
        values = {field: _typed(field, value) for field, value in back.items()}
        if write(session, principal, issue, values, undoing, closed_at=closed_at):
            changed.add(issue.id)
    return Undone(undoing, len(changed))


def _events(session: Session, change_set: UUID, *told: ColumnElement[bool]) -> Sequence[Event]:
    return session.scalars(
        select(Event)
        .where(Event.change_set == change_set, Event.subject == "issue", *told)
        .order_by(Event.id)
    ).all()


def _issues(
    session: Session, principal: Principal, events: Sequence[Event], *, lock: bool = False
) -> list[tuple[str, Issue]]:
    """Return the issues of the events that `principal` may see; deleted ones, who may restore."""
    visible = policy.visible_to(principal, CURRENT)
    if principal.may(policy.DELETE.name):
        visible = or_(visible, Issue.deleted_at.is_not(None))
    rows = (
        select(Project.key, Issue)
        .join(Project, Project.id == Issue.project_id)
        .where(Issue.id.in_({event.subject_id for event in events}), visible)
        .order_by(Issue.id)
        .execution_options(populate_existing=True)
    )
    if lock:
        rows = rows.with_for_update(of=Issue)
    return [(f"{key}-{issue.number}", issue) for key, issue in session.execute(rows)]


def _must_undo(principal: Principal, issue: Issue, back: dict[str, Any]) -> None:
    if "deleted" in back:
        principal.must(policy.DELETE.name, "Only admins delete and restore issues.")
    else:
        must_change(principal, issue, back)


def _closed_before(session: Session, event: Event) -> datetime | None:
    """Return when the issue had become done, before what the event tells of."""
    return session.scalar(
        select(Event.at)
        .where(
            Event.scope_id == event.scope_id,
            Event.subject == "issue",
            Event.subject_id == event.subject_id,
            Event.field == "status",
            Event.new.op("#>>")("{}") == "done",
            Event.id < event.id,
        )
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(1)
    )


def _typed(field: str, value: Any) -> Any:
    return date.fromisoformat(value) if field == "due_date" and value is not None else value


def _absent(change_set: UUID) -> NotFound:
    return NotFound(f"There is no change-set {change_set}.")
