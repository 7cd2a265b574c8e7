"""How many issues a filter selects: as tallied, counted where that is cheap, or estimated.

Most filters ask for projects, statuses, severities and assignees alone. How many issues there are
of each is tallied whenever one changes, by triggers, so that their totals are exact at any size.
"""

from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    func,
    literal,
    select,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from issue_insight.db.prepared import Prepared
from plugins.issues.grammar.ast import And, Field, Node, Not, Or
from plugins.issues.grammar.compile import compile_filter
from plugins.issues.models import IssueTally, LabelTally, Project
from plugins.issues.policy import SEE_ALL
from plugins.issues.selection import Selection

MOST_COUNTED = 10_000
"""Beyond so many, what is not tallied is estimated."""
DEAREST_COUNT = 2_500
"""What counting may cost, in the planner's units (some milliseconds); beyond, it is estimated."""
_TALLIED = {"project", "status", "severity", "assignee"}


def count_issues(session: Session, selection: Selection) -> int:
    """Count the selected issues."""
    rows = select(func.count()).select_from(selection.relation).where(selection.where)
    return session.execute(rows).scalar_one()


def total_of(session: Session, selection: Selection, *, at_least: int) -> tuple[int, bool]:
    """Return how many issues are selected, and whether that is an estimate.

    `at_least` as many have been seen.
    """
    known = tallied_total(selection)
    if known is not None:
        return session.execute(known).scalar_one(), False
    return Total(selection).of(session.connection(), at_least=at_least)


class Total:
    """How many are selected where tallies cannot tell: counted where that is cheap, or estimated.

    `varying` names the values of the selection that are not known yet.
    """

    def __init__(self, selection: Selection, *varying: str) -> None:
        some = select(literal(1)).select_from(selection.relation).where(selection.where)
        some = some.limit(MOST_COUNTED + 1)
        count = select(func.count().label("number")).select_from(some.subquery())
        self._count = Prepared(count, *varying)

    def of(self, connection: Connection, *, at_least: int, **given: Any) -> tuple[int, bool]:
        """Return the number, and whether it is an estimate; `at_least` as many have been seen."""
        plan = self._count.plan(connection, **given)
        estimate = _rows_before_limit(plan)
        if plan["Total Cost"] <= DEAREST_COUNT:
            counted = at_least = self._count.rows(connection, **given)[0].number
            if counted <= MOST_COUNTED:
                return counted, False
        return max(estimate, at_least), True


def tallied_total(selection: Selection) -> Select[int] | None:
    """Return the statement that sums up how many are selected; None if the tallies cannot tell."""
    where = tallied(selection, _ISSUES)
    if where is None:
        return None
    return select(sql_cast(func.coalesce(func.sum(_ISSUES.c.number), 0), Integer)).where(where)


def _rows_before_limit(plan: dict[str, Any]) -> int:
    """Return how many rows the planner expects where the bound of a count is left out."""
    while plan["Node Type"] in ("Aggregate", "Limit", "Subquery Scan") and "Plans" in plan:
        plan = plan["Plans"][0]
    return int(plan["Plan Rows"])


def tallied(selection: Selection, tallies: FromClause) -> ColumnElement[bool] | None:
    """Return the condition on tallies that counts what is selected; None if they cannot tell."""
    known = selection.as_of is None and selection.principal.may(SEE_ALL.name)
    if not known or not _are_tallied(selection.query.where, tallies):
        return None
    there = select(Project.id).where(Project.deleted_at.is_(None))
    wanted = compile_filter(selection.query, tallies, selection.context)
    return and_(tallies.c.project_id.in_(there), wanted)


def _are_tallied(node: Node | None, tallies: FromClause) -> bool:
    match node:
        case None:
            return True
        case Not(of):
            return _are_tallied(of, tallies)
        case And(of) | Or(of):
            return all(_are_tallied(child, tallies) for child in of)
        case Field("assignee"):
            return "assignee_id" in tallies.c
        case Field("is", _, values):
            return {value.lower() for value in values} <= {"open", "closed"}
        case Field(name):
            return name in _TALLIED
        case _:
            return False


def fold(session: Session) -> str:
    """Add up what was tallied one by one, so that few rows tell the same."""
    folded = [session.execute(text(statement)).scalar_one() for statement in _FOLDS]
    return f"{sum(folded)} rows added up"


_ISSUES = cast(Table, IssueTally.__table__)
_LABELS = cast(Table, LabelTally.__table__)
# Whoever reads meanwhile sees either the rows or their sum; whoever folds at the same time finds
# the rows gone.
_FOLD = """
    WITH several AS (
        SELECT project_id, status, severity, {last}
        FROM {table} GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM {table} t USING several s
        WHERE t.project_id = s.project_id AND t.status = s.status
            AND t.severity IS NOT DISTINCT FROM s.severity
            AND t.{last} IS NOT DISTINCT FROM s.{last}
        RETURNING t.*
    ), sums AS (
        INSERT INTO {table} (project_id, status, severity, {last}, number)
        SELECT project_id, status, severity, {last}, sum(number)
        FROM gone GROUP BY 1, 2, 3, 4 HAVING sum(number) <> 0
    )
    SELECT count(*) FROM gone
"""
_FOLDS = [
    _FOLD.format(table="issue_tallies", last="assignee_id"),
    _FOLD.format(table="label_tallies", last="label"),
]
