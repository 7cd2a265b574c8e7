"""Changing roles, such that somebody is always left who can."""

from collections.abc import Callable, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.auth.admins import lock_admins, refuse_last
from issue_insight.auth.erasing import erase_identity
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User, goes_by
from issue_insight.errors import Conflict, NotFound
from issue_insight.journal import record


def set_role(session: Session, principal: Principal, user_id: int, role: str) -> User:
    """Give a user a role. Raises `NotFound`, and `Conflict` for taking the last admin's role."""
    admins = lock_admins(session)
    user = session.scalar(
        select(User)
        .where(User.id == user_id, User.removed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    if user.role == role:
        return user
    refuse_last(admins, user.id)
    old, user.role = user.role, role
    record(
        session,
        principal,
        subject="user",
        subject_id=user.id,
        scope_id=None,
        kind="changed",
        field="role",
        old=old,
        new=role,
    )
    return user


def erase_user(
    session: Session,
    principal: Principal,
    user_id: int,
    erasers: Iterable[Callable[[Session, int, bool], None]],
    *,
    texts: bool,
) -> None:
    """Erase a person: who they were, and by `texts` what they wrote as well.

    `erasers` are what the plugins have to do. Raises `NotFound`, and `Conflict` for the last admin.
    """
    erase_identity(session, principal, user_id)
    session.flush()
    for erase in erasers:
        erase(session, user_id, texts)


def user_to_erase(session: Session, who: str) -> int:
    """Return the id of the user of that id, address or subject, removed or not.

    Raises `NotFound` or `Conflict`.
    """
    if who.isascii() and who.isdecimal() and len(who) < 19:
        found = session.scalars(select(User.id).where(User.id == int(who))).all()
    else:
        found = session.scalars(select(User.id).where(goes_by(who)).limit(2)).all()
    if not found:
        raise NotFound(f"There is no user {who!r}.")
    if len(found) > 1:
        raise Conflict(f"{who!r} is more than one user; name one by its id.")
    return found[0]


def user_by_address(session: Session, who: str) -> User:
    """Return the user of that e-mail address or subject. Raises `NotFound` or `Conflict`."""
    found = session.scalars(
        select(User).where(goes_by(who), User.removed_at.is_(None)).limit(2)
    ).all()
    if not found:
        raise NotFound(f"Nobody with the address {who!r} has signed in yet.")
    if len(found) > 1:
        raise Conflict(f"More than one user has the address {who!r}; name one by its subject.")
    return found[0]
