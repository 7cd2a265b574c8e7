"""The table of daily numbers: a cache, which the event log and the versions can always remake."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.db import Base
from plugins.issues.api import Project


class DailyStat(Base):
    """How many issues of a project stood at a status and severity at the end of a day."""

    __tablename__ = "daily_stats"
    __table_args__ = (Index("ix_daily_stats_day", "day"),)

    project_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Project.id), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(primary_key=True)
    """`none` for issues without one: a key has no nulls."""
    count: Mapped[int]
    computed_at: Mapped[datetime]
