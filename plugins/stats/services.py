"""Keeping the daily counts: bringing them up to date, making them anew, holding them to the log."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, exists, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from issue_insight import clock
from plugins.issues.api import IssueVersion, Project
from plugins.stats.counting import counts, event_spans, version_spans
from plugins.stats.days import Days, day_of, days_from
from plugins.stats.models import DailyStat, DailyStatsProgress
from plugins.stats.progress import covered, snapshot

_LOCK = 7_302_516_884  # an arbitrary number that stands for "counting days" among advisory locks


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What a counting did: of how many projects, how many days, how many rows became others."""

    projects: int
    days: int
    changed: int

    def __str__(self) -> str:
        return f"{self.days} days of {self.projects} projects counted, {self.changed} rows changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the event log says; 0 stands for no row."""

    project: str
    day: date
    status: str
    severity: str
    stored: int
    recounted: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found.

    `waiting` names projects with the first day that it left out, because the counting has not
    seen all of its events yet; None where it has seen nothing.
    """

    differences: list[Difference]
    days: int
    waiting: list[tuple[str, date | None]]


def aggregate(session: Session, zone: ZoneInfo) -> Aggregated:
    """Bring the counts of every project up to date: today so far, and every day that is missing.

    Days before that are counted again only where events of the past have come since. What is
    right already is not written, so that a second run changes nothing.
    """
    _wait_for_others(session)
    now, seen = clock.now(), snapshot(session)
    known = covered(session, zone, now)
    begins = dict(
        session.execute(
            select(IssueVersion.project_id, func.min(IssueVersion.valid_from)).group_by(
                IssueVersion.project_id
            )
        ).all()
    )
    today = day_of(now, zone)
    total = days = changed = 0
    for project_id in session.scalars(select(Project.id).order_by(Project.id)).all():
        cover = known.get(project_id)
        if cover is None:
            # Also clears the rows of another time zone.
            first = day_of(begins[project_id], zone) if project_id in begins else today
            changed += _clear(session, project_id, before=first)
        else:
            first = min(cover.last_day, cover.as_counted(zone))
        span = days_from(min(first, today), today, zone, now)
        changed += _count(session, project_id, span, now)
        _note(session, project_id, today, zone, seen, now)
        total, days = total + 1, days + len(span.days)
    return Aggregated(total, days, changed)


def rebuild(session: Session, zone: ZoneInfo) -> Aggregated:
    """Forget all counts and make them anew; readers see the old ones until it is done."""
    _wait_for_others(session)
    session.execute(delete(DailyStat))
    session.execute(delete(DailyStatsProgress))
    return aggregate(session, zone)


def verify(session: Session, zone: ZoneInfo) -> Verified:
    """Compare the counts with a recount from the event log alone.

    Needs a session with no transaction under way: everything is read as of one instant.
    """
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    known = covered(session, zone, clock.now())
    found: list[Difference] = []
    waiting: list[tuple[str, date | None]] = []
    days = 0
    projects = session.execute(select(Project.id, Project.key).order_by(Project.key)).all()
    for project in projects:
        cover = known.get(project.id)
        if cover is None:
            waiting.append((project.key, None))
            continue
        stop = cover.as_counted(zone)
        if stop <= cover.last_day:
            waiting.append((project.key, stop))
        span = days_from(
            _first_day(session, project.id, zone, cover.last_day),
            cover.last_day,
            zone,
            cover.computed_at,
        )
        found += _differences(session, project.id, project.key, span, stop)
        days += sum(day < stop for day in span.days)
    return Verified(found, days, waiting)


def _wait_for_others(session: Session) -> None:
    """Let one transaction count at a time; the statements that follow see what others have done."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _clear(session: Session, project_id: int, *, before: date) -> int:
    gone = session.execute(
        delete(DailyStat)
        .where(DailyStat.project_id == project_id, DailyStat.day < before)
        .returning(DailyStat.day)
    )
    return len(gone.all())


def _count(session: Session, project_id: int, span: Days, now: datetime) -> int:
    """Make the rows of the project from the first of the days on; return how many became others."""
    spans = version_spans(span, IssueVersion.project_id == project_id)
    fresh = counts(spans, span).cte("fresh")
    insertion = upsert(DailyStat).from_select(
        ["project_id", "day", "status", "severity", "count", "computed_at"],
        select(fresh, literal(now, DailyStat.computed_at.type)),
    )
    written = (
        insertion.on_conflict_do_update(
            index_elements=["project_id", "day", "status", "severity"],
            set_={
                "count": insertion.excluded["count"],
                "computed_at": insertion.excluded.computed_at,
            },
            where=DailyStat.count != insertion.excluded["count"],
        )
        .returning(DailyStat.day)
        .cte("written")
    )
    gone = (
        delete(DailyStat)
        .where(
            DailyStat.project_id == project_id,
            DailyStat.day >= span.days[0],
            ~exists().where(
                tuple_(fresh.c.day, fresh.c.status, fresh.c.severity)
                == tuple_(DailyStat.day, DailyStat.status, DailyStat.severity)
            ),
        )
        .returning(DailyStat.day)
        .cte("gone")
    )
    changed: int = session.execute(
        select(
            select(func.count()).select_from(written).scalar_subquery()
            + select(func.count()).select_from(gone).scalar_subquery()
        )
    ).scalar_one()
    return changed


def _note(
    session: Session, project_id: int, today: date, zone: ZoneInfo, seen: str, now: datetime
) -> None:
    said = {"last_day": today, "zone": zone.key, "seen": seen, "computed_at": now}
    session.execute(
        upsert(DailyStatsProgress)
        .values(project_id=project_id, **said)
        .on_conflict_do_update(index_elements=["project_id"], set_=said)
    )


def _first_day(session: Session, project_id: int, zone: ZoneInfo, last: date) -> date:
    """Return the first day that there can be a row of."""
    spans = event_spans(project_id).subquery()
    first = session.execute(select(func.min(spans.c.begins))).scalar_one()
    return last if first is None else min(day_of(first, zone), last)


def _differences(
    session: Session, project_id: int, key: str, span: Days, stop: date
) -> list[Difference]:
    recount = counts(event_spans(project_id), span).subquery("recount")
    stored = (
        select(DailyStat)
        .where(
            DailyStat.project_id == project_id,
            # Of the days to come there must be nothing at all.
            or_(DailyStat.day < stop, DailyStat.day > span.days[-1]),
        )
        .subquery("stored")
    )
    there = select(recount).where(recount.c.day < stop).subquery("there")
    names = ("day", "status", "severity")
    rows = session.execute(
        select(
            *[func.coalesce(stored.c[name], there.c[name]).label(name) for name in names],
            func.coalesce(stored.c["count"], 0).label("stored"),
            func.coalesce(there.c["count"], 0).label("recounted"),
        )
        .select_from(stored)
        .join(there, and_(*[stored.c[n] == there.c[n] for n in names]), full=True)
        .where(stored.c["count"].is_distinct_from(there.c["count"]))
        .order_by(*names)
    )
    return [
        Difference(key, row.day, row.status, row.severity, row.stored, row.recounted)
        for row in rows
    ]
