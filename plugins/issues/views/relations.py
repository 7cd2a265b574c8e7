"""The HTTP API of how issues relate."""

from typing import Any

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, unit_of_work
from issue_insight.http.paging import cursors
from plugins.issues import policy, related
from plugins.issues.schemas import RelationCreate, RelationListQuery, RelationPage, RelationRead
from plugins.issues.views.blueprint import as_of_asked, blp, change_set_header


@blp.get("/issues/<key>/relations")
@blp.arguments(RelationListQuery, location="query")
@blp.response(200, RelationPage)
@blp.problems(404)
@requires(policy.READ)
def list_relations(query: RelationListQuery, key: str) -> Any:
    """List what an issue is to others: both directions, of those that one may see."""
    as_of = as_of_asked(query.as_of)
    with reading() as session:
        return related.list_relations(
            session,
            current_principal(),
            key,
            as_of=as_of,
            limit=query.limit,
            cursor=query.cursor,
            signer=cursors(),
        )


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
        answer = related.read_relation(session, principal, key, made)
    return answer, 201, change_set_header(change_set)


@blp.delete("/issues/<key>/relations/<int:relation_id>")
@blp.response(204, headers=("Change-Set",))
@blp.problems(404)
@requires(policy.TRIAGE)
def delete_relation(key: str, relation_id: int) -> Any:
    """Take a relation away."""
    with unit_of_work() as session:
        change_set = related.unrelate(session, current_principal(), key, relation_id)
    return "", 204, change_set_header(change_set)
