"""Reading saved views."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, case, func, select, tuple_
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.errors import NotFound
from issue_insight.http.paging import CursorSigner
from plugins.roles.api import user_refs
from plugins.saved_views import policy
from plugins.saved_views.models import DefaultView, SavedView


def list_views(
    session: Session,
    principal: Principal,
    *,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Return a page of the views of `principal`, by position, then of those that others share."""
    context = f"views {principal.user_id}"
    others = case((SavedView.owner_id == principal.user_id, 0), else_=1)
    order = (others, SavedView.position, SavedView.id)
    rows = _rows(principal).add_columns(others.label("others")).order_by(*order).limit(limit + 1)
    if cursor is not None:
        rows = rows.where(tuple_(*order) > tuple_(*signer.open(cursor, context)))
    found = session.execute(rows).all()
    page = found[:limit]
    last = [page[-1].others, page[-1].position, page[-1].id] if len(found) > limit else None
    total = select(func.count(SavedView.id)).where(policy.visible_to(principal))
    return {
        "items": _items(session, page),
        "next": last and signer.seal(last, context),
        "total": session.execute(total).scalar_one(),
        "total_is_estimate": False,
    }


def get_view(session: Session, principal: Principal, view_id: int) -> dict[str, Any]:
    """Return a view. Raises `NotFound`, also for one that another has not shared."""
    row = session.execute(_rows(principal).where(SavedView.id == view_id)).one_or_none()
    if row is None:
        raise not_there(view_id)
    return _items(session, [row])[0]


def view_for_update(session: Session, principal: Principal, view_id: int) -> SavedView:
    """Lock the row of a view until the transaction ends. Raises `NotFound` like `get_view`."""
    view = session.scalar(
        select(SavedView)
        .where(SavedView.id == view_id, policy.visible_to(principal))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if view is None:
        raise not_there(view_id)
    return view


def default_view(session: Session, principal: Principal) -> int | None:
    """Return the id of the view that `principal` begins with."""
    return session.scalar(
        select(DefaultView.view_id).where(DefaultView.user_id == principal.user_id)
    )


def not_there(view_id: int) -> NotFound:
    """Return the refusal of what is not there for the caller."""
    return NotFound(f"There is no view {view_id}.")


def _rows(principal: Principal) -> Select[Any]:
    return (
        select(
            *SavedView.__table__.c,
            DefaultView.view_id.is_not(None).label("is_default"),
        )
        .outerjoin(
            DefaultView,
            (DefaultView.view_id == SavedView.id) & (DefaultView.user_id == principal.user_id),
        )
        .where(policy.visible_to(principal))
    )


def _items(session: Session, rows: Iterable[Row[Any]]) -> list[dict[str, Any]]:
    rows = list(rows)
    owners = user_refs(session, {row.owner_id for row in rows})
    names = (
        "id", "name", "q", "columns", "layout", "density", "lanes", "shared", "position",
        "is_default", "version", "created_at", "updated_at",
    )  # fmt: skip
    return [
        {name: row._mapping[name] for name in names} | {"owner": owners[row.owner_id]}
        for row in rows
    ]
