"""The admins, one of whom has to be left: nobody else gives roles."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.errors import Conflict


def lock_admins(session: Session) -> Sequence[int]:
    """Lock the rows of all admins, in one order, and return their ids.

    To be called before any other user's row is locked: two admins who take each other's role at
    once do so one after the other, and the second is refused.
    """
    return session.scalars(
        select(User.id)
        .where(User.role == "admin", User.removed_at.is_(None))
        .order_by(User.id)
        .with_for_update()
    ).all()


def refuse_last(admins: Sequence[int], user_id: int) -> None:
    """Raise `Conflict` where this user is the only one of the `admins`."""
    if list(admins) == [user_id]:
        raise Conflict("This is the last admin. Make somebody else an admin first.")
