"""Scheduled jobs: each runs once a tick, however many processes there are.

Flask-APScheduler keeps the time in every process that has `SCHEDULER_ENABLED`; an advisory lock and
a row in `job_runs` decide which of them does the work.
"""

import logging
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import click
from flask import Flask
from flask.cli import AppGroup
from flask_apscheduler import APScheduler
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from issue_insight import clock
from issue_insight.db import Base, db
from issue_insight.plugin.manifest import Job, Plugin
from issue_insight.settings import Settings

log = logging.getLogger(__name__)
_LOCKS = 0x15  # sets our advisory locks of jobs apart from others of this database
SLACK = 0.5
"""The part of a tick within which a second run counts as the same tick."""


class JobRun(Base):
    """The last run of a job: when, and how it ended (`error` is None where it went well)."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]


def register(app: Flask, settings: Settings, plugins: Iterable[Plugin]) -> None:
    """Add `flask jobs`, and start the scheduler where this process is to run it."""
    jobs = {job.name: job for plugin in plugins for job in plugin.jobs}
    app.cli.add_command(_commands(jobs))
    if not settings.scheduler_enabled:
        return
    app.config.update(SCHEDULER_API_ENABLED=False, SCHEDULER_TIMEZONE="UTC")
    scheduler = APScheduler()
    scheduler.init_app(app)
    for job in jobs.values():
        scheduler.add_job(
            id=job.name,
            func=_tick,
            args=(app, job),
            trigger="interval",
            seconds=job.every.total_seconds(),
            next_run_time=clock.now() + timedelta(seconds=5),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    app.extensions["issue_insight.scheduler"] = scheduler


def _tick(app: Flask, job: Job) -> None:
    with app.app_context():
        try:
            run_once(job)
        except Exception:
            # Recorded with the run where the database answers; the next tick tries again.
            log.exception("job %s failed", job.name)


def run_once(job: Job, *, force: bool = False) -> bool:
    """Run the job unless another process does or has in this tick; tell whether it ran here.

    The lock lives as long as its connection, so that a process that dies mid-way holds nobody up.
    Whatever the job raises is recorded and raised again.
    """
    with db.engine.connect() as connection:
        key = zlib.crc32(job.name.encode()) - 2**31
        if not connection.execute(select(func.pg_try_advisory_lock(_LOCKS, key))).scalar_one():
            return False
        try:
            with Session(connection) as notes:
                last = notes.get(JobRun, job.name)
                tick = job.every * SLACK
                if not force and last is not None and clock.now() - last.started_at < tick:
                    return False
                _note(notes, job, started_at=clock.now(), finished_at=None, error=None)
                error = None
                try:
                    with Session(db.engine) as session, session.begin():
                        job.run(session)
                except Exception as failure:
                    error = f"{type(failure).__name__}: {failure}"[:500]
                    raise
                finally:
                    _note(notes, job, finished_at=clock.now(), error=error)
            return True
        finally:
            connection.rollback()
            connection.execute(select(func.pg_advisory_unlock(_LOCKS, key)))
            connection.commit()


def _note(session: Session, job: Job, **values: object) -> None:
    row = {"started_at": clock.now(), **values}
    statement = insert(JobRun).values(name=job.name, **row)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
    session.commit()


def _commands(jobs: dict[str, Job]) -> AppGroup:
    group = AppGroup("jobs", help="Show and run the scheduled jobs.")

    @group.command("list")
    def list_command() -> None:
        """List the jobs and how they last ended."""
        with Session(db.engine) as session:
            for job in jobs.values():
                last = session.get(JobRun, job.name)
                ended = "never run"
                if last is not None:
                    ended = f"{last.started_at:%Y-%m-%d %H:%M:%S}Z {last.error or 'ok'}"
                click.echo(f"{job.name:<24} every {job.every!s:<16} {ended}")

    @group.command("run")
    @click.argument("name")
    def run_command(name: str) -> None:
        """Run the job NAME now, unless it is running."""
        if name not in jobs:
            raise click.ClickException(f"There is no job {name!r}; known: {', '.join(jobs)}.")
        ran = run_once(jobs[name], force=True)
        click.echo("Done." if ran else "It is running in another process.")

    return group
