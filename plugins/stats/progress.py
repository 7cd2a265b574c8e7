"""What of the event log the daily counts know, and from which day on something is missing.

An import writes events of long ago, and a transaction may end long after it took its instants. So
it is not the instant that tells what is new but the transaction: `seen` is the snapshot of the
database that the last counting started from, and whatever is not visible in it has come since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import cast, func, select
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from issue_insight.journal.models import Xid8
from plugins.stats.days import day_of
from plugins.stats.models import DailyStatsProgress

_NOW = func.pg_current_snapshot()


@dataclass(frozen=True, slots=True)
class Covered:
    """What the counts of one project hold.

    `last_day` is as of `computed_at`. `late` is the earliest instant up to then of an event that
    came after the counting, `newer` the earliest one since then.
    """

    last_day: date
    computed_at: datetime
    late: datetime | None
    newer: datetime | None

    def as_counted(self, zone: ZoneInfo) -> date:
        """Return the first day of which what was counted is no longer the truth of that instant."""
        beyond = self.last_day + timedelta(days=1)
        return beyond if self.late is None else min(beyond, day_of(self.late, zone))

    def up_to_date(self, zone: ZoneInfo) -> date:
        """Return the first day of which the counts are not, or not yet, those of now."""
        first = self.as_counted(zone)
        return first if self.newer is None else min(first, day_of(self.newer, zone))


def covered(session: Session, zone: ZoneInfo, now: datetime) -> Mapping[int, Covered]:
    """Return what is covered, by project; projects that have to be counted anew are left out.

    Those are the ones never counted, those counted by days of another time zone, and all of a
    database that was restored from a dump: its transactions are numbered anew.
    """
    rows = session.execute(
        select(
            DailyStatsProgress.project_id,
            DailyStatsProgress.last_day,
            DailyStatsProgress.computed_at,
        ).where(
            DailyStatsProgress.zone == zone.key,
            func.pg_snapshot_xmin(DailyStatsProgress.seen, type_=Xid8)
            <= func.pg_snapshot_xmax(_NOW, type_=Xid8),
        )
    ).all()
    late, newer = _late(session), _newer(session, now)
    return {
        row.project_id: Covered(
            row.last_day, row.computed_at, late.get(row.project_id), newer.get(row.project_id)
        )
        for row in rows
    }


def snapshot(session: Session) -> str:
    """Return the snapshot of the database that a counting may start from."""
    return str(session.execute(select(cast(_NOW, DailyStatsProgress.seen.type))).scalar_one())


def _late(session: Session) -> dict[int, datetime]:
    oldest = select(
        func.min(func.pg_snapshot_xmin(DailyStatsProgress.seen, type_=Xid8), type_=Xid8)
    ).scalar_subquery()
    return dict(
        session.execute(
            select(DailyStatsProgress.project_id, func.min(Event.at))
            .join(Event, Event.scope_id == DailyStatsProgress.project_id)
            .where(
                Event.subject == "issue",
                Event.at <= DailyStatsProgress.computed_at,
                Event.tx >= oldest,
                # Numbers of a restored database's former life lie beyond.
                Event.tx < func.pg_snapshot_xmax(_NOW, type_=Xid8),
                ~func.pg_visible_in_snapshot(Event.tx, DailyStatsProgress.seen),
            )
            .group_by(DailyStatsProgress.project_id)
        ).all()
    )


def _newer(session: Session, now: datetime) -> dict[int, datetime]:
    first = (
        select(func.min(Event.at))
        .where(
            Event.scope_id == DailyStatsProgress.project_id,
            Event.subject == "issue",
            Event.at > DailyStatsProgress.computed_at,
            Event.at <= now,
        )
        .scalar_subquery()
    )
    rows = session.execute(select(DailyStatsProgress.project_id, first)).all()
    return {project_id: at for project_id, at in rows if at is not None}
