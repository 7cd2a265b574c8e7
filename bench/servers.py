"""Which WSGI server? gunicorn with threads, gunicorn with gevent, or granian.

    python bench/servers.py                          # the small application beside this file
    python bench/servers.py --url /api/v1/issues --token TOKEN --app issue_insight.app:create_app

Every server gets one worker process and room for 64 requests at once. Asked of each, in turns so
that what else the machine does meets all of them: requests per second, and processor time for one
(which a busy machine changes less); whether requests are still answered beside 24 open event
streams, and beside 300 connections that never finish their headers; what a SIGTERM does to a
request under way while streams are open; memory.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.load import answer, one_by_one, press, request

SMALL = "bench.small_app:app"
THREADS, STREAMS, HALF_SENT = 64, 24, 300


def _gunicorn(app: str, port: int, *more: str) -> list[str]:
    target = f"{app}()" if app.endswith(":create_app") else app
    return [
        *(sys.executable, "-m", "gunicorn", target, "-w", "1", "-b", f"127.0.0.1:{port}"),
        *("--log-level", "error", *more),
    ]


def _granian(app: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", app, "--port", str(port)),
        *(["--factory"] if app.endswith(":create_app") else []),
        *("--workers", "1", "--blocking-threads", str(THREADS), "--no-ws"),
        *("--log-level", "error", "--workers-kill-timeout", "3"),
    ]


SERVERS = {
    "gunicorn gthread": lambda app, port: _gunicorn(
        app, port, "-k", "gthread", "--threads", str(THREADS), "--graceful-timeout", "3"
    ),
    "gunicorn gevent": lambda app, port: _gunicorn(
        app, port, "-k", "gevent", "--graceful-timeout", "3"
    ),
    "granian": _granian,
}


@dataclass
class Result:
    """What was seen of one server, over all turns."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu_us: dict[str, list[float]] = field(default_factory=dict)
    p99: dict[str, list[float]] = field(default_factory=dict)
    streams: list[str] = field(default_factory=list)
    half_sent: list[str] = field(default_factory=list)
    stop: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@contextmanager
def serving(name: str, app: str) -> Iterator[tuple[int, psutil.Process]]:
    """Start a server, wait until it listens, and make sure that it is gone at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(SERVERS[name](app, port), env=os.environ)  # noqa: S603
    process = psutil.Process(started.pid)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(0.5)
        yield port, process
    finally:
        family = [process, *process.children(recursive=True)] if started.poll() is None else []
        for one in family:
            one.kill()
        started.wait()


def processor_seconds(process: psutil.Process) -> float:
    """Return what the process and its workers have used so far."""
    family = [process, *process.children(recursive=True)]
    return float(sum(sum(one.cpu_times()[:2]) for one in family))


def throughput(
    result: Result, port: int, process: psutil.Process, paths: dict[str, bytes], seconds: float
) -> None:
    """Press each path, and note rate, tail and processor time."""
    for path, sent in paths.items():
        press(port, sent, seconds=0.5)
        before = processor_seconds(process)
        measured = press(port, sent, seconds=seconds)
        used = processor_seconds(process) - before
        if measured.failed:
            raise SystemExit(f"{measured.failed} of {measured.count} requests to {path} failed")
        result.rates.setdefault(path, []).append(measured.rate)
        result.p99.setdefault(path, []).append(measured.p99)
        result.cpu_us.setdefault(path, []).append(used / measured.count * 1e6)
    family = [process, *process.children(recursive=True)]
    result.memory.append(sum(one.memory_full_info().uss for one in family) / 1024**2)


def beside(port: int, held: bytes, count: int, *, answered: bool) -> str:
    """Hold `count` connections that have sent `held`, and see how requests fare beside them."""
    with ExitStack() as stack:
        begun = 0
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.settimeout(2)
            connection.sendall(held)
            if answered:
                try:
                    begun += b"200" in connection.recv(4096)
                except OSError:
                    continue
        time.sleep(0.5)
        seen = one_by_one(port, request("/hello", {"Connection": "close"}), count=100)
    good = seen.count - seen.failed
    streams = f"{begun} of {count} begun; " if answered else ""
    tail = f", p99 {seen.p99:.0f} ms" if good else ""
    return f"{streams}{good} of 100 answered{tail}"


def stopping(port: int, process: psutil.Process) -> str:
    """Send SIGTERM amid a slow request and open streams."""
    with ExitStack() as stack:
        for _ in range(STREAMS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(request("/stream"))
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15))
        slow.sendall(request("/slow"))
        told: list[bool] = []

        def wait() -> None:
            try:
                told.append(answer(slow))
            except OSError:
                told.append(False)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        family = [process, *process.children(recursive=True)]
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=15)
        took = time.perf_counter() - began
        waiting.join()
    gone = f"gone after {took:.1f} s" if not left else f"{len(left)} processes left after 15 s"
    return f"request under way {'answered' if told == [True] else 'lost'}, {gone}"


def main() -> None:
    """Measure, print a table, and keep the figures in bench/latest-servers.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--app", default=SMALL)
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument("--token", default="")
    asked = parser.parse_args()
    headers = {"Authorization": f"Bearer {asked.token}"} if asked.token else {}
    paths = {path: request(path, headers) for path in asked.url or ["/hello", "/rows"]}

    results = {name: Result() for name in SERVERS}
    for turn in range(asked.turns):
        for name, result in results.items():
            with serving(name, asked.app) as (port, process):
                throughput(result, port, process, paths, asked.seconds)
                if asked.app == SMALL and turn == 0:
                    result.streams.append(beside(port, request("/stream"), STREAMS, answered=True))
            if asked.app == SMALL and turn == 0:
                with serving(name, asked.app) as (port, process):
                    half = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
                    result.half_sent.append(beside(port, half, HALF_SENT, answered=False))
                with serving(name, asked.app) as (port, process):
                    result.stop.append(stopping(port, process))

    table = Table("", *SERVERS)
    for path in paths:
        for what, values in (("requests/s", "rates"), ("CPU µs", "cpu_us"), ("p99 ms", "p99")):
            row = [statistics.median(getattr(r, values)[path]) for r in results.values()]
            table.add_row(f"{path.partition('?')[0]} {what}", *(f"{value:,.1f}" for value in row))
    table.add_row("memory MB", *(f"{statistics.median(r.memory):.0f}" for r in results.values()))
    if asked.app == SMALL:
        for what in ("streams", "half_sent", "stop"):
            table.add_row(what, *(getattr(r, what)[0] for r in results.values()))
    Console(width=160).print(table)
    kept = Path(__file__).with_name("latest-servers.json")
    kept.write_text(json.dumps({name: asdict(r) for name, r in results.items()}, indent=1))


if __name__ == "__main__":
    main()
