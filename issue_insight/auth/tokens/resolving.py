"""From the text of an API token to the person it acts for: one SELECT, and now and then a note.

The row is read at each request, by the digest: a token that was revoked, or whose owner was removed
or lost a role, is out at the next request in every process. What is compared is a digest that
nobody can choose, so the time it takes tells nothing of the token.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from flask import g
from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from issue_insight import clock
from issue_insight.auth.clerk import RefusedToken
from issue_insight.auth.principal import Principal
from issue_insight.auth.provision import SEEN_EVERY
from issue_insight.auth.state import Auth
from issue_insight.auth.tokens import secret
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.db.connections import reading_engine
from issue_insight.journal import record

_tokens, _users = ApiToken.__table__.c, User.__table__.c
_FIND = (
    select(
        _tokens.id,
        _tokens.owner_id,
        _tokens.scope,
        _tokens.expires_at,
        _tokens.last_used_at,
        _tokens.revoked_at,
        _users.name,
        _users.email,
        _users.role,
        _users.removed_at,
    )
    .join_from(ApiToken.__table__, User.__table__)
    .where(_tokens.digest == bindparam("digest"))
)


def principal_of_token(auth: Auth, text: str) -> Principal:
    """Return whom the token acts for; sets `g.credential_expires_at`. Raises `RefusedToken`."""
    if not secret.is_token(text):
        raise RefusedToken("not an API token")
    with reading_engine().connect() as connection:
        row = connection.execute(_FIND, {"digest": secret.digest(text)}).one_or_none()
    now = clock.now()
    if row is None:
        raise RefusedToken("unknown API token")
    if row.revoked_at is not None:
        raise RefusedToken("revoked API token")
    if row.expires_at <= now:
        raise RefusedToken("expired API token")
    if row.removed_at is not None:
        raise RefusedToken("removed user")
    g.credential_expires_at = row.expires_at.timestamp()
    principal = Principal(
        row.owner_id,
        row.name,
        row.email,
        row.role,
        "token",
        auth.granted(row.role, row.scope),
        token_id=row.id,
        scope=row.scope,
    )
    if row.last_used_at is None or now - row.last_used_at >= SEEN_EVERY:
        _note_use(principal, row.last_used_at, now)
    return principal


def _note_use(principal: Principal, before: datetime | None, now: datetime) -> None:
    """Note that the token is in use; on its first use of a day (UTC) the event log is told, too."""
    with unit_of_work() as session:
        noted = session.execute(
            update(ApiToken)
            # Of many requests at once, one notes it.
            .where(
                ApiToken.id == principal.token_id,
                ApiToken.last_used_at.is_not_distinct_from(before),
            )
            .values(last_used_at=now)
            .returning(ApiToken.id)
        ).one_or_none()
        first = before is None or before.astimezone(UTC).date() < now.astimezone(UTC).date()
        if noted is not None and first:
            record(
                session,
                principal,
                subject="token",
                subject_id=noted.id,
                scope_id=None,
                kind="used",
            )


def tokens_in_force(connection: Connection, ids: Collection[int]) -> set[int]:
    """Return which of these tokens still open something."""
    if not ids:
        return set()
    found = select(_tokens.id).where(_tokens.id.in_(ids), in_force())
    return set(connection.scalars(found))


def in_force() -> ColumnElement[bool]:
    """Return the condition under which a token is neither revoked nor expired."""
    return and_(ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now())
