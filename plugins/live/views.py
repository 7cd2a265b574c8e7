"""The address of the stream."""

from typing import Any

from flask import Response, current_app, request

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import credential_expires_at, current_principal
from issue_insight.db import unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.live import hub_of
from plugins.issues.api import READ, select_issues
from plugins.live.schemas import LiveQuery
from plugins.live.services import IssueFeed

blp = Blueprint("live", __name__, description="Changes of issues, as they are committed.")


@blp.get("/live")
@blp.arguments(LiveQuery, location="query")
@blp.header(
    "Last-Event-ID",
    "The id of the last event that was received: the stream goes on right after it.",
)
@blp.response(
    200,
    description="Server-sent events that go on until either side ends them: `change` with the JSON "
    "of one change, `end` with the reason, `reset` where the place asked for is unknown.",
    content_type="text/event-stream",
)
@blp.problems(429)
@requires(READ)
def stream_changes(query: LiveQuery) -> Any:
    """Stream the changes of issues as they are committed."""
    principal = current_principal()
    zone = current_app.extensions["issue_insight"].settings.zone
    with unit_of_work() as session:
        select_issues(session, principal, query.q, None, zone)  # a filter that cannot be read: 422
    stream = hub_of(current_app).open(
        IssueFeed(zone),
        principal,
        query.q,
        last_event_id=request.headers.get("Last-Event-ID"),
        expires_at=credential_expires_at(),
    )
    # Passed through as it is: the server recognises a stream, and gives it no thread.
    return Response(
        stream,
        mimetype="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
        direct_passthrough=True,
    )
