"""Who sees which change: the state before and after it, through the eyes of many at once.

One look for all who see by the same rules and ask by the same filter, whatever their number;
visibility and filter are the ones of every list, put to the versions of the instants of the
changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    Select,
    and_,
    func,
    literal_column,
    not_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.db import UtcDateTime
from issue_insight.journal import Event
from plugins.issues import policy
from plugins.issues.grammar.compile import FilterContext, compile_filter
from plugins.issues.grammar.narrow import is_personal
from plugins.issues.grammar.parse import GrammarError, parse
from plugins.issues.models import Issue, IssueVersion, Project
from plugins.roles.api import find_user

INSTANT = timedelta(microseconds=1)
"""PostgreSQL's resolution: the state before a change is the one this much earlier."""

TOGETHER = 8
"""How many groups one query is about."""

Match = Literal["entered", "changed", "left", "gone"]


@dataclass(frozen=True, slots=True)
class Touched:
    """One event of an issue."""

    event_id: int
    issue_id: int
    at: datetime
    relates: bool = False
    """Whether it is of a relation, which is told to whoever may see the other end as well."""


@dataclass(frozen=True, slots=True)
class Group:
    """Users who see by the same rules, those of `principal`, and watch by the same filter."""

    principal: Principal
    users: Sequence[int]
    q: str


@dataclass(frozen=True, slots=True)
class Sight:
    """How an event looks to `users`, of those who were asked for.

    The issue `entered` what they watch, `changed` in it or `left` it; it is `gone` where they may
    not see it any more, so that nothing of the change may be told but that.
    """

    event_id: int
    match: Match
    users: frozenset[int]


_SEEN = text(
    "unnest(CAST(:event_ids AS bigint[]), CAST(:issue_ids AS bigint[]),"
    " CAST(:instants AS timestamptz[]), CAST(:sides AS text[]))"
    " AS seen (event_id, issue_id, instant, side)"
)
_LOG = Event.__table__
_VIEWERS = [
    text(f"unnest(CAST(:viewers_{place} AS bigint[])) AS viewers (id)") for place in range(TOGETHER)
]
# Where the filter does not ask who is asking, two pairs of eyes tell for all: somebody who has
# reported nothing, and whoever reported the issue.
_EYES = text("unnest(ARRAY[0, now.reporter_id]) AS viewers (id)")
_STRANGER = 0
# Made once: to make an alias takes longer than most queries.
_THEN, _NOW = IssueVersion.__table__.alias("then"), Issue.__table__.alias("now")
# Literal columns belong to no table, so that no subquery takes them for its own.
_INSTANT = literal_column("seen.instant", UtcDateTime())
_VIEWER = literal_column("viewers.id", BigInteger())
_EVENT = literal_column("seen.event_id", BigInteger())
_SIDE: Any = literal_column("seen.side")
_OF_ISSUE = literal_column("seen.issue_id", BigInteger())


def sights(
    session: Session, groups: Sequence[Group], touched: Sequence[Touched], zone: ZoneInfo
) -> list[list[Sight]]:
    """Tell for each group how its users see the events.

    Groups are asked some at a time in one query: on a busy machine each turn to the database and
    back costs more than what it asks.
    """
    found: list[dict[tuple[int, str], Row[Any]]] = [{} for _ in groups]
    parameters: dict[str, Any] = _both_sides(touched)
    for first in range(0, len(groups), TOGETHER):
        asked = []
        for place, group in enumerate(groups[first : first + TOGETHER]):
            rows = _rows(session, group, place, touched, zone)
            if rows is not None:
                asked.append(rows)
                parameters[f"viewers_{place}"] = list(group.users)
        if asked:
            for row in session.execute(union_all(*asked), parameters):
                found[first + row.place][row.event_id, row.side] = row
    return [
        [
            Sight(touch.event_id, match, seen)
            for touch in touched
            for match, seen in _matches(rows, touch.event_id, frozenset(group.users))
            if seen
        ]
        for group, rows in zip(groups, found, strict=True)
    ]


