"""Reading users."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.http.paging import CursorSigner


def list_users(
    session: Session, *, q: str, limit: int, cursor: str | None, signer: CursorSigner
) -> dict[str, Any]:
    """Return a page of the users whose name or address holds `q`, in the order they came."""
    there = _matching(q)
    context = f"users {q}"
    rows = select(User).where(*there).order_by(User.id).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(User.id > signer.open(cursor, context)[0])
    found = session.scalars(rows).all()
    page = found[:limit]
    return {
        "items": page,
        "next": signer.seal([page[-1].id], context) if len(found) > limit else None,
        "total": session.execute(select(func.count(User.id)).where(*there)).scalar_one(),
        "total_is_estimate": False,
    }


def find_people(session: Session, *, q: str, limit: int) -> dict[str, Any]:
    """Return the people whose name or address holds `q`: the few seen last, and how many fit."""
    there = _matching(q)
    found = session.execute(
        select(User.id, User.name)
        .where(*there)
        .order_by(User.last_seen_at.desc().nulls_last(), User.id)
        .limit(limit)
    ).all()
    return {
        "items": found,
        "next": None,
        "total": session.execute(select(func.count(User.id)).where(*there)).scalar_one(),
        "total_is_estimate": False,
    }


def _matching(q: str) -> list[ColumnElement[bool]]:
    there: list[ColumnElement[bool]] = [User.removed_at.is_(None)]
    if q:
        there.append(
            or_(User.name.icontains(q, autoescape=True), User.email.icontains(q, autoescape=True))
        )
    return there
