"""Removing the views of an erased person, shared ones too: names and filters are their words."""

from sqlalchemy import delete, null, select, update
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from issue_insight.journal.redacting import redacting
from plugins.saved_views.models import DefaultView, SavedView


def erase(session: Session, user_id: int, texts: bool) -> None:  # noqa: ARG001 (views go anyway)
    """Remove a user's views, and blank what the event log holds of them."""
    theirs = select(SavedView.id).where(SavedView.owner_id == user_id)
    with redacting(session):
        session.execute(
            update(Event)
            .where(
                Event.subject == "view",
                # Of views that are gone only whoever changed them is known.
                Event.subject_id.in_(theirs) | (Event.actor_id == user_id),
            )
            .values(old=null(), new=null())
        )
    session.execute(delete(DefaultView).where(DefaultView.user_id == user_id))
    session.execute(delete(SavedView).where(SavedView.owner_id == user_id))
