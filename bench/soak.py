"""Does it stay as it is under a mixed load? Memory flat, no 5xx: for minutes, or for a night.

    python bench/soak.py --minutes 30

Real servers, one served application. People read lists, issues, numbers and insights; report,
change and comment; attach files, fetch and remove them; listen to streams that come and go. Memory
is what each process has of its own (resident without what is shared), sampled every few seconds.
Fails, with exit code 1, on any 5xx, on a connection that breaks, and on memory that grows: where
its median in the last quarter is above that in the second quarter by more than is allowed.
"""

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.live import served
from issue_insight.auth.state import auth_of
from issue_insight.db import unit_of_work
from issue_insight.testing import servers

MB = 1024 * 1024
SAMPLE_SECONDS = 3.0
ALLOWED = {"worker": (0.10, 8), "server": (0.10, 8), "PostgreSQL": (0.25, 32), "S3": (0.25, 64)}
"""By what part, and by how many MB more, the memory of each may differ between two quarters.

PostgreSQL's connections come and go; the S3 server's runtime collects garbage when it likes.
"""

LISTS = (
    "sort:-updated",
    "status:open",
    "status:open,triaged severity>=high",
    "-label:soak age:<30d",
    "assignee:@me",
    "words of soaking",
    "sort:severity",
)


@dataclass
class Counted:
    """What came of all requests. Safe for threads."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    broken: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, status: int, seconds: float) -> None:
        """Count one answer."""
        with self.lock:
            self.statuses[what][status] += 1
            self.seconds[what].append(seconds)

    @property
    def refused(self) -> int:
        """How many answers were 5xx."""
        return sum(n for found in self.statuses.values() for s, n in found.items() if s >= 500)


class Person:
    """Somebody with a token and a connection, who does things until the end."""

    def __init__(
        self, address: tuple[str, int], token: str, counted: Counted, seed: int, pause: float
    ) -> None:
        self._address, self._counted, self._pause = address, counted, pause
        self._headers = {"Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection(*address, timeout=60)
        self.random = random.Random(seed)  # noqa: S311 (chance, no secret)

    def ask(
        self, what: str, method: str, path: str, sent: Any = None, kind: str = "", **more: str
    ) -> Any:
        """Send a request; return what JSON the answer holds, or nothing where it was refused."""
        body = json.dumps(sent).encode() if isinstance(sent, dict) else sent
        headers = {**self._headers, **more}
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
        began = time.perf_counter()
        self._connection.request(method, f"/api/v1{path}", body, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        self._counted.count(what, answer.status, time.perf_counter() - began)
        if answer.status >= 300 or not said or "json" not in answer.headers["Content-Type"]:
            return None
        return json.loads(said)

    def go_on(self, turn: Callable[["Person"], None], end: threading.Event) -> None:
        """Take turns until the end."""
        while not end.wait(self._pause * self.random.random() * 2):
            try:
                turn(self)
            except (OSError, http.client.HTTPException) as error:
                with self._counted.lock:
                    self._counted.broken[type(error).__name__] += 1
                self._connection.close()
        self._connection.close()


def read(person: Person) -> None:
    """Look at a list, an issue with what belongs to it, numbers, and the past."""
    q = quote(person.random.choice(LISTS))
    found = person.ask("list", "GET", f"/issues?q={q}&limit=50")
    if found and found["items"]:
        key = person.random.choice(found["items"])["key"]
        person.ask("issue", "GET", f"/issues/{key}")
        person.ask("events", "GET", f"/issues/{key}/events")
        person.ask("comments", "GET", f"/issues/{key}/comments")
    person.ask("numbers", "GET", f"/stats/now?q={q}")
    today = time.strftime("%Y-%m-%d")
    person.ask("numbers by day", "GET", f"/stats/daily?from={today}&to={today}")
    person.ask("insight", "GET", f"/insights/throughput?from={today}&to={today}")


def write(person: Person) -> None:
    """Report, change and comment."""
    severity = person.random.choice(("low", "medium", "high", "critical"))
    words = " ".join(person.random.choices(("slow", "wrong", "soaking", "words", "page"), k=6))
    made = person.ask(
        "report",
        "POST",
        "/issues",
        {"project": "SOAK", "title": words, "description": words * 20, "severity": severity},
    )
    if made is None:
        return
    path, tag = f"/issues/{made['key']}", f'"{made["version"]}"'
    for change in ({"status": "triaged", "labels": ["soak"]}, {"status": "in_progress"}):
        changed = person.ask("change", "PATCH", path, change, **{"If-Match": tag})
        if changed is not None:
            tag = f'"{changed["version"]}"'
    person.ask("comment", "POST", f"{path}/comments", {"body": words})


def attach(person: Person) -> None:
    """Attach a file, fetch it, and remove every other one."""
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        + person.random.randbytes(person.random.randint(1, 2 * MB))
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    made = person.ask("attach", "POST", "/issues/SOAK-1/attachments", form, kind)
    if made is not None:
        person.ask("fetch", "GET", f"/attachments/{made['id']}/content")
        if person.random.random() < 0.9:
            person.ask("remove", "DELETE", f"/attachments/{made['id']}")


def listen(
    address: tuple[str, int], token: str, counted: Counted, end: threading.Event, seed: int
) -> None:
    """Keep a stream for a while, then another one."""
    chance = random.Random(seed)  # noqa: S311 (chance, no secret)
    while not end.is_set():
        until = time.monotonic() + chance.uniform(5, 60)
        try:
            with socket.create_connection(address, timeout=1) as stream:
                stream.sendall(
                    b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    b"Authorization: Bearer %s\r\n\r\n" % token.encode()
                )
                began, first = time.perf_counter(), b""
                while time.monotonic() < until and not end.is_set():
                    try:
                        came = stream.recv(65536)
                    except TimeoutError:
                        continue
                    if not came:
                        break
                    if not first:
                        first = came
                        status = int(first.split()[1])
                        counted.count("stream", status, time.perf_counter() - began)
                    with counted.lock:
                        counted.events += came.count(b"event: change")
        except OSError as error:
            with counted.lock:
                counted.broken[type(error).__name__] += 1
            end.wait(1)


def own_memory(process: psutil.Process) -> int:
    """Return the bytes that a process and all below it have for themselves."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            held = each.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += held.rss - held.shared
    return total


