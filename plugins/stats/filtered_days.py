"""The counts of days for a filter, or as of an instant: each day asked the way a list is.

The cache knows projects, statuses and severities and nothing else. What else a filter asks for, and
what it measures from the instant it is asked at (`age:>30d`, `is:overdue`), is counted day by day
with the very conditions of the list of that day, so that the two cannot differ.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.errors import FieldError, Invalid
from plugins.issues.api import Project, end_of_day, select_issues
from plugins.stats import queries
from plugins.stats.buckets import Size, last_days
from plugins.stats.counting import NO_SEVERITY
from plugins.stats.days import day_of

MOST_FILTERED = 100
"""How many days are counted for one request where each takes a query."""


def count_chosen_days(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    *,
    first: date | None,
    last: date | None,
    project: str | None,
    q: str,
    as_of: datetime | None,
    every: Size,
) -> dict[str, Any]:
    """Return the counts of the last day of each bucket, of what `q` selects. Raises `Invalid`.

    Nothing is told of what came after `as_of`: the last day is of that instant.
    """
    seen = as_of or clock.now()
    first, last = queries.day_range(first, last, day_of(seen, zone))
    days = last_days(first, last, every) if first <= last else []
    plain = not q.strip() and as_of is None
    whole = [day for day in days if not q.strip() and (plain or end_of_day(day, zone) <= seen)]
    counted = [day for day in days if day not in set(whole)]
    if len(counted) > MOST_FILTERED:
        raise Invalid(
            "These are too many days for a filter.",
            [
                FieldError(
                    "?from",
                    f"makes {len(counted)} days, each counted for itself; at most {MOST_FILTERED} "
                    "are: ask for every week or month",
                )
            ],
        )
    items: dict[date, dict[str, Any]] = {}
    computed_at = clock.now()
    if whole:
        cached = queries.count_days(
            session, principal, zone, first=first, last=last, project=project
        )
        computed_at = cached["computed_at"]
        items = {row["day"]: row for row in cached["items"] if row["day"] in set(whole)}
    elif project is not None:
        queries.require_project(session, project)
    for day in counted:
        items[day] = _count_day(
            session, principal, zone, day, min(end_of_day(day, zone), seen), q, project
        )
    return {
        "items": [items[day] for day in days],
        "time_zone": zone.key,
        "computed_at": computed_at,
    }


def _count_day(
    session: Session,
    principal: Principal,
    zone: ZoneInfo,
    day: date,
    instant: datetime,
    q: str,
    project: str | None,
) -> dict[str, Any]:
    selection = select_issues(session, principal, q, instant, zone)
    issues = selection.relation.c
    where = selection.where
    if project is not None:
        where &= issues.project_id.in_(
            select(Project.id).where(Project.key == project.strip().upper())
        )
    severity = func.coalesce(issues.severity, NO_SEVERITY).label("severity")
    rows = session.execute(
        select(issues.status, severity, func.count().label("number"))
        .where(where)
        .group_by(issues.status, severity)
    ).all()
    by_status: dict[str, int] = {}
    by_severity: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.number
        by_severity[row.severity] = by_severity.get(row.severity, 0) + row.number
    return {
        "day": day,
        "so_far": instant < end_of_day(day, zone),
        "total": sum(by_status.values()),
        "by_status": by_status,
        "by_severity": by_severity,
    }
