"""How issues relate: duplicates, what blocks what, what else belongs together."""

from typing import Any
from uuid import uuid4

from sqlalchemy import case, delete, func, or_, select, true
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict, FieldError, Invalid, NotFound
from issue_insight.journal import record
from plugins.issues import policy
from plugins.issues.fields import RelationKind
from plugins.issues.models import Issue, IssueRelation, Project
from plugins.issues.queries import readable_issue
from plugins.issues.relations import CURRENT

INVERSE = {"duplicate_of": "duplicates", "blocks": "blocked_by", "related": "related"}
_LOCK = 4_118_350_927  # an arbitrary number that stands for "relating issues" among advisory locks


def relate(session: Session, principal: Principal, key: str, kind: str, other: str) -> int:
    """Relate two issues; return the relation's id.

    Raises `NotFound`, `Forbidden`, `Invalid` where there is no other issue, and `Conflict` for an
    issue with itself, what is there already, and a circle of duplicates or blockers.
    """
    principal.must(policy.TRIAGE.name, "Only maintainers relate issues.")
    # One at a time: two halves of a circle do not see each other. Before any row is locked.
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    issue = readable_issue(session, principal, key)
    try:
        target = readable_issue(session, principal, other)
    except NotFound as error:
        raise Invalid(error.message, [FieldError("/issue", "names no issue")]) from error
    if issue.id == target.id:
        raise Conflict("An issue has no relation to itself.")
    ends = (issue.id, target.id)
    if kind == RelationKind.RELATED:
        ends = (min(ends), max(ends))
    there = select(IssueRelation.id).where(
        IssueRelation.from_id == ends[0], IssueRelation.kind == kind, IssueRelation.to_id == ends[1]
    )
    if session.scalar(there) is not None:
        raise Conflict(f"{key.upper()} and {other.upper()} are related like this already.")
    if kind != RelationKind.RELATED and _leads(session, kind, target.id, issue.id):
        raise Conflict(f"{other.upper()} leads back to {key.upper()}: this would be a circle.")
    relation = IssueRelation(from_id=ends[0], kind=kind, to_id=ends[1], created_at=clock.now())
    session.add(relation)
    session.flush()
    _record(session, principal, relation, "related")
    return relation.id


def unrelate(session: Session, principal: Principal, key: str, relation_id: int) -> None:
    """Take a relation of the issue away. Raises `NotFound`, `Forbidden`."""
    principal.must(policy.TRIAGE.name, "Only maintainers relate issues.")
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    issue = readable_issue(session, principal, key)
    relation = session.get(IssueRelation, relation_id)
    if relation is None or issue.id not in (relation.from_id, relation.to_id):
        raise NotFound("There is no such relation.")
    _record(session, principal, relation, "unrelated")
    session.execute(delete(IssueRelation).where(IssueRelation.id == relation_id))


def list_relations(
    session: Session, principal: Principal, key: str, relation_id: int | None = None
) -> list[dict[str, Any]]:
    """Return the relations of an issue whose other end `principal` may see. Raises `NotFound`."""
    issue = readable_issue(session, principal, key)
    rows = session.execute(
        select(
            IssueRelation.id,
            IssueRelation.kind,
            IssueRelation.from_id,
            IssueRelation.created_at,
            Project.key,
            CURRENT.c.number,
            CURRENT.c.title,
            CURRENT.c.status,
        )
        .select_from(IssueRelation)
        .join(
            CURRENT,
            CURRENT.c.id
            == case(
                (IssueRelation.from_id == issue.id, IssueRelation.to_id),
                else_=IssueRelation.from_id,
            ),
        )
        .join(Project, Project.id == CURRENT.c.project_id)
        .where(
            or_(IssueRelation.from_id == issue.id, IssueRelation.to_id == issue.id),
            policy.visible_to(principal, CURRENT),
            true() if relation_id is None else IssueRelation.id == relation_id,
        )
        .order_by(IssueRelation.id)
    )
    return [
        {
            "id": row.id,
            "kind": row.kind if row.from_id == issue.id else INVERSE[row.kind],
            "key": f"{row.key}-{row.number}",
            "title": row.title,
            "status": row.status,
            "created_at": row.created_at,
        }
        for row in rows
    ]


def _leads(session: Session, kind: str, start: int, end: int) -> bool:
    """Tell whether relations of the kind lead from one issue to another."""
    steps = select(IssueRelation.to_id).where(
        IssueRelation.from_id == start, IssueRelation.kind == kind
    )
    reached = steps.cte("reached", recursive=True)
    reached = reached.union(
        select(IssueRelation.to_id)
        .join(reached, reached.c.to_id == IssueRelation.from_id)
        .where(IssueRelation.kind == kind)
    )
    found = select(reached.c.to_id).where(reached.c.to_id == end).limit(1)
    return session.scalar(found) is not None


def _record(session: Session, principal: Principal, relation: IssueRelation, kind: str) -> None:
    """Write the event of each end, in one change-set. Neither issue counts as updated.

    An update would tell those who may not see the other end that there is one.
    """
    ends = {
        row.id: row
        for row in session.execute(
            select(Issue.id, Issue.project_id, Issue.number, Project.key)
            .join(Project, Project.id == Issue.project_id)
            .where(Issue.id.in_([relation.from_id, relation.to_id]))
        )
    }
    change_set = uuid4()
    for mine, other, name in (
        (relation.from_id, relation.to_id, relation.kind),
        (relation.to_id, relation.from_id, INVERSE[relation.kind]),
    ):
        said = {
            "relation": relation.id,
            "kind": name,
            "issue": f"{ends[other].key}-{ends[other].number}",
        }
        record(
            session,
            principal,
            subject="issue",
            subject_id=mine,
            scope_id=ends[mine].project_id,
            kind=kind,
            field="relation",
            old=said if kind == "unrelated" else None,
            new=said if kind == "related" else None,
            change_set=change_set,
        )
