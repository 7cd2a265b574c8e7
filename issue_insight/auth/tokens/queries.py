"""Reading API tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User
from issue_insight.http.paging import CursorSigner

REMEMBERED = timedelta(days=30)
"""How long its owner still sees a token that was revoked."""


def own_tokens(
    session: Session,
    owner_id: int | None,
    *,
    revoked: bool,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Return a page of a person's tokens, expired ones too, newest first.

    Those that were `revoked` not long ago are among them where asked for.
    """
    shown: ColumnElement[bool] = ApiToken.revoked_at.is_(None)
    if revoked:
        shown = or_(shown, ApiToken.revoked_at > clock.now() - REMEMBERED)
    opened = _Page(limit, cursor, signer, f"own tokens {owner_id} {revoked}")
    page, told = _page(session, opened, ApiToken.owner_id == owner_id, shown)
    return {"items": [token for token, _ in page], **told}


def all_tokens(
    session: Session, *, owner_id: int | None, limit: int, cursor: str | None, signer: CursorSigner
) -> dict[str, Any]:
    """Return a page of everybody's tokens that are not revoked, newest first."""
    there: list[ColumnElement[bool]] = [ApiToken.revoked_at.is_(None)]
    if owner_id is not None:
        there.append(ApiToken.owner_id == owner_id)
    page, told = _page(session, _Page(limit, cursor, signer, f"tokens {owner_id}"), *there)
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
        **told,
    }


@dataclass(frozen=True, slots=True)
class _Page:
    """Which page is asked for; a cursor is worth something only in its context."""

    limit: int
    cursor: str | None
    signer: CursorSigner
    context: str


def _page(
    session: Session, asked: _Page, *there: ColumnElement[bool]
) -> tuple[Sequence[Row[ApiToken, str]], dict[str, Any]]:
    """Return the tokens of a page with the names of their owners, and what is told beside them."""
    rows = select(ApiToken, User.name).join(User).where(*there)
    if asked.cursor is not None:
        rows = rows.where(ApiToken.id < asked.signer.open(asked.cursor, asked.context)[0])
    found = session.execute(rows.order_by(ApiToken.id.desc()).limit(asked.limit + 1)).all()
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return page, {
        "next": asked.signer.seal([page[-1][0].id], asked.context) if more else None,
        "total": session.scalar(select(func.count(ApiToken.id)).where(*there)) or 0,
        "total_is_estimate": False,
    }
