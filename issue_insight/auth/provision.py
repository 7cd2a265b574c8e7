"""From claims to the row of a person: made at first sight, kept current, read at each request.

The hot path is one SELECT. A row is made by one upsert, so that any number of first requests at
once make one row; address and name come from the token or, once, from the Backend API.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    Boolean,
    ColumnElement,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.clerk import Claims
from issue_insight.auth.permission import ROLES
from issue_insight.auth.principal import Principal, system
from issue_insight.auth.profile import Profile
from issue_insight.auth.users import User
from issue_insight.db.connections import reading_engine
from issue_insight.db.prepared import Prepared
from issue_insight.journal import record

log = structlog.get_logger("issue_insight.auth")

SEEN_EVERY = timedelta(minutes=5)
"""How exact `last_seen_at` is: a write at each request would cost more than the request."""


@dataclass(frozen=True, slots=True)
class Person:
    """The row of a person, as much of it as a request needs."""

    id: int
    name: str
    email: str | None
    role: str
    last_seen_at: datetime | None
    removed_at: datetime | None


FORMER = "Former user"
_MADE: ColumnElement[bool] = literal_column("xmax = 0", Boolean)
"""Whether the upsert has made the row, rather than found it."""
_COLUMNS = (User.id, User.name, User.email, User.role, User.last_seen_at, User.removed_at)


_users = User.__table__.c
_FIND = Prepared(
    select(*[_users[column.key] for column in _COLUMNS]).where(
        _users.issuer == bindparam("issuer"), _users.subject == bindparam("subject")
    ),
    "issuer",
    "subject",
)
"""Every request asks for it."""


def find(claims: Claims) -> Person | None:
    """Return the person the claims speak of, if they were here before."""
    # No transaction, which would stay open while the body comes in.
    with reading_engine().connect() as connection:
        rows = _FIND.rows(connection, issuer=claims.issuer, subject=claims.subject)
    return _person(rows[0]) if rows else None


def is_current(person: Person, claims: Claims) -> bool:
    """Tell whether the row already says what the token says, and that they were here lately."""
    return (
        person.last_seen_at is not None
        and clock.now() - person.last_seen_at < SEEN_EVERY
        and claims.email in (None, person.email)
        and claims.name in (None, person.name)
    )


def first_sight(session: Session, claims: Claims) -> tuple[Person, bool]:
    """Make the row, unless another request just did; tell whether it was this one."""
    now = clock.now()
    row: Any = session.execute(
        postgresql.insert(User)
        .values(
            issuer=claims.issuer,
            subject=claims.subject,
            email=claims.email,
            name=claims.name or name_from(claims.email),
            created_at=now,
            last_seen_at=now,
        )
        .on_conflict_do_update(constraint="uq_users_issuer_subject", set_={"last_seen_at": now})
        # Unset in a row that this very statement has inserted.
        .returning(*_COLUMNS, _MADE.label("made"))
    ).one()
    person = _person(row)
    if row.made:
        _record_first_sight(session, person)
    return person, bool(row.made)


def name_from(email: str | None) -> str:
    """Return a name for the bearer of an address: `Ada Lovelace` for `ada.lovelace@...`."""
    words = (email or "").partition("@")[0].replace(".", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)


def _person(row: Any) -> Person:
    return Person(row.id, row.name, row.email, row.role, row.last_seen_at, row.removed_at)


def _record_first_sight(session: Session, person: Person) -> None:
    # No name and no address: the log keeps what it is told for good.
    who = Principal(person.id, person.name, None, person.role, "person", frozenset())
    record(
        session,
        who,
        subject="user",
        subject_id=person.id,
        scope_id=None,
        kind="created",
        new={"role": person.role},
    )


def refresh(session: Session, person: Person, claims: Claims) -> Person:
    """Note that the person is here, and what the token says of name and address.

    Somebody removed in the meantime comes back as removed.
    """
    changes: dict[str, Any] = {"last_seen_at": clock.now()}
    if claims.email is not None:
        changes["email"] = claims.email
    if claims.name is not None:
        changes["name"] = claims.name
    row = session.execute(
        update(User)
        # Whoever was removed a moment ago must not get their address back.
        .where(User.id == person.id, User.removed_at.is_(None))
        .values(changes)
        .returning(*_COLUMNS)
    ).one_or_none()
    return replace(person, removed_at=clock.now()) if row is None else _person(row)


def keep_profile(session: Session, issuer: str, subject: str, profile: Profile) -> None:
    """Store what the provider says of a person, known here or not, unless newer is stored.

    Idempotent: the same message twice, or an older one after a newer one, changes nothing.
    """
    offered = postgresql.insert(User).values(
        issuer=issuer,
        subject=subject,
        email=profile.email,
        name=profile.name or name_from(profile.email),
        created_at=clock.now(),
        profile_at=profile.at,
    )
    row: Any = session.execute(
        offered.on_conflict_do_update(
            constraint="uq_users_issuer_subject",
            set_={
                "email": func.coalesce(offered.excluded.email, User.email),
                "name": func.coalesce(func.nullif(offered.excluded.name, ""), User.name),
                "profile_at": offered.excluded.profile_at,
            },
            where=and_(
                User.removed_at.is_(None),
                or_(User.profile_at.is_(None), User.profile_at <= offered.excluded.profile_at),
            ),
        ).returning(*_COLUMNS, _MADE.label("made"))
    ).one_or_none()
    if row is not None and row.made:
        _record_first_sight(session, _person(row))


def remove(session: Session, issuer: str, subject: str) -> None:
    """Mark a person as gone. Their row stays, for what they wrote stays; name and address go.

    Somebody who was never here gets a row too: a token they still hold must not make a fresh one.
    """
    now = clock.now()
    row = session.execute(
        postgresql.insert(User)
        .values(issuer=issuer, subject=subject, name=FORMER, created_at=now, removed_at=now)
        .on_conflict_do_update(
            constraint="uq_users_issuer_subject",
            set_={"removed_at": now, "email": None, "name": FORMER, "role": ROLES[0]},
            where=User.removed_at.is_(None),
        )
        .returning(User.id)
    ).one_or_none()
    if row is not None:
        record(
            session,
            system(),
            subject="user",
            subject_id=row.id,
            scope_id=None,
            kind="removed",
        )


def give_role(session: Session, person: Person, role: str) -> None:
    """Give a role without asking who may: for the local sign-in, where anybody may be anyone."""
    if person.role == role:
        return
    session.execute(update(User).where(User.id == person.id).values(role=role))
    record(
        session,
        system(),
        subject="user",
        subject_id=person.id,
        scope_id=None,
        kind="changed",
        field="role",
        old=person.role,
        new=role,
    )
