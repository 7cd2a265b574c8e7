"""The clock of the jobs: a thread that looks, every minute or oftener, for what is due.

It looks more often than most jobs are due, so that a job whose process has ended, or that found no
database, is made up for within its tick and not after it.
"""

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from flask_apscheduler import APScheduler
from sqlalchemy.exc import SQLAlchemyError

from issue_insight import clock
from issue_insight.db import db
from issue_insight.jobs.runs import Ran, run_due, tick_at
from issue_insight.settings import Settings

if TYPE_CHECKING:
    from issue_insight.plugin.manifest import Job

LOOK_EVERY = timedelta(minutes=1)
FIRST_LOOK_AFTER = timedelta(seconds=1)
_THREADS = 2
_UNDEFINED_TABLE = "42P01"

log = structlog.get_logger("issue_insight.jobs")


def start(app: Flask, settings: Settings, jobs: tuple["Job", ...]) -> APScheduler:
    """Start a thread of this process that runs every job once per tick."""
    scheduler = APScheduler(
        BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(_THREADS)},
            # A look that comes late is as good as one on time; two at once are no use.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
    )
    scheduler.init_app(app)
    # Two lines for every look would bury what the jobs themselves have to say.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    for job in jobs:
        every = job.interval(settings)
        look_every = min(every, LOOK_EVERY)
        scheduler.add_job(
            id=job.name,
            func=partial(look, app, job, every),
            trigger="interval",
            seconds=look_every.total_seconds(),
            start_date=tick_at(clock.now(), every) + _offset(job.name, look_every),
            next_run_time=datetime.now(UTC) + FIRST_LOOK_AFTER,
        )
    scheduler.start()
    return scheduler


def look(app: Flask, job: "Job", every: timedelta) -> Ran | None:
    """Run the job if it is due; None where the database cannot be asked, which is logged."""
    with app.app_context():
        try:
            return run_due(db.engine, job, every)
        except SQLAlchemyError as error:
            if getattr(getattr(error, "orig", None), "pgcode", None) == _UNDEFINED_TABLE:
                log.warning("jobs wait for the migrations", job=job.name)
            else:
                log.error("job not run", job=job.name, exc_info=error)
            return None


def _offset(name: str, look_every: timedelta) -> timedelta:
    """Spread the jobs over the interval, alike in every process."""
    return look_every * (crc32(name.encode()) % 1000) / 5000
