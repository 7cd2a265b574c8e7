"""Answering a question to a metric in the one shape that all of them have."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from threading import BoundedSemaphore
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import FieldError, Invalid, NotFound, Unavailable
from plugins.insights.asked import LONGEST_FILTER, NOTHING_ELSE, Asked, Other
from plugins.insights.fields import By, Calendar, Pieces, Show
from plugins.insights.metric import Metric
from plugins.insights.table import METRICS
from plugins.stats.api import buckets_asked, day_of

AT_WORK = 3
"""So many metrics does a process compute at once."""
PATIENCE = 10.0
"""Seconds that a question waits for its turn: it holds a thread, of which others need some too."""
_TURNS = BoundedSemaphore(AT_WORK)


@contextmanager
def turn() -> Iterator[None]:
    """Hold a turn to compute a metric. Few do at once in a process: each takes a connection and
    some 50 MB, and they wait for the same processors anyway.

    Raises `Unavailable` where none comes in time.
    """
    if not _TURNS.acquire(timeout=PATIENCE):
        raise Unavailable("Too many metrics are being computed. Please try again shortly.")
    try:
        yield
    finally:
        _TURNS.release()


def answer(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    name: str,
    *,
    q: str = "",
    first: date | None = None,
    last: date | None = None,
    pieces: Pieces | None = None,
    as_of: datetime | None = None,
    by: By | None = None,
    calendar: Calendar = Calendar.ALL,
    days_off: tuple[str, ...] = (),
    show: Show = Show.PERCENTILES,
    other: Other = NOTHING_ELSE,
    of: str | None = None,
) -> dict[str, Any]:
    """Return the numbers of a metric. Needs a session with no transaction under way.

    Raises `NotFound` for no metric, `Invalid` for a filter, days or a split that make no sense.
    """
    metric = metric_named(name)
    if by is not None and by not in metric.splits:
        known = ", ".join(sorted(metric.splits)) or "nothing"
        raise Invalid(
            "This cannot be split so.", [FieldError("?by", f"{name} can be split by {known}")]
        )
    if calendar not in metric.calendars:
        raise Invalid(
            "This has no working days.",
            [FieldError("?calendar", f"{name} can only be of {', '.join(metric.calendars)} time")],
        )
    for pointer, text_of in (("?q", q), ("?compare_q", other.q or "")):
        if len(text_of) > LONGEST_FILTER:
            raise Invalid(
                "The filter is too long.",
                [FieldError(pointer, f"must have at most {LONGEST_FILTER:,} characters")],
            )
    # One state of the database for all numbers, and its instant: what is seen of it has happened.
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    # What is put together is larger than what a page of a list is; compiling it does not pay.
    session.execute(text("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"))
    seen = as_of or clock.now()
    size = None if pieces == "all" else pieces or metric.size
    asked = Asked(
        session=session,
        principal=principal,
        zone=zone,
        q=q,
        as_of=as_of,
        seen=seen,
        buckets=buckets_asked(
            metric.reach, first, last, size, day_of(seen, zone), days=metric.days
        ),
        size=size,
        by=by,
        calendar=calendar,
        days_off=days_off,
        show=show,
        other=other,
        of=of,
        metrics=METRICS,
    )
    # Read first, so that a filter that makes no sense is refused as such by every metric.
    _ = asked.query
    found = metric.answer(asked)
    return {
        "metric": name,
        "title": metric.title,
        "definition": metric.definition,
        "unit": metric.unit,
        "q": q,
        "as_of": seen,
        "time_zone": zone.key,
        "from": asked.buckets[0].first,
        "to": min(asked.buckets[-1].last, asked.today),
        "bucket": size,
        "by": by,
        "calendar": calendar,
        "considered": found.considered,
        "computed_at": clock.now(),
        "series": [
            {
                "name": series.name,
                "measure": series.measure,
                "group": series.group,
                "unit": series.unit or metric.unit,
                "points": series.points,
            }
            for series in found.series
        ],
        **found.more,
    }


def metric_named(name: str) -> Metric:
    """Return the metric of that name. Raises `NotFound`."""
    found = METRICS.get(name)
    if found is None:
        raise NotFound(f"There is no metric {name}; there are {', '.join(METRICS)}.")
    return found


def catalogue(days_off: tuple[str, ...]) -> dict[str, Any]:
    """Return every metric with its definition, and the days off of the instance."""
    return {
        "items": [
            {
                "name": metric.name,
                "title": metric.title,
                "definition": metric.definition,
                "unit": metric.unit,
                "splits": sorted(metric.splits),
                "calendars": sorted(metric.calendars),
            }
            for metric in METRICS.values()
        ],
        "days_off": days_off,
    }
