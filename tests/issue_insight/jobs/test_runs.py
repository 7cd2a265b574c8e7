"""A job runs once per tick, whoever tries, and whatever happens to it is on record."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from threading import Event as Flag
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.jobs import runs
from issue_insight.jobs.runs import ATTEMPTS, KEEP_SUCCESSES, run_due, run_now, tick_at
from tests.issue_insight.jobs.conftest import HALF_HOUR, NOON, job

Record = Callable[[], list[Any]]


def note(session: Session, value: str = "x") -> str:
    """Write a row that only a committed run leaves behind; return what is reported."""
    session.execute(text("INSERT INTO labels_of_tests VALUES (:value)"), {"value": value})
    return "noted"


@pytest.fixture
def notes(clean_database: Engine) -> Any:
    """A table for jobs to write to; returns how many rows it has."""
    with clean_database.begin() as connection:
        connection.execute(text("CREATE TABLE labels_of_tests (value text)"))

    def count() -> int:
        with clean_database.connect() as connection:
            return int(
                connection.execute(text("SELECT count(*) FROM labels_of_tests")).scalar_one()
            )

    yield count
    with clean_database.begin() as connection:
        connection.execute(text("DROP TABLE labels_of_tests"))


def kill_backend(session: Session) -> None:
    """Do as a database does that goes away in the middle of a job."""
    session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def fail(session: Session) -> None:
    note(session)
    raise LookupError("no such thing")


def test_ticks_begin_at_multiples_of_the_interval() -> None:
    assert tick_at(datetime(2026, 3, 1, 12, 59, 59, tzinfo=UTC), HALF_HOUR) == (
        datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    )
    assert tick_at(NOON, HALF_HOUR) == NOON
    assert tick_at(NOON, timedelta(days=1)) == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_job_runs_once_per_tick(engine: Engine, record: Record, notes: Any) -> None:
    the_job = job(note)
    outcomes = []
    for minutes in (0, 1, 29, 30, 31, 90):
        with clock.frozen(NOON + timedelta(minutes=minutes)):
            outcomes.append(run_due(engine, the_job, HALF_HOUR).outcome)
    assert outcomes == ["ok", "done", "done", "ok", "done", "ok"]
    assert notes() == 3
    assert [run.tick for run in record()] == [
        NOON,
        NOON + HALF_HOUR,
        NOON + 3 * HALF_HOUR,
    ]


def test_a_run_that_went_well_is_on_record(engine: Engine, record: Record, notes: Any) -> None:
    with clock.frozen(NOON):
        ran = run_due(engine, job(note), HALF_HOUR)
    assert (ran.outcome, ran.result) == ("ok", "noted")
    [run] = record()
    assert (run.name, run.outcome, run.error) == ("tests.job", "ok", None)
    assert run.started_at == run.ended_at == NOON


def test_a_job_that_fails_is_recorded_and_leaves_nothing(
    engine: Engine, app: Flask, record: Record, notes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ran = run_due(engine, job(fail), HALF_HOUR)
    assert ran.outcome == "failed"
    assert isinstance(ran.error, LookupError)
    [run] = record()
    assert run.outcome == "failed"
    assert run.error.startswith("Traceback")
    assert run.error.endswith("LookupError: no such thing\n")
    assert notes() == 0
    assert "job failed" in caplog.text
    # It would fail again: the next try is that of the next tick.
    assert run_due(engine, job(fail), HALF_HOUR).outcome == "done"


def test_a_failing_statement_is_a_failure_and_not_a_lost_connection(
    engine: Engine, record: Record
) -> None:
    def nonsense(session: Session) -> None:
        session.execute(text("SELECT 1 / 0"))

    assert run_due(engine, job(nonsense), HALF_HOUR).outcome == "failed"
    assert [run.outcome for run in record()] == ["failed"]


def test_a_job_whose_connection_is_lost_is_tried_again(
    engine: Engine, record: Record, notes: Any
) -> None:
    tries = []

    def unlucky_once(session: Session) -> str:
        note(session)
        tries.append(1)
        if len(tries) == 1:
            kill_backend(session)
        return "at last"

    the_job = job(unlucky_once)
    assert run_due(engine, the_job, HALF_HOUR).outcome == "interrupted"
    assert notes() == 0
    assert run_due(engine, the_job, HALF_HOUR).result == "at last"
    assert run_due(engine, the_job, HALF_HOUR).outcome == "done"
    assert [run.outcome for run in record()] == ["interrupted", "ok"]
    assert notes() == 1


def test_a_job_that_is_always_interrupted_is_given_up_for_this_tick(
    engine: Engine, record: Record
) -> None:
    the_job = job(kill_backend)
    with clock.frozen(NOON):
        outcomes = [run_due(engine, the_job, HALF_HOUR).outcome for _ in range(ATTEMPTS + 2)]
    assert outcomes == ["interrupted"] * ATTEMPTS + ["done"] * 2
    with clock.frozen(NOON + HALF_HOUR):
        assert run_due(engine, the_job, HALF_HOUR).outcome == "interrupted"
    assert len(record()) == ATTEMPTS + 1


def test_threads_with_engines_of_their_own_run_it_once(
    postgres_url: str, record: Record, notes: Any
) -> None:
    together = Barrier(6)
    outcomes: list[str] = []

    def attempt() -> None:
        own = create_engine(postgres_url)
        with clock.frozen(NOON), own.connect() as connection:
            connection.close()
            together.wait()
            outcomes.append(run_due(own, job(note), HALF_HOUR).outcome)
        own.dispose()

    threads = [Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("ok") == 1
    assert set(outcomes) <= {"ok", "busy", "done"}
    assert notes() == 1
    assert len(record()) == 1


def test_while_it_runs_others_are_told_so(
    postgres_url: str, engine: Engine, record: Record
) -> None:
    begun, go_on = Flag(), Flag()

    def slow(_: Session) -> None:
        begun.set()
        go_on.wait()

    thread = Thread(target=lambda: run_now(engine, job(slow)))
    thread.start()
    begun.wait()
    other = create_engine(postgres_url)
    try:
        assert [run.outcome for run in record()] == ["running"]
        assert run_due(other, job(slow), HALF_HOUR).outcome == "busy"
        assert run_now(other, job(slow)).outcome == "busy"
        # Another job has a lock of its own.
        assert run_now(other, job(lambda _: None, "tests.other")).outcome == "ok"
    finally:
        go_on.set()
        thread.join()
        other.dispose()
    assert run_due(engine, job(lambda _: None), HALF_HOUR).outcome == "ok"


KILLED = """
import os, signal, sys
from datetime import timedelta
from sqlalchemy import create_engine
from issue_insight.jobs.runs import run_due
from issue_insight.plugin.manifest import Job

