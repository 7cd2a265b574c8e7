"""The tables of daily counts and of how far they go. Both are a cache: the log can remake them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from issue_insight.db import Base
from plugins.issues.api import Project


class PgSnapshot(UserDefinedType[str]):
    """PostgreSQL's `pg_snapshot`: which transactions had ended at an instant."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in SQL."""
        return "pg_snapshot"


class DailyStat(Base):
    """How many issues of a project stood at a status and a severity when a day ended.

    Where none did there is no row. The row of the day under way tells of `computed_at`; of the
    others `computed_at` tells when their count was last found to be another one.
    """

    __tablename__ = "daily_stats"
    __table_args__ = (
        PrimaryKeyConstraint("project_id", "day", "status", "severity"),
        CheckConstraint("count > 0", name="count"),
        {"info": {"archived": False}},
    )

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id))
    day: Mapped[date]
    status: Mapped[str]
    severity: Mapped[str]
    """`none` for issues without one: a part of the key is never null."""
    count: Mapped[int]
    computed_at: Mapped[datetime]


class DailyStatsProgress(Base):
    """How far the counts of a project go, and what of the event log they know.

    - `last_day`: the last day that was counted, and `zone` the time zone its days are of.
    - `seen`: a snapshot of the database that the counts hold everything of; an event that is not
      visible in it came later, however old the instant it tells of.
    - `computed_at`: when they were last brought up to date; `last_day` is as of this instant.
    """

    __tablename__ = "daily_stats_progress"
    __table_args__ = {"info": {"archived": False}}  # noqa: RUF012 (SQLAlchemy's own form)

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id), primary_key=True)
    last_day: Mapped[date]
    zone: Mapped[str]
    seen: Mapped[str] = mapped_column(PgSnapshot)
    computed_at: Mapped[datetime]
