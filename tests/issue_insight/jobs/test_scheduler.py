"""flask-apscheduler looks for what is due, in servers and in nothing else."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask, current_app
from flask.cli import ScriptInfo
from flask_apscheduler import APScheduler
from sqlalchemy.orm import Session

from issue_insight.app import create_app
from issue_insight.jobs import scheduler
from issue_insight.plugin.manifest import Job
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from tests.issue_insight.jobs.conftest import HALF_HOUR, job

Record = Callable[[], list[Any]]


@pytest.fixture
def started() -> Iterator[list[APScheduler]]:
    """Schedulers to be shut down in the end."""
    running: list[APScheduler] = []
    yield running
    for each in running:
        each.shutdown()


def wait_for(what: Callable[[], Any]) -> Any:
    """Return what it is in the end, after at most a minute."""
    deadline = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_served_applications_run_each_job_once_however_many_they_are(
    settings: Settings, app: Flask, tmp_path: Path, record: Record
) -> None:
    scheduled = settings.model_copy(update={"scheduler_enabled": True, "stats_every_minutes": 1440})
    places = [tmp_path / "1", tmp_path / "2"]
    for place in places:
        place.mkdir()

    def counted() -> bool:
        return any(run.name == "stats.aggregate" and run.ended_at for run in record())

    with live(scheduled, places[0]), live(scheduled, places[1]):
        wait_for(counted)
    assert {run.outcome for run in record()} <= {"ok", "running"}
    ticks = [(run.name, run.tick) for run in record()]
    assert len(ticks) == len(set(ticks))


def test_every_minute_it_looks_for_what_is_due(
    app: Flask, settings: Settings, started: list[APScheduler]
) -> None:
    quick = Job("tests.quick", lambda _: None, timedelta(seconds=10))
    scheduler_ = scheduler.start(app, settings, (job(lambda _: None), quick))
    started.append(scheduler_)
    intervals = {each.id: each.trigger.interval for each in scheduler_.get_jobs()}
    assert intervals == {"tests.job": timedelta(minutes=1), "tests.quick": timedelta(seconds=10)}


def test_its_first_look_is_right_after_the_start(
    app: Flask, settings: Settings, started: list[APScheduler], record: Record
) -> None:
    names = []
    the_job = job(lambda _: names.append(current_app.name))
    started.append(scheduler.start(app, settings, (the_job,)))
    wait_for(lambda: [run for run in record() if run.outcome == "ok"])
    assert names == ["issue_insight"]


def test_a_job_that_fails_does_not_stop_the_looking(app: Flask, record: Record) -> None:
    def fail(_: Session) -> None:
        raise LookupError("no such thing")

    ran = scheduler.look(app, job(fail), HALF_HOUR)
    assert ran is not None
    assert ran.outcome == "failed"


def test_a_database_that_is_away_is_logged_and_asked_again_later(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql+psycopg2://nobody@/none?host={tmp_path}"
    lonely = create_app(settings.model_copy(update={"database_url": url}))
    assert scheduler.look(lonely, job(lambda _: None), HALF_HOUR) is None
    assert "job not run" in caplog.text


def test_jobs_wait_for_the_migrations(
    settings: Settings, empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    early = create_app(settings.model_copy(update={"database_url": empty_database}))
    assert scheduler.look(early, job(lambda _: None), HALF_HOUR) is None
    assert "jobs wait for the migrations" in caplog.text


@pytest.mark.parametrize(
    ("command", "runs"), [(None, True), ("run", True), ("roles", False), ("granian", True)]
)
def test_servers_have_a_scheduler_and_commands_have_none(
    settings: Settings, started: list[APScheduler], command: str | None, runs: bool
) -> None:
    scheduled = settings.model_copy(update={"scheduler_enabled": True})

    def started_one() -> bool:
        made = getattr(create_app(scheduled), "apscheduler", None)
        if made is not None:
            started.append(made)
        return made is not None

    if command is None:
        assert started_one()
        return
    of_flask = ScriptInfo() if command != "granian" else None
    with click.Context(click.Command(command), info_name=command, obj=of_flask):
        assert started_one() == runs


def test_without_the_setting_there_is_no_scheduler(settings: Settings) -> None:
    assert not hasattr(create_app(settings), "apscheduler")
