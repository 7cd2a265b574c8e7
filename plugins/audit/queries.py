"""Reading the audit log: the event log, with what each event is about.

By the instant of recording, which an import cannot choose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from issue_insight.http.paging import CursorSigner
from issue_insight.journal import Event
from plugins.audit.fields import Kind
from plugins.issues.api import Issue, Project
from plugins.roles.api import user_refs

COUNTED = 10_000
"""How far entries are counted; beyond, the total is an estimate."""

_KIND: ColumnElement[str] = case(
    (Event.subject == "session", Kind.SIGN_IN.value),
    (Event.subject == "token", Kind.TOKEN.value),
    (Event.subject == "export", Kind.EXPORT.value),
    (and_(Event.subject == "user", Event.field == "role"), Kind.ROLE.value),
    (Event.subject == "user", Kind.PERSON.value),
    (Event.field == "deleted", Kind.DELETION.value),
    (Event.kind.in_(("deleted", "detached", "comment deleted")), Kind.DELETION.value),
    (Event.subject == "project", Kind.PROJECT.value),
    (Event.subject == "view", Kind.VIEW.value),
    (Event.subject == "issue", Kind.ISSUE.value),
    else_=Kind.OTHER.value,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: `since` is included, `until` is not."""

    actor: int | None = None
    kind: Kind | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return them as conditions on events."""
        found: list[ColumnElement[bool]] = []
        if self.actor is not None:
            found.append(Event.actor_id == self.actor)
        if self.kind is not None:
            found.append(_KIND.in_((self.kind.value,)))
        if self.since is not None:
            found.append(Event.recorded_at >= self.since)
        if self.until is not None:
            found.append(Event.recorded_at < self.until)
        return found


def page(
    session: Session, wanted: Wanted, *, limit: int, cursor: str | None, signer: CursorSigner
) -> dict[str, Any]:
    """Return a page of entries, newest first."""
    there = wanted.conditions()
    context = f"audit {wanted}"
    rows = _entries(there).order_by(Event.id.desc()).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(Event.id < signer.open(cursor, context)[0])
    found = session.execute(rows).all()
    counted = select(Event.id).where(*there).limit(COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    shown = found[:limit]
    return {
        "items": _shown(session, shown),
        "next": signer.seal([shown[-1].id], context) if len(found) > limit else None,
        "total": min(total, COUNTED),
        "total_is_estimate": total > COUNTED,
    }


def chunk(session: Session, wanted: Wanted, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the next entries after an id, oldest first."""
    rows = _entries([*wanted.conditions(), Event.id > after]).order_by(Event.id).limit(limit)
    return _shown(session, session.execute(rows).all())


def _entries(there: list[ColumnElement[bool]]) -> Select[Any]:
    return select(
        Event.id,
        Event.recorded_at,
        _KIND.label("about"),
        Event.actor_id,
        Event.actor_kind,
        Event.subject,
        Event.subject_id,
        Event.kind,
        Event.field,
        Event.old,
        Event.new,
        Event.change_set,
    ).where(*there)


def _shown(session: Session, rows: Iterable[Any]) -> list[dict[str, Any]]:
    found = list(rows)
    people = user_refs(session, {row.actor_id for row in found if row.actor_id is not None})
    names = _names(session, found)
    return [
        {
            "id": row.id,
            "at": row.recorded_at,
            "kind": row.about,
            "actor": people.get(row.actor_id),
            "actor_kind": row.actor_kind,
            "subject": row.subject,
            "subject_id": row.subject_id,
            "subject_name": names.get((row.subject, row.subject_id)),
            "event": row.kind,
            "field": row.field,
            "old": row.old,
            "new": row.new,
            "change_set": str(row.change_set),
        }
        for row in found
    ]


def _names(session: Session, rows: Iterable[Any]) -> dict[tuple[str, int], str]:
    """Return what people, issues and projects go by, also those that were deleted."""
    ids: dict[str, set[int]] = {"user": set(), "issue": set(), "project": set()}
    for row in rows:
        if row.subject in ids:
            ids[row.subject].add(row.subject_id)
    found = {("user", id): ref["name"] for id, ref in user_refs(session, ids["user"]).items()}
    if ids["issue"]:
        issues = (
            select(Issue.id, Project.key, Issue.number)
            .join(Project, Project.id == Issue.project_id)
            .where(Issue.id.in_(ids["issue"]))
        )
        found |= {("issue", id): f"{key}-{number}" for id, key, number in session.execute(issues)}
    if ids["project"]:
        projects = select(Project.id, Project.key).where(Project.id.in_(ids["project"]))
        found |= {("project", id): key for id, key in session.execute(projects)}
    return found
