"""The table of runs: what keeps several processes from doing one job twice, and what went wrong."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from issue_insight.db import Base


class JobRun(Base):
    """One run of one job.

    - `tick`: the start of the interval it was for; None for a run that somebody asked for.
    - `ended_at` is None while it runs, or where the process ended before the job did.
    - `outcome`: `running`, `ok`, `failed` (the job raised), `interrupted` (its process or its
      connection ended; it is tried again within the tick).
    - `error`: the exception with its traceback.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        CheckConstraint("outcome IN ('running', 'ok', 'failed', 'interrupted')", name="outcome"),
        Index("ix_job_runs_name_id", "name", "id"),
        # The lock makes sure of it; this holds even where somebody goes around the lock.
        Index(
            "uq_job_runs_name_tick",
            "name",
            "tick",
            unique=True,
            postgresql_where=text("outcome <> 'interrupted'"),
        ),
        {"info": {"archived": False}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    name: Mapped[str]
    tick: Mapped[datetime | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str]
    error: Mapped[str | None] = mapped_column(Text)
