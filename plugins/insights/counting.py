"""Counting: in which bucket an instant lies, and how many issues stood where at each instant."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Select,
    bindparam,
    column,
    func,
    select,
    union_all,
    values,
)

from issue_insight.errors import FieldError, Invalid
from plugins.insights.asked import Asked
from plugins.insights.splitting import split
from plugins.issues.api import (
    SEE_ALL,
    IssueVersion,
    Query,
    Term,
    is_own,
    open_periods,
    select_versions,
    visible_to,
)
from plugins.stats.api import MOST_DAYS, NO_SEVERITY, count_cells

MOST_LISTS = 120
"""How many instants are looked at for one request where each takes a query of its own."""
_VERSIONS = IssueVersion.__table__

Standing = dict[tuple[Any, ...], list[int]]
"""How many issues stood there at each instant, by what they are told apart by."""


def instants(found: list[datetime]) -> Any:
    """Return instants as one value of PostgreSQL."""
    return bindparam(None, found, ARRAY(DateTime(timezone=True)))


def place_of(instant: ColumnElement[Any], edges: list[datetime]) -> ColumnElement[int]:
    """Return in which bucket an instant lies: from 0; -1 before all, the number of them after."""
    return func.width_bucket(instant, instants(edges), type_=Integer) - 1


def standing_at_ends(asked: Asked, columns: tuple[str, ...]) -> Standing:
    """Count the issues that the list shows when each bucket ended, by `columns` and the split.

    The columns are `status`, or `status` and `severity`.
    """
    moments = [asked.end_of(bucket) for bucket in asked.buckets]
    stored = _stored(asked, columns)
    return standing(asked, columns, moments) if stored is None else stored


def _stored(asked: Asked, columns: tuple[str, ...]) -> Standing | None:
    """Return the same from the daily counts, where these tell it: of everything, or a project.

    They are exact up to this moment, whenever they were brought up to date last.
    """
    project = _only_project(asked.query)
    if asked.as_of is not None or asked.by is not None or project is None:
        return None
    places = {min(bucket.last, asked.today): n for n, bucket in enumerate(asked.buckets)}
    first, last = min(places), max(places)
    if (last - first).days >= MOST_DAYS:
        return None
    try:
        counted = count_cells(
            asked.session,
            asked.principal,
            asked.zone,
            asked.seen,
            first,
            last,
            project or None,
            only=places.keys(),
        )
    except Invalid:  # no such project: the list is empty, and says no more than that
        return {}
    found: Standing = {}
    for row in counted.rows:
        if row.day in places:
            severity = None if row.severity == NO_SEVERITY else row.severity
            of = (*(row.status, severity)[: len(columns)], None)
            found.setdefault(of, [0] * len(asked.buckets))[places[row.day]] += row.number
    return found


def _only_project(query: Query) -> str | None:
    """Return the project that is all a filter asks for, "" where it asks for nothing."""
    match query.where:
        case None:
            return ""
        case Term("project", "=", (key,)):
            return key
        case _:
            return None


def standing(asked: Asked, columns: tuple[str, ...], moments: list[datetime]) -> Standing:
    """Count the issues that the list shows as of each moment, by `columns` and the split.

    A filter that means the same as long as a version lasts is answered in one go: a version adds
    one from the first moment that it is there and takes it away at the first when it is not. For
    any other the list of each moment is asked for itself. Raises `Invalid` where those are many.
    """
    where = select_versions(asked.session, asked.principal, asked.query, asked.zone)
    if where is None:
        return _one_by_one(asked, columns, moments)
    ends = [moment + timedelta(microseconds=1) for moment in moments]
    source, key = split(_VERSIONS, asked.by)
    named = [*[_VERSIONS.c[name].label(name) for name in columns], key.label("key")]
    names = [*columns, "key"]
    parts = []
    for within, begins, ends_at, seen in _seen(asked, source):
        edge = (
            values(column("at", DateTime(timezone=True)), column("change", Integer), name="edge")
            .data([(begins, 1), (ends_at, -1)])
            .lateral()
        )
        n = func.width_bucket(edge.c.at, instants(ends), type_=Integer).label("n")
        parts.append(
            select(*named, n, edge.c.change)
            .select_from(within.join(edge, edge.c.at < ends[-1]))
            .where(where, seen, begins < ends[-1], ends_at >= ends[0], begins < ends_at)
        )
    edges = union_all(*parts).subquery("edges")
    keys = [edges.c[name] for name in names]
    rows = asked.session.execute(
        select(*keys, edges.c.n, func.sum(edges.c.change).label("change")).group_by(
            *keys, edges.c.n
        )
    ).all()
    changes: dict[tuple[Any, ...], list[int]] = {}
    for *of, n, change in rows:
        changes.setdefault(tuple(of), [0] * len(ends))[n] += change
    return {of: list(accumulate(each)) for of, each in changes.items()}


def _seen(asked: Asked, source: FromClause) -> list[tuple[FromClause, Any, Any, Any]]:
    """Return from where, from when to when, and which versions the caller could see."""
    begins, ends = _VERSIONS.c.valid_from, _VERSIONS.c.valid_to
    visible = visible_to(asked.principal, _VERSIONS)
    if asked.principal.may(SEE_ALL.name):
        return [(source, begins, ends, visible)]
    own = is_own(asked.principal, _VERSIONS)
    # What a project shows to everybody it must have shown then: no more than those periods.
    open_to_all = open_periods()
    return [
        (source, begins, ends, visible & own),
        (
            source.join(open_to_all, open_to_all.c.project_id == _VERSIONS.c.project_id),
            func.greatest(begins, open_to_all.c.begins),
            func.least(ends, open_to_all.c.ends),
            visible & ~own,
        ),
    ]


def _one_by_one(asked: Asked, columns: tuple[str, ...], moments: list[datetime]) -> Standing:
    if len(moments) > MOST_LISTS:
        raise Invalid(
            "These are too many instants for this filter.",
            [
                FieldError(
                    "?from",
                    f"makes {len(moments)} instants, at each of which the filter means something "
                    f"else; at most {MOST_LISTS} are looked at: ask for weeks or months",
                )
            ],
        )
    found: Standing = {}
    for n, moment in enumerate(moments):
        for of, number in _at_once(asked, columns, moment).items():
            found.setdefault(of, [0] * len(moments))[n] = number
    return found


def _at_once(asked: Asked, columns: tuple[str, ...], moment: datetime) -> Counter[Any]:
    selection = asked.selection_at(moment)
    source, key = split(selection.relation, asked.by)
    named = [*[selection.relation.c[name] for name in columns], key]
    rows: Select[*tuple[Any, ...]] = (
        select(*named, func.count()).select_from(source).where(selection.where).group_by(*named)
    )
    return Counter({tuple(of): number for *of, number in asked.session.execute(rows)})
