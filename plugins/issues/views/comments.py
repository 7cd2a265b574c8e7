"""The HTTP API of comments."""

from typing import Any

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, unit_of_work
from issue_insight.http.conditional import etag, expected_version
from issue_insight.http.paging import cursors
from plugins.issues import comments, policy, queries
from plugins.issues.schemas import CommentListQuery, CommentPage, CommentRead, CommentWrite
from plugins.issues.views.blueprint import as_of_asked, blp


@blp.get("/issues/<key>/comments")
@blp.arguments(CommentListQuery, location="query")
@blp.response(200, CommentPage)
@blp.problems(404)
@requires(policy.READ)
def list_comments(query: CommentListQuery, key: str) -> Any:
    """List the comments of an issue, now or as of an instant."""
    as_of = as_of_asked(query.as_of)
    with reading() as session:
        issue = queries.readable_issue(session, current_principal(), key, as_of)
        return comments.list_comments(
            session, issue, as_of=as_of, limit=query.limit, cursor=query.cursor, signer=cursors()
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
