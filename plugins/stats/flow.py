"""How many issues came and how many were done, bucket by bucket.

Counted from the issues themselves, by the conditions that a filter has for the same days: so what
`created:2026-01-05..2026-01-11` lists is what this counts for that week, with the same `q` and
`as_of`. An issue that was reopened is not done, and is not counted as resolved any more.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, DateTime, Integer, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from plugins.issues.api import Selection
from plugins.stats.buckets import Size, buckets_asked, edges_of
from plugins.stats.days import day_of

DEFAULT_BUCKETS = 26


def count_flow(
    session: Session,
    selection: Selection,
    *,
    first: date | None,
    last: date | None,
    size: Size,
) -> dict[str, Any]:
    """Return how many of the selected issues were created, and resolved, in each bucket.

    Raises `Invalid` for days that cannot be counted.
    """
    seen, zone = selection.context.now, selection.context.zone
    found = buckets_asked(DEFAULT_BUCKETS, first, last, size, day_of(seen, zone))
    edges = edges_of(found, zone)
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