def growth(samples: Sequence[float]) -> float:
    """Return by how much the median of the last quarter is above that of the second one."""
    quarter = max(1, len(samples) // 4)
    return statistics.median(samples[-quarter:]) - statistics.median(samples[quarter : 2 * quarter])


def grows(name: str, samples: Sequence[float]) -> bool:
    """Tell whether memory (MB) grows by more than is allowed; too few samples say nothing."""
    if len(samples) < 8:
        return False
    part, more = ALLOWED[name]
    quarter = len(samples) // 4
    base = statistics.median(samples[quarter : 2 * quarter])
    return growth(samples) > base * part + more


def soak(minutes: float, pause: float, streams: int, console: Console) -> bool:
    """Run it and print the tables; tell whether all held."""
    counted, memory = Counted(), defaultdict[str, list[float]](list)
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as (app, server):
        tokens = []
        local = auth_of(app).local
        assert local is not None
        for number in range(4 + streams // 5):
            with app.app_context(), unit_of_work() as session:
                who = f"person{number}@example.org"
                token, _ = local.sign_in(session, who, who, "admin", timedelta(days=3))
                tokens.append(token)
        end = threading.Event()
        first = Person(server.address, tokens[0], Counted(), 0, 0)
        project = {"key": "SOAK", "name": "Soak", "visibility": "all"}
        assert first.ask("", "POST", "/projects", project)
        assert first.ask("", "POST", "/issues", {"project": "SOAK", "title": "First"})
        turns = (read, read, read, write, write, attach)
        threads = [
            threading.Thread(
                target=Person(server.address, tokens[n % 4], counted, n, pause).go_on,
                args=(turn, end),
            )
            for n, turn in enumerate(turns)
        ] + [
            threading.Thread(
                target=listen, args=(server.address, tokens[4 + n // 5], counted, end, n)
            )
            for n in range(streams)
        ]
        main = psutil.Process(int((Path(directory) / "server.pid").read_text()))
        worker = max(main.children(), key=lambda child: child.memory_info().rss)
        parts: dict[str, Callable[[], int]] = {
            "worker": lambda: own_memory(worker),
            "server": lambda: main.memory_info().rss - main.memory_info().shared,
            "PostgreSQL": lambda: own_memory(servers.postgres().process),
            "S3": lambda: own_memory(servers.s3().process),
        }
        load = os.getloadavg()
        began = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            while time.monotonic() - began < minutes * 60:
                for name, measure in parts.items():
                    memory[name].append(measure() / MB)
                end.wait(SAMPLE_SECONDS)
        finally:
            end.set()
            for thread in threads:
                thread.join()
        took = time.monotonic() - began
    requests = sum(found.total() for found in counted.statuses.values())
    console.print(
        f"{took / 60:.1f} minutes, {requests} requests ({requests / took:.0f} a second), "
        f"{streams} streams with {counted.events} changes; load of the machine "
        f"{load[0]:.1f} before, {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores"
    )
    console.print(_answers(counted), _memory(memory))
    faults = [f"{counted.refused} answers were 5xx"] if counted.refused else []
    faults += [f"{count} connections broke: {kind}" for kind, count in counted.broken.items()]
    faults += [f"the memory of {name} grows" for name in memory if grows(name, memory[name])]
    console.print("; ".join(faults) or "No 5xx, no broken connection, no memory that grows.")
    return not faults


def _answers(counted: Counted) -> Table:
    table = Table("request", "answers", "statuses", "median ms", "p99 ms", title="Answers")
    for what, found in sorted(counted.statuses.items()):
        seconds = sorted(counted.seconds[what])
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(found.items()))
        middle, late = seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100]
        table.add_row(
            what, f"{found.total()}", statuses, f"{middle * 1000:.0f}", f"{late * 1000:.0f}"
        )
    return table


def _memory(memory: dict[str, list[float]]) -> Table:
    table = Table("MB of", "first", "¼", "½", "¾", "last", "most", "growth", title="Memory")
    for name, samples in memory.items():
        marks = [samples[(len(samples) - 1) * mark // 4] for mark in range(5)]
        table.add_row(
            name,
            *(f"{mark:.0f}" for mark in marks),
            f"{max(samples):.0f}",
            f"{growth(samples):+.1f}",
        )
    return table


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between turns, about")
    parser.add_argument("--streams", type=int, default=20)
    asked = parser.parse_args()
    sys.exit(0 if soak(asked.minutes, asked.pause, asked.streams, Console(width=110)) else 1)


if __name__ == "__main__":
    main()
