"""What can be done to saved views: one function a use case.

What happens to a shared view is told in the event log; a view of one's own is nobody else's
business, and leaves no trace there.
"""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.errors import Conflict, FieldError, Forbidden, Invalid, Stale
from issue_insight.journal import record
from plugins.issues.api import select_issues
from plugins.saved_views import policy
from plugins.saved_views.fields import POSITION_MAX
from plugins.saved_views.models import DefaultView, SavedView
from plugins.saved_views.queries import view_for_update

MOST = 100
"""How many views one person can have."""


def create_view(
    session: Session, principal: Principal, fields: dict[str, Any], zone: ZoneInfo
) -> SavedView:
    """Save a view. Raises `Forbidden` for sharing by who may not, `Conflict` for a name that one
    of their views has or one view too many, `Invalid` for a filter that cannot be read.
    """
    owner_id = _in_turn(session, principal)
    policy.must_show(principal, shared=fields["shared"])
    count, last = session.execute(
        select(func.count(SavedView.id), func.max(SavedView.position)).where(
            SavedView.owner_id == owner_id
        )
    ).one()
    if count >= MOST:
        raise Conflict(f"You have {count} views, which is the most there can be. Delete one first.")
    _must_be_free(session, owner_id, fields["name"])
    _must_be_filter(session, principal, fields["q"], zone)
    if fields["position"] is None:
        fields = fields | {"position": 0 if last is None else min(last + 1, POSITION_MAX)}
    now = clock.now()
    view = SavedView(owner_id=owner_id, version=1, created_at=now, updated_at=now, **fields)
    session.add(view)
    session.flush()
    if view.shared:
        _tell(session, principal, view, "created", new=_state(view))
    return view


def change_view(
    session: Session,
    principal: Principal,
    view_id: int,
    changes: dict[str, Any],
    zone: ZoneInfo,
    *,
    expected: int | None,
) -> SavedView:
    """Change the fields named in `changes`; nothing is written where nothing differs.

    `expected` is the version the caller saw, None for any. Raises `NotFound`, `Forbidden`, `Stale`,
    `Conflict` for a name that another of their views has, `Invalid` for what is no filter.
    """
    owner_id = _in_turn(session, principal)
    view = view_for_update(session, principal, view_id)
    policy.must_change(principal, view)
    _must_be_newest(view, expected)
    differing = {name: new for name, new in changes.items() if new != getattr(view, name)}
    policy.must_show(principal, shared=bool(differing) and differing.get("shared", view.shared))
    if "name" in differing:
        _must_be_free(session, owner_id, differing["name"])
    if "q" in differing:
        _must_be_filter(session, principal, differing["q"], zone)
    if not differing:
        return view
    before, was_shared = _state(view), view.shared
    for name, new in differing.items():
        setattr(view, name, new)
    view.version += 1
    view.updated_at = clock.now()
    session.flush()
    if was_shared and not view.shared:
        # What it becomes is its owner's alone, and nobody else can begin with it.
        _tell(session, principal, view, "unshared", old=before)
        session.execute(
            delete(DefaultView).where(
                DefaultView.view_id == view.id, DefaultView.user_id != view.owner_id
            )
        )
    elif view.shared and not was_shared:
        _tell(session, principal, view, "shared", new=_state(view))
    elif view.shared:
        _tell(session, principal, view, "changed", old=before, new=_state(view))
    return view


def delete_view(
    session: Session, principal: Principal, view_id: int, *, expected: int | None
) -> None:
    """Delete a view; who began with it begins with none.

    Raises `NotFound`, `Forbidden`, `Stale`.
    """
    view = view_for_update(session, principal, view_id)
    policy.must_delete(principal, view)
    _must_be_newest(view, expected)
    if view.shared:
        _tell(session, principal, view, "deleted", old=_state(view))
    session.delete(view)
    session.flush()


def set_default_view(session: Session, principal: Principal, view_id: int | None) -> None:
    """Let `principal` begin with a view, or with none. Raises `Invalid` for one they cannot see."""
    if view_id is None:
        session.execute(delete(DefaultView).where(DefaultView.user_id == principal.user_id))
        return
    # Held, so that it is neither deleted nor taken back from others before this is committed.
    there = session.scalar(
        select(SavedView.id)
        .where(SavedView.id == view_id, policy.visible_to(principal))
        .with_for_update(read=True)
    )
    if there is None:
        raise Invalid(f"There is no view {view_id}.", [FieldError("/view", "names no view")])
    row = insert(DefaultView).values(user_id=principal.user_id, view_id=view_id)
    session.execute(
        row.on_conflict_do_update(index_elements=["user_id"], set_={"view_id": view_id})
    )


def _in_turn(session: Session, principal: Principal) -> int:
    """Let what one person saves at once happen one after the other; return their id."""
    owner_id = session.scalar(
        select(User.id).where(User.id == principal.user_id).with_for_update(key_share=True)
    )
    if owner_id is None:
        raise Forbidden("Only people save views.")
    return owner_id


def _must_be_free(session: Session, owner_id: int, name: str) -> None:
    taken = select(SavedView.id).where(SavedView.owner_id == owner_id, SavedView.name == name)
    if session.scalar(taken) is not None:
        raise Conflict(f"You have a view named {name!r} already.")


def _must_be_filter(session: Session, principal: Principal, q: str, zone: ZoneInfo) -> None:
    select_issues(session, principal, q, None, zone, pointer="/q")


def _must_be_newest(view: SavedView, expected: int | None) -> None:
    if expected is not None and expected != view.version:
        raise Stale(
            f"This view was changed in the meantime: it is at version {view.version}, "
            f"your change is for version {expected}. Fetch it again and repeat your change."
        )


def _state(view: SavedView) -> dict[str, Any]:
    names = ("name", "q", "columns", "layout", "density", "lanes", "position")
    return {name: getattr(view, name) for name in names}


def _tell(
    session: Session, principal: Principal, view: SavedView, kind: str, **values: Any
) -> None:
    record(
        session,
        principal,
        subject="view",
        subject_id=view.id,
        scope_id=None,
        kind=kind,
        **values,
    )
