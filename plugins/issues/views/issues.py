"""The HTTP API of issues."""

from typing import Any

from flask import Response, url_for

from issue_insight import clock
from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, transactions, unit_of_work
from issue_insight.http.answer import Fitted
from issue_insight.http.conditional import etag, expected_version
from issue_insight.http.paging import cursors
from issue_insight.http.rate_limits import costly
from plugins.issues import exporting, labels, policy, queries, services, similar
from plugins.issues.kept import kept_page
from plugins.issues.schemas import (
    AsOfQuery,
    EventPage,
    IssueChange,
    IssueCreate,
    IssueExportQuery,
    IssueListQuery,
    IssuePage,
    IssueRead,
    LabelListQuery,
    LabelPage,
    PageQuery,
    SimilarIssues,
    SimilarQuery,
    StatusList,
)
from plugins.issues.selection import select_issues
from plugins.issues.views.blueprint import as_of_asked, blp, change_set_header, instance_zone


@blp.get("/issues")
@blp.arguments(IssueListQuery, location="query")
@blp.response(200, IssuePage)
@requires(policy.READ)
def list_issues(query: IssueListQuery) -> Any:
    """List issues by a filter, now or as of an instant."""
    principal, as_of = current_principal(), as_of_asked(query.as_of)
    q, limit, zone = query.q, query.limit, instance_zone()
    signer, context = cursors(), f"issues {principal.user_id} {q} {query.as_of}"
    page = kept_page(
        principal,
        q,
        as_of,
        limit,
        zone,
        cursor=query.cursor,
        signer=signer,
        context=context,
    )
    if page is None:
        with reading() as session:
            page = queries.list_issues(
                session,
                select_issues(session, principal, q, as_of, zone),
                limit=limit,
                cursor=query.cursor,
                signer=signer,
                context=context,
            )
    return Fitted(page)


@blp.get("/issues/export")
@costly("exports")
@blp.arguments(IssueExportQuery, location="query")
@blp.response(
    200,
    content_type="text/csv, application/x-ndjson",
    description="The issues, as many as there are",
    headers=("Content-Disposition",),
)
@requires(policy.READ)
def export_issues(query: IssueExportQuery) -> Any:
    """Download all the issues of a filter, now or as of an instant, as CSV or JSON Lines.

    They come by age, with their descriptions. Of the present, an issue is as it is when its part
    of the file is read; as of an instant the file is exact. In CSV, a cell that a spreadsheet would
    take for a formula begins with an apostrophe.
    """
    principal, as_of = current_principal(), as_of_asked(query.as_of)
    zone = instance_zone()
    with unit_of_work() as session:
        selection = select_issues(session, principal, query.q, as_of, zone)
        services.note_export(session, principal, query.q, as_of, query.format)
    parts = exporting.export(transactions(), selection, query.format)
    day = (as_of or clock.now()).astimezone(zone).date()
    response = Response(parts, mimetype=query.format.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="issues-{day}.{query.format}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blp.post("/issues")
@blp.idempotent
@blp.arguments(IssueCreate)
@blp.response(201, IssueRead, headers=("Location", "ETag"))
@requires(policy.CREATE)
def create_issue(data: IssueCreate) -> Any:
    """Report an issue."""
    principal = current_principal()
    with unit_of_work() as session:
        issue = services.create_issue(session, principal, **data.model_dump())
        key = f"{data.project}-{issue.number}"
        answer = queries.get_issue(session, principal, key, None)
    location = url_for("issues.get_issue", key=key)
    return answer, 201, {"Location": location, "ETag": etag(answer["version"])}


@blp.get("/labels")
@blp.arguments(LabelListQuery, location="query")
@blp.response(200, LabelPage)
@blp.problems(404)
@requires(policy.READ)
def list_labels(query: LabelListQuery) -> Any:
    """List the first labels that begin so, of a project or of all."""
    with reading() as session:
        return LabelPage.model_validate(
            labels.list_labels(session, current_principal(), **query.model_dump())
        )


@blp.get("/issues/similar")
@blp.arguments(SimilarQuery, location="query")
@blp.response(200, SimilarIssues)
@requires(policy.READ)
def find_similar_issues(query: SimilarQuery) -> Any:
    """Find issues like the one whose title is being typed, before it is reported once more."""
    with unit_of_work() as session:
        return similar.similar_issues(
            session,
            current_principal(),
            query.title,
            description=query.description,
            project=query.project,
            limit=query.limit,
        )


@blp.get("/statuses")
@blp.response(200, StatusList)
@requires(policy.READ)
def list_statuses() -> Any:
    """List the statuses, and which of them can follow which."""
    moves = policy.MOVES
    return {
        "items": [{"name": name, "moves": [s for s in moves if s in moves[name]]} for name in moves]
    }


@blp.get("/issues/<key>")
@blp.arguments(AsOfQuery, location="query")
@blp.response(200, IssueRead, headers=("ETag",))
@blp.problems(404)
@requires(policy.READ)
def get_issue(query: AsOfQuery, key: str) -> Any:
    """Get an issue, now or as of an instant."""
    with reading() as session:
        answer = queries.get_issue(session, current_principal(), key, as_of_asked(query.as_of))
    return answer, 200, {"ETag": etag(answer["version"])}


@blp.patch("/issues/<key>")
@blp.if_match
@blp.arguments(IssueChange)
@blp.response(200, IssueRead, headers=("ETag", "Change-Set"))
@blp.problems(404, 409)
@requires(policy.READ)
def change_issue(data: IssueChange, key: str) -> Any:
    """Change fields of an issue; what is left out stays."""
    principal = current_principal()
    with unit_of_work() as session:
        change_set = services.change_issue(
            session, principal, key, data.changes(), expected=expected_version()
        )
        answer = queries.get_issue(session, principal, key, None)
    return answer, 200, {"ETag": etag(answer["version"]), **change_set_header(change_set)}


@blp.delete("/issues/<key>")
@blp.if_match
@blp.response(204, headers=("Change-Set",))
@blp.problems(404)
@requires(policy.DELETE)
def delete_issue(key: str) -> Any:
    """Delete an issue. Its past stays; it can be restored."""
    with unit_of_work() as session:
        change_set = services.delete_issue(
            session, current_principal(), key, expected=expected_version()
        )
    return "", 204, change_set_header(change_set)


@blp.post("/issues/<key>/restore")
@blp.response(200, IssueRead, headers=("ETag", "Change-Set"))
@blp.problems(404, 409)
@requires(policy.DELETE)
def restore_issue(key: str) -> Any:
    """Bring a deleted issue back."""
    principal = current_principal()
    with unit_of_work() as session:
        change_set = services.restore_issue(session, principal, key)
        answer = queries.get_issue(session, principal, key, None)
    return answer, 200, {"ETag": etag(answer["version"]), **change_set_header(change_set)}


@blp.get("/issues/<key>/events")
@blp.arguments(PageQuery, location="query")
@blp.response(200, EventPage)
@blp.problems(404)
@requires(policy.READ)
def list_issue_events(query: PageQuery, key: str) -> Any:
    """List what happened to an issue."""
    with reading() as session:
        principal = current_principal()
        issue = queries.readable_issue(session, principal, key)
        return queries.list_events(
            session, principal, issue, limit=query.limit, cursor=query.cursor, signer=cursors()
        )
