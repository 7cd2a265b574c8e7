"""`/metrics`: what Prometheus asks for, to this machine alone or to whoever has the token.

Counted as it happens: what `issue_insight.metrics` names. Read at the moment of asking, and the
same from whichever process answers: jobs, the event log, memory. A database that is away is a
number too (`issue_insight_database_up`), never an error.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hmac import compare_digest
from pathlib import Path
from typing import Any, Protocol, cast

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from issue_insight import metrics
from issue_insight.auth.local import refuse_strangers
from issue_insight.auth.permission import public
from issue_insight.db.connections import reading_engine
from issue_insight.errors import Forbidden
from issue_insight.http.problems import problem
from issue_insight.jobs.runs import last_runs
from issue_insight.journal.models import Event
from issue_insight.methods import method_of_request
from issue_insight.settings import Settings

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Scheduled(Protocol):
    """What is asked of a job here."""

    @property
    def name(self) -> str: ...

    def interval(self, settings: Settings) -> Any: ...


def count_requests(app: Flask) -> None:
    """Count and time the requests of `app`; to be called before anything else that hooks them."""
    observe: dict[tuple[str, str, int], Callable[[float], None]] = {}

    @app.before_request
    def begin() -> None:
        g.counted_since = time.perf_counter()
        metrics.REQUESTS_UNDER_WAY.inc()

    @app.after_request
    def end(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "none"
        method = method_of_request()
        key = (method, rule, response.status_code)
        found = observe.get(key)
        if found is None:
            # To look the labels up costs as much as to count.
            labels = (method, rule, str(response.status_code))
            found = observe[key] = metrics.REQUESTS.labels(*labels).observe
        found(time.perf_counter() - g.counted_since)
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "counted_since" in g:
            metrics.REQUESTS_UNDER_WAY.dec()


def register(app: Flask, settings: Settings, jobs: Iterable[Scheduled]) -> None:
    """Add the address to `app`."""
    registry = metrics.REGISTRY
    if metrics.SHARED:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, metrics.SHARED)  # type: ignore[no-untyped-call]
    intervals = {job.name: job.interval(settings).total_seconds() for job in jobs}
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""

    @public
    def tell() -> Response:
        """Tell every metric in the text format."""
        if token:
            given = request.headers.get("Authorization", "")
            if not compare_digest(given.encode(), f"Bearer {token}".encode()):
                return problem(401, "Metrics take `Authorization: Bearer <METRICS_TOKEN>`.")
        else:
            _refuse_strangers()
        pids = _forget_the_dead()
        now = CollectorRegistry()
        now.register(cast(Any, _Collected([*_processes(pids), *_from_database(intervals)])))
        said = generate_latest(registry) + generate_latest(now)
        return Response(said, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    app.add_url_rule("/metrics", "metrics", tell)


def _refuse_strangers() -> None:
    try:
        refuse_strangers(request.environ)
    except Forbidden as error:
        raise Forbidden(
            "Metrics are told to this machine alone; with METRICS_TOKEN set, to whoever has it."
        ) from error


class _Collected:
    """Numbers that have been read, as the library wants them."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        """Return them."""
        return self._found


def _forget_the_dead() -> list[int]:
    """Return the workers that share numbers; drop the gauges of those that have ended."""
    if not metrics.SHARED:
        return [os.getpid()]
    known = {int(path.stem.rpartition("_")[2]) for path in Path(metrics.SHARED).glob("*_*.db")}
    living = {pid for pid in known if _lives(pid)}
    for pid in known - living:
        with suppress(FileNotFoundError):  # another process was faster
            mark_process_dead(pid, metrics.SHARED)  # type: ignore[no-untyped-call]
    return sorted(living)


def _lives(pid: int) -> bool:
    try:
        with suppress(PermissionError):  # somebody else's
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _processes(pids: list[int]) -> Iterator[Metric]:
    memory = GaugeMetricFamily(
        "issue_insight_process_resident_memory_bytes",
        "Memory that a process holds (Linux).",
        labels=("pid",),
    )
    for pid in pids:
        with suppress(OSError):  # it has just ended, or there is no /proc here
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            memory.add_metric((str(pid),), resident * _PAGE)
    yield memory


def _from_database(intervals: dict[str, float]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "issue_insight_database_up", "1 where the database answered just now, else 0."
    )
    try:
        with reading_engine().connect() as connection:
            last_event = connection.scalar(select(func.max(Event.id))) or 0
            ran = last_runs(connection, intervals)
    except SQLAlchemyError:
        up.add_metric((), 0)
        yield up
        return
    up.add_metric((), 1)
    yield up
    log = GaugeMetricFamily(
        "issue_insight_event_log_last_id", "The largest id of the event log: its position."
    )
    log.add_metric((), last_event)
    yield log
    yield from _of_jobs(intervals, ran)


def _of_jobs(intervals: dict[str, float], ran: list[Row[Any]]) -> list[Metric]:
    def gauge(name: str, text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"issue_insight_job_{name}", text, labels=("job_name",))

    interval = gauge("interval_seconds", "How often the job is due.")
    success = gauge("last_success_timestamp_seconds", "When the job last went well; 0 for never.")
    duration = gauge("last_duration_seconds", "How long the last run took that has ended.")
    failed = gauge("last_failed", "1 where the last run failed or was interrupted.")
    by_name = {run.name: run for run in ran}
    for name, seconds in intervals.items():
        interval.add_metric((name,), seconds)
        run = by_name.get(name)
        at = run.succeeded_at.timestamp() if run is not None and run.succeeded_at else 0
        success.add_metric((name,), at)
        failed.add_metric((name,), run is not None and run.outcome in ("failed", "interrupted"))
        if run is not None and run.ended_at:
            duration.add_metric((name,), (run.ended_at - run.started_at).total_seconds())
    return [interval, success, duration, failed]
