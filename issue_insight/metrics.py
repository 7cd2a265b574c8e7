"""Every metric that this application counts by itself, in one place; `/metrics` tells them.

Names and units follow https://prometheus.io/docs/practices/naming/. Several workers behind one port
share their numbers through the files of a directory that `PROMETHEUS_MULTIPROC_DIR` names; without
it, each process tells its own. What is read at the moment of asking (jobs, the event log, memory)
is in `http/metrics.py`.
"""

import os
from pathlib import Path

SHARED = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
"""Where several workers share their numbers; empty: this process has its own."""

if SHARED:
    # Looked at by the library as it is imported.
    Path(SHARED).mkdir(mode=0o700, parents=True, exist_ok=True)

from prometheus_client import (  # noqa: E402
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# A series beside each counter that nothing here asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()

REQUESTS = Histogram(
    "issue_insight_http_request_duration_seconds",
    "Time until a request's answer begins, by route.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
REQUESTS_UNDER_WAY = Gauge(
    "issue_insight_http_requests_in_progress",
    "Requests that hold a thread.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REFUSED = Counter(
    "issue_insight_http_refused_total",
    "Requests that were refused for their body before anybody looked at them.",
    ("status",),
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "issue_insight_database_connections_in_use",
    "Connections that are taken from the pool.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTIONS_MOST = Gauge(
    "issue_insight_database_connections_max",
    "Connections that the pool may open.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
POOL_TIMEOUTS = Counter(
    "issue_insight_database_pool_timeouts_total",
    "Requests that waited for a connection in vain.",
    registry=REGISTRY,
)
STREAMS = Gauge(
    "issue_insight_live_streams",
    "Open event streams.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
FOLLOWER_READ = Gauge(
    "issue_insight_event_log_follower_last_read_timestamp_seconds",
    "When a follower of the event log had last read all there was; the oldest of the processes.",
    ("follower",),
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
S3_REQUESTS = Histogram(
    "issue_insight_s3_request_duration_seconds",
    "Time of one exchange with the S3 server; that of an upload lasts as long as it comes in.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
S3_FAILURES = Counter(
    "issue_insight_s3_failures_total",
    "Exchanges that failed: the S3 server did not answer, or refused.",
    ("reason",),
    registry=REGISTRY,
)
S3_CIRCUIT = Gauge(
    "issue_insight_s3_circuit_open",
    "1 while the S3 server is not asked because it kept failing.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)

# So that a rate is 0 before the first of them, and not absent.
for _reason in ("no answer", "refused"):
    S3_FAILURES.labels(_reason)
for _status in ("400", "408", "503"):
    REFUSED.labels(_status)
