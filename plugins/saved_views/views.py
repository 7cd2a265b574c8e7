"""The HTTP API of saved views."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, url_for

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.conditional import etag, expected_version
from issue_insight.http.paging import cursors
from plugins.saved_views import policy, queries, services
from plugins.saved_views.schemas import (
    DefaultViewRead,
    DefaultViewWrite,
    ViewChange,
    ViewCreate,
    ViewListQuery,
    ViewPage,
    ViewRead,
)

blp = Blueprint("views", __name__, description="Saved views: filters kept under a name.")


def _zone() -> ZoneInfo:
    zone: ZoneInfo = current_app.extensions["issue_insight"].settings.zone
    return zone


@blp.get("/views")
@blp.arguments(ViewListQuery, location="query")
@blp.response(200, ViewPage)
@requires(policy.USE)
def list_views(query: ViewListQuery) -> Any:
    """List one's own views by position, then those that others share."""
    with unit_of_work() as session:
        return queries.list_views(
            session,
            current_principal(),
            limit=query.limit,
            cursor=query.cursor,
            signer=cursors(),
        )


@blp.post("/views")
@blp.idempotent
@blp.arguments(ViewCreate)
@blp.response(201, ViewRead, headers=("Location", "ETag"))
@blp.problems(409)
@requires(policy.USE)
def create_view(data: ViewCreate) -> Any:
    """Save a view."""
    principal = current_principal()
    with unit_of_work() as session:
        view = services.create_view(session, principal, data.model_dump(), _zone())
        answer = queries.get_view(session, principal, view.id)
    location = url_for("views.get_view", view_id=answer["id"])
    return answer, 201, {"Location": location, "ETag": etag(answer["version"])}


@blp.get("/views/<int:view_id>")
@blp.response(200, ViewRead, headers=("ETag",))
@requires(policy.USE)
def get_view(view_id: int) -> Any:
    """Get a view."""
    with unit_of_work() as session:
        answer = queries.get_view(session, current_principal(), view_id)
    return answer, 200, {"ETag": etag(answer["version"])}


@blp.patch("/views/<int:view_id>")
@blp.if_match
@blp.arguments(ViewChange)
@blp.response(200, ViewRead, headers=("ETag",))
@blp.problems(409)
@requires(policy.USE)
def change_view(data: ViewChange, view_id: int) -> Any:
    """Change a view of one's own; what is left out stays."""
    principal = current_principal()
    with unit_of_work() as session:
        services.change_view(
            session, principal, view_id, data.changes(), _zone(), expected=expected_version()
        )
        answer = queries.get_view(session, principal, view_id)
    return answer, 200, {"ETag": etag(answer["version"])}


@blp.delete("/views/<int:view_id>")
@blp.if_match
@blp.response(204)
@requires(policy.USE)
def delete_view(view_id: int) -> Any:
    """Delete a view: one's own, or for admins one that is shared."""
    with unit_of_work() as session:
        services.delete_view(session, current_principal(), view_id, expected=expected_version())
    return None, 204


@blp.get("/me/default-view")
@blp.response(200, DefaultViewRead)
@requires(policy.USE)
def get_default_view() -> Any:
    """Get the view that one begins with."""
    with unit_of_work() as session:
        return {"view": queries.default_view(session, current_principal())}


@blp.put("/me/default-view")
@blp.arguments(DefaultViewWrite)
@blp.response(200, DefaultViewRead)
@requires(policy.USE)
def set_default_view(data: DefaultViewWrite) -> Any:
    """Choose the view to begin with: one's own, a shared one, or none."""
    with unit_of_work() as session:
        services.set_default_view(session, current_principal(), data.view)
    return {"view": data.view}
