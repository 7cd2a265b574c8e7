"""Reading API tokens."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User
from issue_insight.http.paging import CursorSigner

REMEMBERED = timedelta(days=30)
"""How long its owner still sees a token that was revoked."""


def own_tokens(session: Session, owner_id: int | None, *, revoked: bool) -> dict[str, Any]:
    """Return a person's tokens, expired ones too, newest first; `revoked` ones where asked for."""
    shown: ColumnElement[bool] = ApiToken.revoked_at.is_(None)
    if revoked:
        shown = or_(shown, ApiToken.revoked_at > clock.now() - REMEMBERED)
    found = session.scalars(
        select(ApiToken).where(ApiToken.owner_id == owner_id, shown).order_by(ApiToken.id.desc())
    ).all()
    return {"items": found, "next": None, "total": len(found), "total_is_estimate": False}


def all_tokens(
    session: Session, *, owner_id: int | None, limit: int, cursor: str | None, signer: CursorSigner
) -> dict[str, Any]:
    """Return a page of everybody's tokens that are not revoked, newest first."""
    there: list[ColumnElement[bool]] = [ApiToken.revoked_at.is_(None)]
    if owner_id is not None:
        there.append(ApiToken.owner_id == owner_id)
    context = f"tokens {owner_id}"
    rows = select(ApiToken, User.name).join(User).where(*there)
    if cursor is not None:
        rows = rows.where(ApiToken.id < signer.open(cursor, context)[0])
    found = session.execute(rows.order_by(ApiToken.id.desc()).limit(limit + 1)).all()
    page = found[:limit]
    return {
        "items": [
            {
                "id": token.id,
                "name": token.name,
                "scope": token.scope,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "last_used_at": token.last_used_at,
                "owner": {"id": token.owner_id, "name": name},
            }
            for token, name in page
        ],
        "next": signer.seal([page[-1][0].id], context) if len(found) > limit else None,
        "total": session.scalar(select(func.count(ApiToken.id)).where(*there)) or 0,
        "total_is_estimate": False,
    }
