"""How issues relate: duplicates, what blocks what, what else belongs together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import Conflict, FieldError, Invalid, NotFound
from issue_insight.http.paging import CursorSigner
from issue_insight.journal import Event, record
from plugins.issues import policy
from plugins.issues.fields import RelationKind
from plugins.issues.models import INFINITY, Issue, IssueRelation, Project
from plugins.issues.queries import readable_issue
from plugins.issues.relations import related_at, relation_at

INVERSE = {"duplicate_of": "duplicates", "blocks": "blocked_by", "related": "related"}
LISTED_BY = {
    "duplicate_of": "has_duplicate",
    "blocked_by": "blocks",
    "blocks": "blocked_by",
    "related": "related_to",
    "duplicates": "duplicate_of",
}
"""The field of the filter that lists the others, by what an issue is to them.

In the order in which relations are listed: what may be very many comes last.
"""
_KINDS = list(LISTED_BY)
_LOCK = 4_118_350_927  # an arbitrary number that stands for "relating issues" among advisory locks
_TABLE = cast(Table, IssueRelation.__table__)


def relate(
    session: Session, principal: Principal, key: str, kind: str, other: str
) -> tuple[int, UUID]:
    """Relate two issues; return the relation's id and the change-set.

    Raises `NotFound`, `Forbidden`, `Invalid` where there is no other issue, and `Conflict` for an
    issue with itself, what is there already, and a circle of duplicates or blockers.
    """
    principal.must(policy.TRIAGE.name, "Only maintainers relate issues.")
    one_at_a_time(session)
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
    if _standing(session, ends[0], kind, ends[1]) is not None:
        raise Conflict(f"{key.upper()} and {other.upper()} are related like this already.")
    _refuse_circle(session, kind, ends, (key.upper(), other.upper()))
    at, change_set = clock.now(), uuid4()
    made = session.execute(
        insert(_TABLE)
        .values(from_id=ends[0], kind=kind, to_id=ends[1], created_at=at, valid_from=at)
        .returning(*[c for c in _TABLE.c if c.name != "valid_to"])
    ).one()
    _record(session, principal, made, "related", at, change_set)
    return int(made.id), change_set


def unrelate(session: Session, principal: Principal, key: str, relation_id: int) -> UUID:
    """Take a relation of the issue away; return the change-set. Raises `NotFound`, `Forbidden`."""
    principal.must(policy.TRIAGE.name, "Only maintainers relate issues.")
    one_at_a_time(session)
    issue = readable_issue(session, principal, key)
    relation = _latest(session, relation_id)
    if (
        relation is None
        or not relation.stands
        or issue.id not in (relation.from_id, relation.to_id)
    ):
        raise NotFound("There is no such relation.")
    change_set = uuid4()
    _end(session, principal, relation, change_set)
    return change_set


def list_relations(
    session: Session,
    principal: Principal,
    key: str,
    *,
    as_of: datetime | None,
    limit: int,
    cursor: str | None,
    signer: CursorSigner,
) -> dict[str, Any]:
    """Return a page of what the issue is to others that `principal` may see, kind by kind.

    With how many there are of each kind, and the filter that lists them. Raises `NotFound`.
    """
    issue = readable_issue(session, principal, key, as_of)
    place, there = _place(issue.id), _relations(principal, issue.id, as_of)
    rows = there.order_by(place, _TABLE.c.id).limit(limit + 1)
    context = f"relations of {issue.id}"
    if cursor is not None:
        rows = rows.where(tuple_(place, _TABLE.c.id) > tuple_(*signer.open(cursor, context)))
    found = session.execute(rows).all()
    page = found[:limit]
    counted = there.with_only_columns(place, func.count()).group_by(place).order_by(place)
    kinds = [
        {"kind": kind, "total": total, "q": f"{LISTED_BY[kind]}:{key.upper()}"}
        for kind, total in ((_KINDS[place], total) for place, total in session.execute(counted))
    ]
    return {
        "items": [_shown(row) for row in page],
        "next": signer.seal([page[-1].place, page[-1].id], context) if len(found) > limit else None,
        "total": sum(of_kind["total"] for of_kind in kinds),
        "total_is_estimate": False,
        "kinds": kinds,
    }


def read_relation(
    session: Session, principal: Principal, key: str, relation_id: int
) -> dict[str, Any]:
    """Return one relation of the issue, which stands. Raises `NotFound` for such an issue."""
    issue = readable_issue(session, principal, key)
    rows = _relations(principal, issue.id, None).where(_TABLE.c.id == relation_id)
    return _shown(session.execute(rows).one())


def _relations(
    principal: Principal, issue_id: int, as_of: datetime | None
) -> Select[*tuple[Any, ...]]:
    others = relation_at(as_of)
    other_end = case((_TABLE.c.from_id == issue_id, _TABLE.c.to_id), else_=_TABLE.c.from_id)
    return (
        select(
            _TABLE.c.id,
            _place(issue_id).label("place"),
            _TABLE.c.created_at,
            Project.key,
            others.c.number,
            others.c.title,
            others.c.status,
        )
        .select_from(_TABLE)
        .join(others, others.c.id == other_end)
        .join(Project, Project.id == others.c.project_id)
        .where(
            or_(_TABLE.c.from_id == issue_id, _TABLE.c.to_id == issue_id),
            related_at(_TABLE, as_of),
            policy.visible_to(principal, others, as_of),
        )
    )


def _place(issue_id: int) -> ColumnElement[int]:
    """Return the place among `_KINDS` of what an issue is to the other one."""
    mine = _TABLE.c.from_id == issue_id
    return case(
        *[
            (and_(mine, _TABLE.c.kind == kind), _KINDS.index(kind))
            for kind in ("duplicate_of", "blocks")
        ],
        *[(_TABLE.c.kind == kind, _KINDS.index(inverse)) for kind, inverse in INVERSE.items()],
    )


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": _KINDS[row.place],
        "key": f"{row.key}-{row.number}",
        "title": row.title,
        "status": row.status,
        "created_at": row.created_at,
    }


def one_at_a_time(session: Session) -> None:
    """Let nobody else relate issues until the transaction ends; before any row is locked.

    Two halves of a circle do not see each other.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def conflicts(session: Session, events: Sequence[Event], keys: dict[int, str]) -> list[Any]:
    """Return what speaks against taking back these events of relations, as a change-set says it.

    A relation was taken away since, or it was made anew. `keys` are those of the issues.
    """
    found = []
    for event, relation in _undone(session, events):
        there = _standing(session, relation.from_id, relation.kind, relation.to_id)
        expected = relation.id if event.kind == "related" else None
        if there != expected:
            said = {"key": keys[event.subject_id], "field": "relation", "set": event.new}
            found.append(said | {"found": None if there is None else {"relation": there}})
    return found


