"""Writing to the event log."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.journal.models import Event

# Every act takes it: to build it costs more than to send it.
_APPEND = insert(cast(Table, Event.__table__))


def record(
    session: Session,
    principal: Principal,
    *,
    subject: str,
    subject_id: int,
    scope_id: int | None,
    kind: str,
    field: str | None = None,
    old: Any = None,
    new: Any = None,
    at: datetime | None = None,
    change_set: UUID | None = None,
) -> None:
    """Append one event in the caller's transaction.

    `scope_id` is the project (None for what belongs to none), `at` the instant it happened (now,
    if not said; imports say), `change_set` joins the events of one act. `old` and `new` are plain
    JSON values.
    """
    session.execute(
        _APPEND,
        {
            "at": at or clock.now(),
            "actor_id": principal.user_id,
            "actor_kind": principal.kind,
            "change_set": change_set or uuid4(),
            "scope_id": scope_id,
            "subject": subject,
            "subject_id": subject_id,
            "kind": kind,
            "field": field,
            "old": old,
            "new": new,
        },
    )
