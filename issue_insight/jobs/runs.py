"""Running a job: once per tick, however many processes try, and every error on record.

Time is cut into ticks that begin at multiples of the job's interval since 1970, so that all
processes mean the same tick. Whoever runs the job holds a PostgreSQL advisory lock on the very
connection the job works on: if the connection ends, the lock and the job's transaction end with
it. A run that is on record as running while nobody holds the lock has therefore been interrupted,
and is tried again within its tick.
"""

import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

import structlog
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from issue_insight import clock, reporting, tracing
from issue_insight.jobs.models import JobRun

if TYPE_CHECKING:
    from issue_insight.plugin.manifest import Job

ATTEMPTS = 3
"""How often a job that is interrupted is begun within one tick."""
KEEP_SUCCESSES = timedelta(days=30)
"""How long runs that went well stay on record; the others stay for good."""
_ERROR_MAX = 20_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger("issue_insight.jobs")

Outcome = Literal["ok", "failed", "interrupted", "busy", "done"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a try.

    `busy`: another process is at it. `done`: it has been run in this tick. `result` is what the
    job returned.
    """

    outcome: Outcome
    result: object = None
    error: Exception | None = None


def tick_at(instant: datetime, every: timedelta) -> datetime:
    """Return the start of the tick of length `every` that `instant` lies in."""
    return _EPOCH + (instant - _EPOCH) // every * every


def run_due(engine: Engine, job: "Job", every: timedelta) -> Ran:
    """Run the job unless it has been run, or is being run, in the present tick.

    Errors of the job are logged, recorded and returned. Raises `sqlalchemy.exc.DBAPIError` where
    the database cannot even be asked.
    """
    with _locked(engine, job.name) as connection:
        if connection is None:
            return Ran("busy")
        tick = tick_at(clock.now(), every)
        _note_interrupted(connection, job.name)
        tries = connection.scalars(
            select(JobRun.outcome).where(JobRun.name == job.name, JobRun.tick == tick)
        ).all()
        if any(outcome != "interrupted" for outcome in tries) or len(tries) >= ATTEMPTS:
            connection.commit()
            return Ran("done")
        return _run(connection, job, tick)


def run_now(engine: Engine, job: "Job") -> Ran:
    """Run the job because somebody asked for it, whatever the tick; see `run_due`."""
    with _locked(engine, job.name) as connection:
        if connection is None:
            return Ran("busy")
        _note_interrupted(connection, job.name)
        return _run(connection, job, None)


def last_runs(connection: Connection, names: Iterable[str]) -> list[Row[Any]]:
    """Return the newest run of each job, and when one last went well."""
    newest = (
        select(JobRun.__table__)
        .where(JobRun.name.in_(names))
        .order_by(JobRun.name, JobRun.id.desc())
        .ext(distinct_on(JobRun.name))
        .subquery()
    )
    succeeded = (
        select(JobRun.ended_at)
        .where(JobRun.name == newest.c.name, JobRun.outcome == "ok")
        .order_by(JobRun.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return list(connection.execute(select(newest, succeeded.label("succeeded_at"))))


def _run(connection: Connection, job: "Job", tick: datetime | None) -> Ran:
    with tracing.work(f"job {job.name}", job=job.name) as tell:
        ran = _on_record(connection, job, tick)
        tell(outcome=ran.outcome)
        return ran


def _on_record(connection: Connection, job: "Job", tick: datetime | None) -> Ran:
    run_id = _begin(connection, job.name, tick)
    try:
        with Session(connection) as session:
            result = job.run(session)
            session.commit()
    except Exception as error:
        # psycopg2 tells of a lost connection in many ways; SQLAlchemy knows them.
        lost = connection.invalidated or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        )
        outcome: Outcome = "interrupted" if lost else "failed"
        log.error("job failed", job=job.name, outcome=outcome, exc_info=error)
        if outcome == "failed":
            reporting.report(error, job=job.name)
        _end(connection, run_id, outcome, error)
        return Ran(outcome, error=error)
    _end(connection, run_id, "ok", None)
    log.info("job done", job=job.name)
    return Ran("ok", result)


def _begin(connection: Connection, name: str, tick: datetime | None) -> int:
    now = clock.now()
    run_id = connection.execute(
        insert(JobRun)
        .values(name=name, tick=tick, started_at=now, outcome="running")
        .returning(JobRun.id)
    ).scalar_one()
    connection.execute(
        delete(JobRun).where(
            JobRun.name == name,
            JobRun.outcome == "ok",
            JobRun.started_at < now - KEEP_SUCCESSES,
        )
    )
    connection.commit()
    return run_id


def _end(connection: Connection, run_id: int, outcome: Outcome, error: Exception | None) -> None:
    """Record the outcome, on a new connection where that of the job is lost.

    Where the database is away altogether the run stays `running`; whoever next holds the lock
    sees what that means, and the error is in the log already.
    """
    said = "".join(traceback.format_exception(error))[-_ERROR_MAX:] if error else None
    ended = (
        update(JobRun)
        .where(JobRun.id == run_id)
        .values(outcome=outcome, ended_at=clock.now(), error=said)
    )
    try:
        if outcome == "interrupted":
            with connection.engine.begin() as another:
                another.execute(ended)
        else:
            connection.rollback()
            connection.execute(ended)
            connection.commit()
    except SQLAlchemyError as trouble:
        log.error("outcome of a job not recorded", run=run_id, outcome=outcome, exc_info=trouble)


def _note_interrupted(connection: Connection, name: str) -> None:
    """Call what stands there as running interrupted: the lock is ours, so nobody runs it."""
    connection.execute(
        update(JobRun)
        .where(JobRun.name == name, JobRun.outcome == "running")
        .values(
            outcome="interrupted", error="The process or its connection ended before the job did."
        )
    )


@contextmanager
def _locked(engine: Engine, name: str) -> Iterator[Connection | None]:
    """Give a connection that holds the job's lock, or None where another one holds it."""
    key = _key(name)
    with engine.connect() as connection:
        held = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar_one()
        connection.commit()
        try:
            yield connection if held else None
        finally:
            if held and not _unlock(connection, key):
                # The lock ends with the connection, which must not go back to the pool with it.
                connection.invalidate()


def _unlock(connection: Connection, key: int) -> bool:
    if connection.invalidated:
        return True
    try:
        connection.rollback()
        connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (key,))
        connection.commit()
    except SQLAlchemyError:
        return False
    return True


def _key(name: str) -> int:
    digest = blake2b(f"issue_insight job {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
