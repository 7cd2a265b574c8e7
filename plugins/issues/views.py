"""The HTTP API of projects, issues and comments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, current_app, url_for

from issue_insight import clock
from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, transactions, unit_of_work
from issue_insight.http.answer import Fitted
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.conditional import etag, expected_version
from issue_insight.http.paging import cursors
from issue_insight.http.rate_limits import costly
from plugins.issues import (
    bulk,
    change_sets,
    comments,
    exporting,
    labels,
    policy,
    queries,
    related,
    services,
    similar,
)
from plugins.issues.first_pages import first_page
from plugins.issues.relations import parse_as_of
from plugins.issues.schemas import (
    AsOfQuery,
    BulkChange,
    BulkResult,
    ChangeSetRead,
    CommentListQuery,
    CommentPage,
    CommentRead,
    CommentWrite,
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
    ProjectChange,
    ProjectCreate,
    ProjectPage,
    ProjectRead,
    RelationCreate,
    RelationList,
    RelationRead,
    SimilarIssues,
    SimilarQuery,
    StatusList,
    UndoResult,
)
from plugins.issues.selection import select_issues

projects = Blueprint("projects", __name__, description="Projects: what issues belong to.")
blp = Blueprint("issues", __name__, description="Issues, their comments and their history.")


def _as_of(text: str | None) -> datetime | None:
    return parse_as_of(text, current_app.extensions["issue_insight"].settings.zone)


def _named(change_set: UUID | None) -> dict[str, str]:
    """Say in a header which change-set to undo; nothing where nothing was changed."""
    return {} if change_set is None else {"Change-Set": str(change_set)}


@projects.get("/projects")
@projects.arguments(PageQuery, location="query")
@projects.response(200, ProjectPage)
@requires(policy.READ)
def list_projects(query: PageQuery) -> Any:
    """List the projects."""
    with reading() as session:
        return ProjectPage.model_validate(
            queries.list_projects(session, limit=query.limit, cursor=query.cursor, signer=cursors())
        )


@projects.post("/projects")
@projects.idempotent
@projects.arguments(ProjectCreate)
@projects.response(201, ProjectRead, headers=("Location",))
@projects.problems(409)
@requires(policy.MANAGE_PROJECTS)
def create_project(data: ProjectCreate) -> Any:
    """Make a project."""
    with unit_of_work() as session:
        project = services.create_project(
            session,
            current_principal(),
            key=data.key,
            name=data.name,
            visibility=data.visibility.value,
        )
        answer = ProjectRead.model_validate(project)
    return answer, 201, {"Location": url_for("projects.get_project", key=answer.key)}


@projects.get("/projects/<key>")
@projects.response(200, ProjectRead)
@projects.problems(404)
@requires(policy.READ)
def get_project(key: str) -> Any:
    """Get a project."""
    with reading() as session:
        return ProjectRead.model_validate(queries.get_project(session, key))


@projects.patch("/projects/<key>")
@projects.arguments(ProjectChange)
@projects.response(200, ProjectRead)
@projects.problems(404)
@requires(policy.MANAGE_PROJECTS)
def change_project(data: ProjectChange, key: str) -> Any:
    """Change the name or the visibility of a project."""
    with unit_of_work() as session:
        changes = data.model_dump(mode="json", exclude_unset=True)
        return ProjectRead.model_validate(
            services.change_project(session, current_principal(), key.upper(), changes)
        )


@blp.get("/issues")
@blp.arguments(IssueListQuery, location="query")
@blp.response(200, IssuePage)
@requires(policy.READ)
def list_issues(query: IssueListQuery) -> Any:
    """List issues by a filter, now or as of an instant."""
    principal, as_of = current_principal(), _as_of(query.as_of)
    settings = current_app.extensions["issue_insight"].settings
    q, limit, zone = query.q, query.limit, settings.zone
    signer, context = cursors(), f"issues {principal.user_id} {q} {query.as_of}"
    with reading() as session:
        page = None
        if as_of is None and query.cursor is None:
            page = first_page(session, principal, q, limit, zone, signer=signer, context=context)
        if page is None:
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
    principal, as_of = current_principal(), _as_of(query.as_of)
    kind = exporting.Format(query.format)
    zone = current_app.extensions["issue_insight"].settings.zone
    with unit_of_work() as session:
        selection = select_issues(session, principal, query.q, as_of, zone)
        services.note_export(session, principal, query.q, as_of, kind)
    parts = exporting.export(transactions(), selection, kind)
    day = (as_of or clock.now()).astimezone(zone).date()
    response = Response(parts, mimetype=exporting.MEDIA_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="issues-{day}.{kind}"'
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


@blp.post("/issues/bulk")
@blp.idempotent
@blp.arguments(BulkChange)
@blp.response(200, BulkResult)
@requires(policy.TRIAGE)
def change_issues(data: BulkChange) -> Any:
    """Change up to 500 issues in one change-set, or try it: `dry_run` tells what would change.

    Each issue is changed by its own rules; those that may not change so are listed in `refused`.
    """
    principal = current_principal()
    with unit_of_work() as session:
        wanted: Any = data.keys
        if data.q is not None:
            zone = current_app.extensions["issue_insight"].settings.zone
            wanted = select_issues(session, principal, data.q, None, zone, pointer="/q")
        outcome = bulk.change_many(
            session, principal, wanted, data.set.changes(), dry_run=data.dry_run
        )
    return {
        "change_set": outcome.change_set,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "refused": outcome.refused,
        "changes": [
            {"key": key, "field": one.field, "old": one.old, "new": one.new}
            for key, one in outcome.changes
        ],
    }


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


@blp.get("/change-sets/<uuid:change_set>")
@blp.response(200, ChangeSetRead)
@requires(policy.READ)
def get_change_set(change_set: UUID) -> Any:
    """Get what one act changed."""
    with reading() as session:
        return change_sets.get_change_set(session, current_principal(), change_set)


@blp.post("/change-sets/<uuid:change_set>/undo")
@blp.idempotent
@blp.response(200, UndoResult)
@blp.problems(409)
@requires(policy.READ)
def undo_change_set(change_set: UUID) -> Any:
    """Undo a change-set, all of it or, where something was changed again since, nothing."""
    with unit_of_work() as session:
        return change_sets.undo(session, current_principal(), change_set)


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
        answer = queries.get_issue(session, current_principal(), key, _as_of(query.as_of))
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
    return answer, 200, {"ETag": etag(answer["version"]), **_named(change_set)}


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
    return "", 204, _named(change_set)


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
    return answer, 200, {"ETag": etag(answer["version"]), **_named(change_set)}


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


@blp.get("/issues/<key>/relations")
@blp.arguments(AsOfQuery, location="query")
@blp.response(200, RelationList)
@blp.problems(404)
@requires(policy.READ)
def list_relations(query: AsOfQuery, key: str) -> Any:
    """List what an issue is to others: both directions, of those that one may see."""
    as_of = _as_of(query.as_of)
    with reading() as session:
        return {"items": related.list_relations(session, current_principal(), key, as_of=as_of)}


@blp.post("/issues/<key>/relations")
@blp.idempotent
@blp.arguments(RelationCreate)
@blp.response(201, RelationRead, headers=("Change-Set",))
@blp.problems(404, 409)
@requires(policy.TRIAGE)
def add_relation(data: RelationCreate, key: str) -> Any:
    """Say what an issue is to another one: a duplicate of it, blocking it, or related."""
    principal = current_principal()
    with unit_of_work() as session:
        made, change_set = related.relate(session, principal, key, data.kind.value, data.issue)
        [answer] = related.list_relations(session, principal, key, relation_id=made)
    return answer, 201, _named(change_set)


@blp.delete("/issues/<key>/relations/<int:relation_id>")
@blp.response(204, headers=("Change-Set",))
@blp.problems(404)
@requires(policy.TRIAGE)
def delete_relation(key: str, relation_id: int) -> Any:
    """Take a relation away."""
    with unit_of_work() as session:
        change_set = related.unrelate(session, current_principal(), key, relation_id)
    return "", 204, _named(change_set)


@blp.get("/issues/<key>/comments")
@blp.arguments(CommentListQuery, location="query")
@blp.response(200, CommentPage)
@blp.problems(404)
@requires(policy.READ)
def list_comments(query: CommentListQuery, key: str) -> Any:
    """List the comments of an issue, now or as of an instant."""
    as_of = _as_of(query.as_of)
    with reading() as session:
        issue = queries.readable_issue(session, current_principal(), key, as_of)
        return comments.list_comments(
            session,
            issue,
            as_of=as_of,
            limit=query.limit,
            cursor=query.cursor,
            signer=cursors(),
        )


@blp.post("/issues/<key>/comments")
@blp.idempotent
@blp.arguments(CommentWrite)
@blp.response(201, CommentRead, headers=("ETag",))
@blp.problems(404)
@requires(policy.COMMENT)
def add_comment(data: CommentWrite, key: str) -> Any:
    """Comment on an issue."""
    with unit_of_work() as session:
        comment = comments.add_comment(session, current_principal(), key, data.body)
        answer = comments.show(session, comment)
    return answer, 201, {"ETag": etag(1)}


@blp.patch("/comments/<int:comment_id>")
@blp.if_match
@blp.arguments(CommentWrite)
@blp.response(200, CommentRead, headers=("ETag",))
@blp.problems(404)
@requires(policy.COMMENT)
def edit_comment(data: CommentWrite, comment_id: int) -> Any:
    """Change the text of a comment of one's own."""
    with unit_of_work() as session:
        comment = comments.edit_comment(
            session, current_principal(), comment_id, data.body, expected=expected_version()
        )
        answer = comments.show(session, comment)
    return answer, 200, {"ETag": etag(answer["version"])}


@blp.delete("/comments/<int:comment_id>")
@blp.if_match
@blp.response(204)
@blp.problems(404)
@requires(policy.COMMENT)
def delete_comment(comment_id: int) -> Any:
    """Remove a comment."""
    with unit_of_work() as session:
        comments.delete_comment(
            session, current_principal(), comment_id, expected=expected_version()
        )
    return "", 204
