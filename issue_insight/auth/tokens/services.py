"""What can be done to API tokens: one function a use case, each told in the event log."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.permission import Scope
from issue_insight.auth.principal import Principal
from issue_insight.auth.tokens import secret
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.tokens.resolving import in_force
from issue_insight.auth.users import User
from issue_insight.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from issue_insight.journal import record

MOST = 50
"""How many tokens in force one person can have."""


def create(
    session: Session, principal: Principal, name: str, scope: Scope, days: int, longest: int
) -> tuple[ApiToken, str]:
    """Make a token that is good for `days`, `longest` at most; return it with its text.

    Raises `Forbidden` for a scope that is not the owner's, `Invalid`, `Conflict` beyond `MOST`.
    """
    # Held, so that what one person makes at once is counted one after the other.
    owner_id = session.scalar(
        select(User.id)
        .where(User.id == principal.user_id, User.removed_at.is_(None))
        .with_for_update(key_share=True)
    )
    if owner_id is None or principal.scope is not None:
        raise Forbidden("Only people who have signed in themselves make API tokens.")
    if scope == "admin" and principal.role != "admin":
        raise Forbidden("Only admins make tokens of the scope `admin`.")
    if days > longest:
        raise Invalid(
            "The request is not valid.",
            [FieldError("/expires_in_days", f"is more than the {longest} days that are allowed")],
        )
    count = session.scalar(
        select(func.count(ApiToken.id)).where(ApiToken.owner_id == owner_id, in_force())
    )
    if count is not None and count >= MOST:
        raise Conflict(f"You have {count} tokens, which is the most there can be. Revoke one.")
    now, text = clock.now(), secret.make()
    token = ApiToken(
        owner_id=owner_id,
        name=name,
        digest=secret.digest(text),
        scope=scope,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    # Its name is its owner's words, and the log keeps what it is told.
    new = {"owner": owner_id, "scope": scope, "expires_at": token.expires_at.isoformat()}
    _tell(session, principal, token, "created", new=new)
    return token, text


def revoke(
    session: Session, principal: Principal, token_id: int, *, owner_id: int | None = None
) -> None:
    """Revoke a token, for good and at once; `owner_id` says that it has to be that person's.

    Raises `NotFound`, also for one that is revoked already.
    """
    wanted = select(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
    if owner_id is not None:
        wanted = wanted.where(ApiToken.owner_id == owner_id)
    token = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if token is None:
        raise NotFound(f"There is no token {token_id}.")
    token.revoked_at = clock.now()
    _tell(session, principal, token, "revoked", old={"owner": token.owner_id})


def _tell(
    session: Session, principal: Principal, token: ApiToken, kind: str, **values: Any
) -> None:
    record(
        session,
        principal,
        subject="token",
        subject_id=token.id,
        scope_id=None,
        kind=kind,
        **values,
    )
