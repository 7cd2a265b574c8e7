"""From spans of time in which issues stood somewhere to how many stood there at each day's end.

A span adds one from the first day that ends after its beginning and takes it away from the first
day that ends after its end; the running sum of these changes is the count. So each span is touched
twice, however many days it lasts: five years of 100,000 issues take seconds.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Date,
    DateTime,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from issue_insight.journal import Event
from plugins.issues.api import IssueVersion
from plugins.stats.days import Days

NO_SEVERITY = "none"
_VERSIONS = IssueVersion.__table__
_INFINITY = cast(literal("infinity", String), DateTime(timezone=True))

Spans = Select[int, str, str, object, object]
Counts = Select[int, object, str, str, int]
"""Rows of project_id, day, status, severity, count; none where the count is 0."""


def version_spans(
    days: Days, where: ColumnElement[bool], within: FromClause | None = None
) -> Spans:
    """Return the versions of issues that `where` (a condition on the versions) lets through.

    With `within`, rows of project_id, begins, ends: only as far as they lie in those periods.
    """
    begins: ColumnElement[Any] = _VERSIONS.c.valid_from
    ends: ColumnElement[Any] = _VERSIONS.c.valid_to
    source: FromClause = _VERSIONS
    if within is not None:
        source = _VERSIONS.join(within, within.c.project_id == _VERSIONS.c.project_id)
        begins = func.greatest(begins, within.c.begins)
        ends = func.least(ends, within.c.ends)
        where = where & (begins < ends)
    spans = select(
        _VERSIONS.c.project_id,
        _VERSIONS.c.status,
        func.coalesce(_VERSIONS.c.severity, NO_SEVERITY).label("severity"),
        begins.label("begins"),
        ends.label("ends"),
    ).select_from(source)
    return spans.where(
        where,
        _VERSIONS.c.deleted_at.is_(None),
        # What is over before the first day's end, or not begun at the last one's, counts nowhere.
        _VERSIONS.c.valid_from < days.ends[-1],
        _VERSIONS.c.valid_to >= days.ends[0],
    )


def event_spans(project_id: int) -> Spans:
    """Return the same from the event log alone, with no help of the versions."""
    created, field = Event.kind == "created", Event.field
    value = Event.new.op("#>>")(literal("{}"))

    def of(name: str, default: str | None = None) -> ColumnElement[str | None]:
        """Return what the event sets `name` to; null where it leaves it alone."""
        first: ColumnElement[str | None] = Event.new[name].astext
        later: ColumnElement[str | None] = value
        if default is not None:
            first, later = func.coalesce(first, default), func.coalesce(later, default)
        return case((created, first), (field == name, later))

    changes = (
        select(
            Event.subject_id,
            Event.at,
            Event.id,
            of("status").label("status"),
            of("severity", NO_SEVERITY).label("severity"),
            of("deleted", "false").label("deleted"),
        )
        .where(
            Event.scope_id == project_id,
            Event.subject == "issue",
            or_(
                created,
                and_(Event.kind == "changed", field.in_(["status", "severity", "deleted"])),
            ),
        )
        .subquery("changes")
    )
    order = (changes.c.at, changes.c.id)
    names = ("status", "severity", "deleted")
    # Each value holds until the next one: number the values, and give all rows of a number its own.
    numbered = select(
        changes,
        *[
            func.count(changes.c[name])
            .over(partition_by=changes.c.subject_id, order_by=order)
            .label(f"{name}_number")
            for name in names
        ],
    ).subquery("numbered")
    order = (numbered.c.at, numbered.c.id)
    states = select(
        *[
            func.first_value(numbered.c[name])
            .over(
                partition_by=(numbered.c.subject_id, numbered.c[f"{name}_number"]), order_by=order
            )
            .label(name)
            for name in names
        ],
        numbered.c.at.label("begins"),
        func.lead(numbered.c.at, 1, _INFINITY)
        .over(partition_by=numbered.c.subject_id, order_by=order)
        .label("ends"),
    ).subquery("states")
    return select(
        literal(project_id, BigInteger).label("project_id"),
        states.c.status,
        states.c.severity,
        states.c.begins,
        states.c.ends,
    ).where(states.c.deleted == "false")


def counts(spans: Spans | CompoundSelect[*tuple[Any, ...]], days: Days) -> Counts:
    """Return how many spans cover the end of each day, by project, status and severity."""
    # No name of its own: a statement may count several kinds of spans.
    source = spans.cte()
    kind = ("project_id", "status", "severity")
    ends = bindparam(None, days.ends, ARRAY(DateTime(timezone=True)))
    edges = union_all(
        *[
            select(
                *[source.c[name] for name in kind],
                # How many days have ended by then: the index of the first that has not.
                func.width_bucket(edge, ends, type_=Integer).label("n"),
                literal(change).label("change"),
            )
            for edge, change in ((source.c.begins, 1), (source.c.ends, -1))
        ]
    ).subquery("edges")
    changes = (
        select(
            *[edges.c[name] for name in kind],
            edges.c.n,
            func.sum(edges.c.change).label("change"),
        )
        .where(edges.c.n < len(days.days))
        .group_by(*[edges.c[name] for name in kind], edges.c.n)
        .subquery("changes")
    )
    each, order = [changes.c[name] for name in kind], changes.c.n
    # Between two changes the count stays: a row for each day of it, and none where it is 0.
    steps = select(
        *each,
        changes.c.n,
        func.lead(changes.c.n, 1, len(days.days))
        .over(partition_by=each, order_by=order)
        .label("until"),
        func.sum(changes.c.change).over(partition_by=each, order_by=order).label("count"),
    ).subquery("steps")
    places = (
        func.generate_series(steps.c.n, steps.c.until - 1)
        .table_valued("place")
        .render_derived("places")
        .lateral()
    )
    return (
        select(
            steps.c.project_id,
            cast(literal(days.days[0], Date) + cast(places.c.place, Integer), Date).label("day"),
            steps.c.status,
            steps.c.severity,
            cast(steps.c["count"], Integer).label("count"),
        )
        .join(places, true())
        .where(steps.c["count"] > 0)
    )
