"""`flask jobs`: what runs when, how it went, running one by hand, and the scheduler."""

import signal
import threading
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import AppGroup

from issue_insight.db import db
from issue_insight.jobs import scheduler
from issue_insight.jobs.runs import last_runs, run_now
from issue_insight.settings import Settings

if TYPE_CHECKING:
    from issue_insight.plugin.manifest import Job


def commands(settings: Settings, jobs: tuple["Job", ...]) -> AppGroup:
    """Return the group of commands for these jobs."""
    group = AppGroup("jobs", help="Show and run the scheduled jobs.")
    by_name = {job.name: job for job in jobs}

    @group.command("list")
    def list_jobs() -> None:
        """List the jobs with their last run."""
        with db.engine.connect() as connection:
            last = {run.name: run for run in last_runs(connection, by_name)}
        for job in jobs:
            run = last.get(job.name)
            said = "never run"
            if run is not None:
                took = (
                    f" in {(run.ended_at - run.started_at).total_seconds():.1f} s"
                    if (run.ended_at)
                    else ""
                )
                said = f"{run.started_at:%Y-%m-%d %H:%M:%S}Z {run.outcome}{took}"
            click.echo(f"{job.name:<24} every {job.interval(settings)!s:<10} {said}")
            if job.summary:
                click.echo(f"{'':<24} {job.summary}")
            if run is not None and run.error:
                click.echo(f"{'':<24} → {run.error.strip().splitlines()[-1]}")

    @group.command("run")
    @click.argument("name")
    def run_job(name: str) -> None:
        """Run the job NAME now; exit with 1 where it fails or another process is at it."""
        job = by_name.get(name)
        if job is None:
            known = ", ".join(by_name) or "none"
            raise click.ClickException(f"There is no job {name!r} (known: {known}).")
        ran = run_now(db.engine, job)
        if ran.outcome == "busy":
            raise click.ClickException(f"Another process is running {name} now.")
        if ran.error is not None:
            raise click.ClickException(
                f"{name} {ran.outcome}: {type(ran.error).__name__}: {ran.error}"
            ) from ran.error
        click.echo(f"{name}: {'done' if ran.result is None else ran.result}")

    @group.command("schedule")
    def schedule() -> None:
        """Run the jobs when they are due, in a process of their own, until SIGTERM or Ctrl-C."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        running = scheduler.start(app, settings, jobs)
        click.echo(f"Running {len(jobs)} jobs when they are due.")
        stop.wait()
        # A job under way is done to its end.
        running.shutdown(wait=True)
        click.echo("The scheduler has stopped.")

    return group
