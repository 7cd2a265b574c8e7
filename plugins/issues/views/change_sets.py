"""The HTTP API of changing many issues at once, and of undoing what was changed."""

from typing import Any
from uuid import UUID

from issue_insight.auth.permission import requires
from issue_insight.auth.principal import current_principal
from issue_insight.db import reading, unit_of_work
from plugins.issues import bulk, change_sets, policy
from plugins.issues.schemas import BulkChange, BulkResult, ChangeSetRead, UndoResult
from plugins.issues.selection import select_issues
from plugins.issues.views.blueprint import blp, instance_zone


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
            zone = instance_zone()
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
