"""A recount by hand: replays the raw events, issue by issue, day by day. Slow and plain."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from plugins.issues.api import Issue
from plugins.stats.models import DailyStat

Counts = Counter[tuple[str, str]]
"""How many by status and severity."""


def recounted(
    session: Session,
    zone: ZoneInfo,
    days: Iterable[date],
    now: datetime,
    keep: Callable[[Issue], bool] = lambda _: True,
) -> dict[date, Counts]:
    """Return the counts at the end of each day (now, for what is not over), of issues to keep."""
    kept = {issue.id for issue in session.scalars(select(Issue)) if keep(issue)}
    events = session.scalars(
        select(Event).where(Event.subject == "issue").order_by(Event.at, Event.id)
    ).all()
    counts: dict[date, Counts] = {}
    for day in days:
        midnight = datetime.combine(day + timedelta(days=1), time(), zone)
        state: dict[int, dict[str, Any]] = {}
        for event in events:
            if event.subject_id in kept and event.at < midnight and event.at <= now:
                if event.kind == "created":
                    state[event.subject_id] = dict(event.new)
                elif event.field is not None:
                    state[event.subject_id][event.field] = event.new
        counts[day] = Counter(
            (fields["status"], fields["severity"] or "none")
            for fields in state.values()
            if not fields.get("deleted")
        )
    return counts


def stored(session: Session) -> dict[date, Counts]:
    """Return what `daily_stats` holds, all projects together."""
    counts: dict[date, Counts] = {}
    for row in session.execute(select(DailyStat.__table__)):
        counts.setdefault(row.day, Counter())[row.status, row.severity] += row.count
    return counts


def without_nothing(counts: dict[date, Counts]) -> dict[date, Counts]:
    """Leave out the days at whose end there was no issue, which have no rows either."""
    return {day: of_day for day, of_day in counts.items() if of_day}