def _rows(
    session: Session, group: Group, place: int, touched: Sequence[Touched], zone: ZoneInfo
) -> Select[*tuple[Any, ...]] | None:
    """Return the query of one group, None where its filter cannot be read any more."""
    principal = group.principal
    context = FilterContext(
        now=clock.now(),
        zone=zone,
        user_id=_VIEWER,
        as_of=_INSTANT,
        find_user=lambda name: find_user(session, name),
        visible=lambda others: policy.visible_to(principal, others, _INSTANT, user=_VIEWER),
    )
    try:
        query = parse(group.q)
        wanted = compile_filter(query, _THEN, context)
    except GrammarError:
        return None  # it was a filter when the watching began: who it named is not there any more
    personal = is_personal(query.where) or any(touch.relates for touch in touched)
    there = policy.visible_to(principal, _NOW, user=_VIEWER)
    told = policy.told_to(principal, _VIEWER)
    then_there = policy.visible_to(principal, _THEN, _INSTANT, user=_VIEWER, by_now=False)
    return (
        select(
            literal_column(str(place), Integer()).label("place"),
            _EVENT.label("event_id"),
            _SIDE.label("side"),
            func.array_agg(_VIEWER).filter(there, told).label("open"),
            func.array_agg(_VIEWER).filter(not_(there)).label("closed"),
        )
        .select_from(
            _SEEN,
            _THEN.join(_NOW, _NOW.c.id == _THEN.c.id),
            _VIEWERS[place] if personal else _EYES,
            _LOG,
        )
        .where(
            _LOG.c.id == _EVENT,
            _THEN.c.id == _OF_ISSUE,
            _THEN.c.valid_from <= _INSTANT,
            _THEN.c.valid_to > _INSTANT,
            and_(then_there, wanted),
        )
        .group_by(_EVENT, _SIDE)
    )


def _matches(
    found: dict[tuple[int, str], Row[Any]], event_id: int, users: frozenset[int]
) -> list[tuple[Match, frozenset[int]]]:
    before, after = found.get((event_id, "before")), found.get((event_id, "after"))
    was, gone = _split(before, users)
    is_, _ = _split(after, users)
    return [("entered", is_ - was), ("changed", is_ & was), ("left", was - is_), ("gone", gone)]


def _split(row: Row[Any] | None, users: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Return who sees the state and still sees the issue, and who sees it no more."""
    if row is None:
        return frozenset(), frozenset()
    there, gone = frozenset(row.open or ()), frozenset(row.closed or ())
    return (
        ((users if _STRANGER in there else there & users) - gone),
        ((users if _STRANGER in gone else gone & users) - there),
    )


def _both_sides(touched: Sequence[Touched]) -> dict[str, list[Any]]:
    return {
        "event_ids": [touch.event_id for touch in touched] * 2,
        "issue_ids": [touch.issue_id for touch in touched] * 2,
        "instants": [t.at - INSTANT for t in touched] + [t.at for t in touched],
        "sides": ["before"] * len(touched) + ["after"] * len(touched),
    }


_VERSION_THEN = (
    select(_THEN.c.version)
    .where(_THEN.c.id == _OF_ISSUE, _THEN.c.valid_from <= _INSTANT, _THEN.c.valid_to > _INSTANT)
    .scalar_subquery()
)
_PROJECTS = cast(Any, Project.__table__)
_TOUCHED = (
    select(_EVENT.label("event_id"), _PROJECTS.c.key, _NOW.c.number, _VERSION_THEN.label("version"))
    .select_from(_SEEN, _NOW.join(_PROJECTS, _PROJECTS.c.id == _NOW.c.project_id))
    .where(_NOW.c.id == _OF_ISSUE)
)


def touched_issues(
    session: Session, touched: Sequence[Touched]
) -> dict[int, tuple[str, str, int | None]]:
    """Return, by event, the issue's key, its project's key, and its version after the event."""
    rows = session.execute(
        _TOUCHED,
        {
            "event_ids": [touch.event_id for touch in touched],
            "issue_ids": [touch.issue_id for touch in touched],
            "instants": [touch.at for touch in touched],
            "sides": ["after"] * len(touched),
        },
    )
    return {row.event_id: (f"{row.key}-{row.number}", row.key, row.version) for row in rows}
