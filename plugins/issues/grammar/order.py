"""From the sort keys of a `Query` to the columns that a relation is ordered by."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, case, cast, func, select

from plugins.issues.fields import Severity, Status
from plugins.issues.grammar.ast import Query, SortKey
from plugins.issues.grammar.searching import searched, standing
from plugins.issues.models import Instant, SearchDocument

RANK = {severity.value: rank for rank, severity in enumerate(Severity, start=1)}


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One column to order by; nulls are last in either direction."""

    column: ColumnElement[Any]
    descending: bool
    nullable: bool = False


def order_by(query: Query, relation: FromClause, as_of: Instant | None = None) -> list[SortColumn]:
    """Return the order, which is total: the id decides last. Newest change first by default."""
    columns = [
        column for key in query.sort for column in _sort_columns(key, query, relation, as_of)
    ] or [SortColumn(relation.c.updated_at, True)]
    return [*columns, SortColumn(relation.c.id, columns[0].descending)]


def _sort_columns(
    key: SortKey,
    query: Query,
    relation: FromClause,
    as_of: Instant | None,
) -> list[SortColumn]:
    c, down = relation.c, key.descending
    match key.name:
        case "severity":
            return [SortColumn(case(RANK, value=c.severity), down, nullable=True)]
        case "due":
            return [SortColumn(c.due_date, down, nullable=True)]
        case "closed":
            return [SortColumn(c.closed_at, down, nullable=True)]
        case "key":
            return [SortColumn(c.project_id, down), SortColumn(c.number, down)]
        case "status":
            order = {status.value: place for place, status in enumerate(Status)}
            return [SortColumn(case(order, value=c.status), down)]
        case "relevance":
            rank = _rank(query, relation, as_of)
            # Without words all are as relevant as each other.
            return [] if rank is None else [SortColumn(rank, not down)]
        case _:
            return [SortColumn(c[f"{key.name}_at"], down)]


def _rank(query: Query, relation: FromClause, as_of: Instant | None) -> ColumnElement[Any] | None:
    asked = searched(query)
    if asked is None:
        return None
    best = (
        # Whole millionths, so that a cursor meets the same value again.
        select(
            cast(
                func.coalesce(func.max(func.ts_rank(SearchDocument.search, asked)), 0) * 1_000_000,
                Integer,
            )
        )
        .where(SearchDocument.issue_id == relation.c.id, standing(as_of))
        .correlate(relation)
    )
    return best.scalar_subquery()