def take_back(
    session: Session, principal: Principal, events: Sequence[Event], change_set: UUID
) -> set[int]:
    """Take away what the events related, and put back what they took away; return the issues.

    What is put back has its former id. Raises `Forbidden`, and `Conflict` for a circle.
    """
    principal.must(policy.TRIAGE.name, "Only maintainers relate issues.")
    changed: set[int] = set()
    for event, relation in _undone(session, events):
        if event.kind == "related":
            _end(session, principal, relation, change_set)
        else:
            ends = _ends(session, relation)
            said = (_key(ends[relation.from_id]), _key(ends[relation.to_id]))
            _refuse_circle(session, relation.kind, (relation.from_id, relation.to_id), said)
            at = max(clock.now(), relation.valid_from)
            names = ("id", "from_id", "kind", "to_id", "created_at")
            back = {name: relation._mapping[name] for name in names} | {"valid_from": at}
            # Taken away and put back at one instant, it was always there.
            session.execute(
                upsert(_TABLE)
                .values(back)
                .on_conflict_do_update(
                    index_elements=["id", "valid_from"], set_={"valid_to": INFINITY}
                )
            )
            _record(session, principal, relation, "related", at, change_set)
        changed |= {relation.from_id, relation.to_id}
    return changed


def _undone(session: Session, events: Sequence[Event]) -> list[tuple[Event, Row[Any]]]:
    """Return each relation once, with what happened to it: both ends have an event of it."""
    first: dict[int, Event] = {}
    for event in events:
        first.setdefault((event.new or event.old)["relation"], event)
    found = [(event, _latest(session, relation)) for relation, event in first.items()]
    return [(event, relation) for event, relation in found if relation is not None]


