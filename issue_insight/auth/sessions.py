"""Sessions seen: a sign-in is told in the event log once, at the first request of its session.

Clerk renews a session's token every minute; what stays is the session's id. Only its digest is
kept, and each process remembers those it has met, so that a request costs nothing.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight import clock
from issue_insight.auth.clerk import Claims
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.db import Base, unit_of_work
from issue_insight.journal import record

KEPT_FOR = timedelta(days=90)
"""A session that is older is told once more."""
_REMEMBERED = 8192
_TIDIED = 20
"""How many outlived sessions go with each new one: more than come, so that they never pile up."""


class SignInSession(Base):
    """A session that has made a request."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_first_seen_at", "first_seen_at"),
        Index("ix_sessions_user_id", "user_id"),
        {"info": {"archived": "in backups"}},
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of issuer and session id."""
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(User.id))
    first_seen_at: Mapped[datetime]


class Sessions:
    """The sessions that this process has met. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._met: OrderedDict[bytes, None] = OrderedDict()

    def meet(self, principal: Principal, claims: Claims) -> None:
        """Tell the event log of the session of `claims`, unless it has been told."""
        digest = _digest(claims)
        with self._lock:
            if digest in self._met:
                return
        _tell(principal, digest)
        with self._lock:
            self._met[digest] = None
            while len(self._met) > _REMEMBERED:
                self._met.popitem(last=False)


def _digest(claims: Claims) -> bytes:
    # Issuers that name no session: a day of a person counts as one.
    session = claims.session or f"{claims.subject} on {clock.now():%Y-%m-%d}"
    return sha256(f"{claims.issuer}\n{session}".encode()).digest()


def _tell(principal: Principal, digest: bytes) -> None:
    now = clock.now()
    with unit_of_work() as session:
        new = session.execute(
            insert(SignInSession)
            .values(digest=digest, user_id=principal.user_id, first_seen_at=now)
            .on_conflict_do_nothing()
            .returning(SignInSession.user_id)
        ).one_or_none()
        if new is None:
            return
        old = (
            select(SignInSession.digest)
            .where(SignInSession.first_seen_at < now - KEPT_FOR)
            .limit(_TIDIED)
            .with_for_update(skip_locked=True)
        )
        session.execute(delete(SignInSession).where(SignInSession.digest.in_(old)))
        record(
            session,
            principal,
            subject="session",
            subject_id=new.user_id,
            scope_id=None,
            kind="signed in",
        )