def wait(session):
    print("running", flush=True)
    signal.pause()

every = timedelta(days=36500)
run_due(create_engine(sys.argv[1]), Job("tests.job", wait, every), every)
"""


def test_a_job_whose_process_is_killed_is_tried_again_within_its_tick(
    postgres_url: str, engine: Engine, record: Record
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, postgres_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "running\n"
        every = timedelta(days=36500)
        the_job = job(lambda _: "done at last")
        assert run_due(engine, the_job, every).outcome == "busy"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    # The server notices by itself that the connection is gone.
    while (ran := run_due(engine, the_job, every)).outcome == "busy":
        pass
    assert ran.result == "done at last"
    first, second = record()
    assert (first.outcome, first.ended_at, second.outcome) == ("interrupted", None, "ok")
    assert first.tick == second.tick
    assert "ended before the job did" in first.error


def test_the_lock_is_free_again_afterwards(engine: Engine, record: Record) -> None:
    for what in (lambda _: None, fail, kill_backend):
        run_now(engine, job(what))
        with engine.connect() as connection:
            held = connection.execute(
                text(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            ).scalar_one()
        assert held == 0


def test_running_it_by_hand_does_not_stand_for_the_tick(
    engine: Engine, record: Record, notes: Any
) -> None:
    the_job = job(note)
    with clock.frozen(NOON):
        assert run_now(engine, the_job).outcome == "ok"
        assert run_now(engine, the_job).outcome == "ok"
        assert run_due(engine, the_job, HALF_HOUR).outcome == "ok"
    assert [run.tick for run in record()] == [None, None, NOON]


def test_a_connection_lost_after_the_work_is_done_is_only_logged(
    engine: Engine, app: Flask, record: Record, notes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def commit_and_go(session: Session) -> None:
        note(session)
        session.commit()
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        session.commit()
        with engine.begin() as another:
            another.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    assert run_due(engine, job(commit_and_go), HALF_HOUR).outcome in ("ok", "interrupted")
    assert "outcome of a job not recorded" in caplog.text
    assert [run.outcome for run in record()] == ["running"]
    assert run_due(engine, job(note), HALF_HOUR).outcome == "ok"
    assert [run.outcome for run in record()] == ["interrupted", "ok"]


def test_good_runs_are_forgotten_after_a_while_and_others_are_not(
    engine: Engine, record: Record
) -> None:
    with clock.frozen(NOON):
        run_now(engine, job(lambda _: None))
        run_now(engine, job(fail))
        run_now(engine, job(lambda _: None, "tests.other"))
    with clock.frozen(NOON + KEEP_SUCCESSES + timedelta(seconds=1)):
        run_now(engine, job(lambda _: None))
    assert [(run.name, run.outcome) for run in record()] == [
        ("tests.job", "failed"),
        ("tests.other", "ok"),
        ("tests.job", "ok"),
    ]


def test_long_errors_are_cut_at_their_beginning(engine: Engine, record: Record) -> None:
    def verbose(_: Session) -> None:
        raise ValueError("x" * 50_000 + "the end")

    run_now(engine, job(verbose))
    [run] = record()
    assert len(run.error) == runs._ERROR_MAX
    assert run.error.endswith("the end\n")


def test_without_a_database_it_is_not_run(tmp_path: Any) -> None:
    absent = create_engine(f"postgresql+psycopg2://nobody@/none?host={tmp_path}")
    with pytest.raises(OperationalError):
        run_due(absent, job(note), HALF_HOUR)