def _latest(session: Session, relation_id: int) -> Row[Any] | None:
    """Return the last period of a relation; `stands` says whether it goes on."""
    rows: Select[*tuple[Any, ...]] = (
        # All but the end of the period, which may be without one: Python knows no such instant.
        select(*[column for column in _TABLE.c if column.name != "valid_to"])
        .add_columns((_TABLE.c.valid_to == INFINITY).label("stands"))
        .where(_TABLE.c.id == relation_id)
        .order_by(_TABLE.c.valid_from.desc())
        .limit(1)
    )
    return session.execute(rows).one_or_none()


def _standing(session: Session, from_id: int, kind: str, to_id: int) -> int | None:
    return session.scalar(
        select(_TABLE.c.id).where(
            _TABLE.c.from_id == from_id,
            _TABLE.c.kind == kind,
            _TABLE.c.to_id == to_id,
            related_at(_TABLE, None),
        )
    )


def _end(session: Session, principal: Principal, relation: Row[Any], change_set: UUID) -> None:
    at = max(clock.now(), relation.valid_from)  # clocks may be set back
    session.execute(
        update(_TABLE)
        .where(_TABLE.c.id == relation.id, related_at(_TABLE, None))
        .values(valid_to=at)
    )
    _record(session, principal, relation, "unrelated", at, change_set)


def _refuse_circle(
    session: Session, kind: str, ends: tuple[int, int], said: tuple[str, str]
) -> None:
    if kind != RelationKind.RELATED and _leads(session, kind, ends[1], ends[0]):
        raise Conflict(f"{said[1]} leads back to {said[0]}: this would be a circle.")


def _leads(session: Session, kind: str, start: int, end: int) -> bool:
    """Tell whether relations of the kind lead from one issue to another."""
    of_kind = (_TABLE.c.kind == kind, related_at(_TABLE, None))
    steps = select(_TABLE.c.to_id).where(_TABLE.c.from_id == start, *of_kind)
    reached = steps.cte("reached", recursive=True)
    reached = reached.union(
        select(_TABLE.c.to_id).join(reached, reached.c.to_id == _TABLE.c.from_id).where(*of_kind)
    )
    found = select(reached.c.to_id).where(reached.c.to_id == end).limit(1)
    return session.scalar(found) is not None


def _ends(session: Session, relation: Row[Any]) -> dict[int, Any]:
    rows = session.execute(
        select(Issue.id, Issue.project_id, Issue.number, Project.key)
        .join(Project, Project.id == Issue.project_id)
        .where(Issue.id.in_([relation.from_id, relation.to_id]))
    )
    return {row.id: row for row in rows}


def _key(end: Any) -> str:
    return f"{end.key}-{end.number}"


def _record(
    session: Session,
    principal: Principal,
    relation: Row[Any],
    kind: str,
    at: datetime,
    change_set: UUID,
) -> None:
    """Write the event of each end, in one change-set. Neither issue counts as updated.

    An update would tell those who may not see the other end that there is one.
    """
    ends = _ends(session, relation)
    for mine, other, name in (
        (relation.from_id, relation.to_id, relation.kind),
        (relation.to_id, relation.from_id, INVERSE[relation.kind]),
    ):
        said = {"relation": relation.id, "kind": name, "issue": _key(ends[other])}
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
            at=at,
            change_set=change_set,
        )
