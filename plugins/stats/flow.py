"""How many issues came and how many were done, bucket by bucket.

Counted from the issues themselves, by the conditions that a filter has for the same days: so what
`created:2026-01-05..2026-01-11` lists is what this counts for that week, with the same `q` and
`as_of`. An issue that was reopened is not done, and is not counted as resolved any more.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, DateTime, Integer, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.errors import FieldError, Invalid
from plugins.issues.api import Selection
from plugins.stats.buckets import Bucket, Size, bucket_of, buckets_between
from plugins.stats.days import FIRST_DAY, day_of

DEFAULT_BUCKETS = 26
MOST_BUCKETS = 1_000
_LENGTHS: dict[Size, int] = {"day": 1, "week": 7, "month": 31}


def count_flow(
    session: Session,
    selection: Selection,
    zone: ZoneInfo,
    *,
    first: date | None,
    last: date | None,
    size: Size,
) -> dict[str, Any]:
    """Return how many of the selected issues were created, and resolved, in each bucket.

    Raises `Invalid` for days that cannot be counted.
    """
    seen = selection.as_of or clock.now()
    found = _buckets(first, last, day_of(seen, zone), size)
    edges = [_begin(bucket.first, zone) for bucket in found]
    edges.append(_begin(found[-1].last + timedelta(days=1), zone))
    rows = session.execute(
        union_all(*[_counted(selection, kind, edges) for kind in ("created", "closed")])
    ).all()
    numbers = {(row.kind, row.place): row.number for row in rows}
    return {
        "items": [
            {
                "from": bucket.first,
                "to": bucket.last,
                "so_far": edges[place] - timedelta(microseconds=1) > seen,
                "created": numbers.get(("created", place), 0),
                "resolved": numbers.get(("closed", place), 0),
            }
            for place, bucket in enumerate(found, start=1)
        ],
        "time_zone": zone.key,
        "as_of": seen,
    }


def _counted(selection: Selection, kind: str, edges: Sequence[datetime]) -> Any:
    instant = selection.relation.c[f"{kind}_at"]
    place = func.width_bucket(
        instant, bindparam(None, list(edges), ARRAY(DateTime(timezone=True))), type_=Integer
    ).label("place")
    return (
        select(literal(kind).label("kind"), place, func.count().label("number"))
        .where(selection.where, instant >= edges[0], instant < edges[-1])
        .group_by(place)
    )


def _buckets(first: date | None, last: date | None, today: date, size: Size) -> list[Bucket]:
    """Return the buckets, none of which begins after `today`."""
    end = min(last or today, today)
    if first is None:
        spare = timedelta(days=(DEFAULT_BUCKETS - 1) * _LENGTHS[size])
        first = end - spare if end >= FIRST_DAY + spare else FIRST_DAY
    faults = [
        FieldError(pointer, f"must not be before {FIRST_DAY}")
        for pointer, day in (("?from", first), ("?to", last))
        if day is not None and day < FIRST_DAY
    ]
    if last is not None and last < first:
        faults.append(FieldError("?to", "must not be before the first day"))
    elif end < first:
        faults.append(FieldError("?from", "lies in the future, of which nothing is known"))
    elif (end - first).days >= MOST_BUCKETS * _LENGTHS[size]:
        faults.append(FieldError("?from", f"makes more than {MOST_BUCKETS} numbers of one kind"))
    if faults:
        raise Invalid("These days cannot be counted.", faults)
    return buckets_between(bucket_of(first, size).first, end, size)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of the day, as a filter has it."""
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))
