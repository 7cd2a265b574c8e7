"""Erasing a person: what the platform itself keeps of somebody goes; the row stays, as nobody.

The row has to stay, for issues, comments and events refer to it, and every number counts them.
"""

from sqlalchemy import delete, null, select, update
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.admins import lock_admins, refuse_last
from issue_insight.auth.permission import ROLES
from issue_insight.auth.principal import Principal
from issue_insight.auth.provision import FORMER
from issue_insight.auth.sessions import SignInSession
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User
from issue_insight.errors import NotFound
from issue_insight.http.idempotency import IdempotencyKey
from issue_insight.journal import Event, record
from issue_insight.journal.redacting import redacting

ISSUER = "erased"
"""Whom nobody can sign in as: no identity provider is named like this."""


def erase_identity(session: Session, principal: Principal, user_id: int) -> None:
    """Take identity, tokens and sessions of a user away; again, where that was done, is fine.

    Raises `NotFound`, and `Conflict` for the last admin.
    """
    admins = lock_admins(session)
    user = session.scalar(
        select(User)
        .where(User.id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    refuse_last(admins, user.id)
    user.issuer, user.subject = ISSUER, str(user.id)
    user.email, user.name, user.role = None, FORMER, ROLES[0]
    user.last_seen_at = user.profile_at = None
    user.removed_at = user.removed_at or clock.now()
    for column in (ApiToken.owner_id, SignInSession.user_id, IdempotencyKey.user_id):
        session.execute(delete(column.class_).where(column == user_id))
    with redacting(session):
        # The filters of their exports are words of theirs.
        session.execute(
            update(Event)
            .where(Event.subject == "export", Event.actor_id == user_id)
            .values(new=null())
        )
    record(session, principal, subject="user", subject_id=user_id, scope_id=None, kind="erased")
