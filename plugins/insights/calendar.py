"""Time without days off: how much of it had passed at an instant, in SQL.

Days begin and end in the instance's time zone, so that one on which clocks change has its 23 or 25
hours. An instance's days off are days of the week, and dates.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    bindparam,
    case,
    cast,
    extract,
    func,
    select,
)

from plugins.stats.api import FIRST_DAY

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MICROSECOND = timedelta(microseconds=1)

Stretch = tuple[datetime, int, bool]
"""From when on, how many microseconds of work had passed by then, and whether work goes on."""


@lru_cache(maxsize=8)
def stretches(days_off: tuple[str, ...], zone: ZoneInfo, last: date) -> tuple[Stretch, ...]:
    """Return the stretches of days on and days off, from the first day to the one after `last`."""
    found: list[Stretch] = []
    worked = 0
    for begin, works in _turns(frozenset(days_off), zone, last):
        if found:
            before, _, on = found[-1]
            worked += (begin - before) // _MICROSECOND if on else 0
        found.append((begin, worked, works))
    return tuple(found)


def _turns(days_off: frozenset[str], zone: ZoneInfo, last: date) -> Iterator[tuple[datetime, bool]]:
    day, before = FIRST_DAY, None
    while day <= last + timedelta(days=1):
        works = _WEEKDAYS[day.weekday()] not in days_off and day.isoformat() not in days_off
        if works != before:
            yield datetime.combine(day, time(), zone).astimezone(UTC), works
        day, before = day + timedelta(days=1), works


def worked_until(rows: Sequence[Stretch], instant: datetime) -> int:
    """Return how many microseconds of work had passed at an instant."""
    place = max(bisect_right(rows, instant, key=lambda row: row[0]) - 1, 0)
    begin, worked, works = rows[place]
    return worked + ((instant - begin) // _MICROSECOND if works else 0)


def instant_worked(rows: Sequence[Stretch], worked: int) -> datetime:
    """Return the first instant at which so many microseconds of work had passed."""
    at_work = [row for row in rows if row[2]]
    place = max(bisect_left(at_work, worked, key=lambda row: row[1]) - 1, 0)
    begin, before, _ = at_work[place]
    return begin + (worked - before) * _MICROSECOND


def calendar(rows: Sequence[Stretch]) -> FromClause:
    """Return the stretches as one row of arrays, to be joined to whatever is measured."""
    begins, worked, works = zip(*rows, strict=True)
    return select(
        _array(begins, DateTime(timezone=True)).label("begins"),
        _array(worked, BigInteger()).label("worked"),
        _array(works, Boolean()).label("works"),
    ).cte("calendar")


def seconds_worked(
    rows: FromClause, begin: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return how many seconds lie between two instants, days off left out."""
    return (worked_at(rows, end) - worked_at(rows, begin)) / 1e6


def worked_at(rows: FromClause, instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return how many microseconds of work had passed at an instant."""
    place = func.greatest(func.width_bucket(instant, rows.c.begins), 1, type_=Integer)
    # As a whole number of microseconds: a float of seconds since 1970 does not know each of them.
    since = cast(extract("epoch", instant - rows.c.begins[place]) * 1_000_000, BigInteger)
    return rows.c.worked[place] + case((rows.c.works[place], since), else_=0)


def _array(found: Sequence[Any], kind: Any) -> ColumnElement[Any]:
    return cast(bindparam(None, list(found), ARRAY(kind)), ARRAY(kind))
