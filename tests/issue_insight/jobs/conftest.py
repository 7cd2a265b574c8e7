"""What is on record of the runs of jobs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, Row, select
from sqlalchemy.orm import Session

from issue_insight.jobs.models import JobRun
from issue_insight.plugin.manifest import Job

HALF_HOUR = timedelta(minutes=30)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def job(run: Callable[[Session], object], name: str = "tests.job") -> Job:
    """Return a job of every half an hour."""
    return Job(name, run, HALF_HOUR, "Do something")


@pytest.fixture
def record(clean_database: Engine) -> Callable[[], list[Row[tuple[object, ...]]]]:
    """Returns all runs on record, the oldest first."""

    def read() -> list[Row[tuple[object, ...]]]:
        with clean_database.connect() as connection:
            return list(connection.execute(select(JobRun.__table__).order_by(JobRun.id)))

    return read
