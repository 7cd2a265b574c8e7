"""The door of this plugin: people, for other plugins."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from issue_insight.auth.users import User

UNKNOWN = "Somebody"


def user_refs(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return `{"id", "name"}` of each user, by id, in one query."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: {"id": row.id, "name": row.name or UNKNOWN} for row in rows}


def find_user(session: Session, text: str) -> int | None:
    """Return the id of the user meant by an id, an e-mail address, a subject or a name.

    None where nobody, or more than one person, is meant.
    """
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return session.scalar(select(User.id).where(User.id == int(text)))
    lowered = text.lower()
    rows = session.scalars(
        select(User.id)
        .where(
            or_(
                func.lower(User.email) == lowered,
                func.lower(User.name) == lowered,
                User.subject == text,
            )
        )
        .limit(2)
    ).all()
    return rows[0] if len(rows) == 1 else None
