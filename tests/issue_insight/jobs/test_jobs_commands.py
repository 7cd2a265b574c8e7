"""`flask jobs`: what there is, how it went, and running one now."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event as Flag
from threading import Thread

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.jobs.commands import commands
from issue_insight.jobs.models import JobRun
from issue_insight.jobs.runs import run_now
from issue_insight.plugin.manifest import Job
from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of
from tests.issue_insight.jobs.conftest import NOON, job

Invoke = Callable[..., Result]


def fail(_: Session) -> None:
    raise LookupError("no such thing")


GOOD = job(lambda _: "7 things done", "tests.good")
SILENT = job(lambda _: None, "tests.silent")
BAD = job(fail, "tests.bad")
NEVER = Job("tests.never", lambda _: None, timedelta(days=2))


@pytest.fixture
def invoke(app: Flask, settings: Settings) -> Invoke:
    """Runs `flask jobs` of an application with these four."""
    group = commands(settings, (GOOD, SILENT, BAD, NEVER))

    def run(*words: str) -> Result:
        return app.test_cli_runner().invoke(group, words)

    return run


def test_it_lists_what_there_is_and_how_it_went(invoke: Invoke) -> None:
    with clock.frozen(NOON):
        invoke("run", "tests.good")
        invoke("run", "tests.bad")
    assert invoke("list").output.splitlines() == [
        "tests.good               every 0:30:00    2026-03-01 12:00:00Z ok in 0.0 s",
        "                         Do something",
        "tests.silent             every 0:30:00    never run",
        "                         Do something",
        "tests.bad                every 0:30:00    2026-03-01 12:00:00Z failed in 0.0 s",
        "                         Do something",
        "                         → LookupError: no such thing",
        "tests.never              every 2 days, 0:00:00 never run",
    ]


def test_of_several_runs_the_last_is_shown(invoke: Invoke) -> None:
    for hours in (0, 1):
        with clock.frozen(NOON + timedelta(hours=hours)):
            invoke("run", "tests.good")
    assert "2026-03-01 13:00:00Z ok" in invoke("list").output
    assert "12:00:00Z" not in invoke("list").output


def test_running_one_says_what_it_did(invoke: Invoke) -> None:
    result = invoke("run", "tests.good")
    assert (result.exit_code, result.output) == (0, "tests.good: 7 things done\n")
    result = invoke("run", "tests.silent")
    assert (result.exit_code, result.output) == (0, "tests.silent: done\n")


def test_one_that_fails_is_one_line_and_exit_code_1(invoke: Invoke) -> None:
    result = invoke("run", "tests.bad")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == ("Error: tests.bad failed: LookupError: no such thing")


def test_an_unknown_one_is_refused_with_those_there_are(invoke: Invoke) -> None:
    result = invoke("run", "tests.nothing")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: There is no job 'tests.nothing' "
        "(known: tests.good, tests.silent, tests.bad, tests.never).\n"
    )


def test_one_that_runs_elsewhere_is_left_alone(invoke: Invoke, engine: Engine) -> None:
    begun, go_on = Flag(), Flag()

    def slow(_: Session) -> None:
        begun.set()
        go_on.wait()

    thread = Thread(target=lambda: run_now(engine, job(slow, "tests.good")))
    thread.start()
    begun.wait()
    try:
        result = invoke("run", "tests.good")
        assert "running" in invoke("list").output
    finally:
        go_on.set()
        thread.join()
    assert result.exit_code == 1
    assert result.stderr == "Error: Another process is running tests.good now.\n"


def test_the_instance_lists_the_jobs_of_its_plugins(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["jobs", "list"])
    assert result.exit_code == 0
    assert "stats.aggregate          every 0:30:00    never run" in result.output


def test_a_process_of_its_own_runs_what_is_due_until_it_is_told_to_stop(
    app: Flask, settings: Settings, engine: Engine
) -> None:
    del app  # for its empty database
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "schedule"],
        env=os.environ | environment_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().endswith(" jobs when they are due.\n")
        deadline = time.monotonic() + 20
        while True:
            with engine.connect() as connection:
                done = connection.scalar(select(func.count()).where(JobRun.outcome == "ok"))
            if done:
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "The scheduler has stopped.\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
