"""Clients that write at a steady rate and remember what they were promised."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass
class Promises:
    """What one client was told: the newest acknowledged state of each issue, and its comments."""

    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: list[http.client.HTTPMessage] = field(default_factory=list)
    broken_off: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """Writes in a second over a while: offered by the clock, sent, and acknowledged."""

    offered: float
    sent: float
    acknowledged: float

    def __str__(self) -> str:
        return (
            f"{self.offered:.0f} writes/s offered, {self.sent:.0f} sent, "
            f"{self.acknowledged:.0f} acknowledged"
        )


class Writers:
    """Threads that report, change and comment until the block ends, `rate` writes a second.

    Writes come due by the clock and not by the answers, so that a slow server is offered no less.
    One that is due while every thread waits for an answer is sent as soon as a thread is free:
    where fewer are sent than offered, the server, or the machine, was at its limit. A broken
    connection ends a thread, unless it is to `persist`.
    """

    def __init__(
        self,
        address: tuple[str, int],
        token: str,
        *,
        rate: float,
        threads: int = 16,
        persist: bool = False,
    ) -> None:
        self.promises = [Promises() for _ in range(threads)]
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._rate = rate
        self._persist = persist
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._due = 0.0
        self._sent = 0
        self._threads = [
            threading.Thread(target=self._write, args=(promises, number))
            for number, promises in enumerate(self.promises)
        ]

    def __enter__(self) -> Self:
        self._due = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged so far."""
        return sum(
            count
            for p in self.promises
            for status, count in list(p.statuses.items())
            if status < 300
        )

    def rates(self, more: int) -> Rates:
        """Wait for so many more acknowledged writes; return what there was in a second."""
        began, sent, acknowledged = time.perf_counter(), self._sent, self.acknowledged
        self.wait_for(more)
        took = time.perf_counter() - began
        return Rates(
            self._rate, (self._sent - sent) / took, (self.acknowledged - acknowledged) / took
        )

    def wait_for(self, more: int) -> None:
        """Return once so many more writes were acknowledged. Raises when no writer is left."""
        goal, pause = self.acknowledged + more, threading.Event()
        while self.acknowledged < goal:
            if not any(thread.is_alive() for thread in self._threads):
                raise RuntimeError(f"every writer gave up: {self.promises}")
            pause.wait(0.01)

    def wait_for_refusals(self, count: int) -> None:
        """Return once so many writes were refused."""
        pause = threading.Event()
        while sum(len(promises.refusals) for promises in self.promises) < count:
            if not any(thread.is_alive() for thread in self._threads):
                raise RuntimeError(f"every writer gave up: {self.promises}")
            pause.wait(0.01)

    def _wait_until_due(self) -> None:
        """Take the next write that comes due, and wait for its time."""
        with self._lock:
            self._due += 1 / self._rate
            due = self._due
        self._end.wait(due - time.perf_counter())
        with self._lock:
            self._sent += 1

    def _write(self, promises: Promises, number: int) -> None:
        host, port = self._address
        connection = http.client.HTTPConnection(host, port, timeout=30)
        turn = 0

        def send(method: str, path: str, body: dict[str, Any], version: int = 0) -> Any:
            self._wait_until_due()
            extra = {"If-Match": f'"{version}"'} if version else {}
            connection.request(method, path, json.dumps(body), {**self._headers, **extra})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            promises.statuses[answer.status] += 1
            if answer.status >= 300:
                promises.refusals.append(answer.headers)
                # A refusal may come before the body was read: the connection is then of no use.
                connection.close()
                return None
            return said

        while not self._end.is_set():
            turn += 1
            try:
                self._one_turn(promises, send, f"{number} {turn}")
            except (OSError, http.client.HTTPException):
                promises.broken_off += 1
                if not self._persist:
                    return
            finally:
                # The next one may find another worker.
                connection.close()

    def _one_turn(self, promises: Promises, send: Callable[..., Any], name: str) -> None:
        issue = send("POST", "/api/v1/issues", {"project": "WEB", "title": f"Made {name}"})
        if issue is None:
            return
        path = f"/api/v1/issues/{issue['key']}"
        promises.issues[issue["key"]] = issue
        for change in (
            {"title": f"Changed {name}", "description": "Both", "status": "triaged"},
            {"status": "done", "labels": [name]},
            {"status": "open", "title": f"Opened {name}"},
        ):
            changed = send("PATCH", path, change, promises.issues[issue["key"]]["version"])
            if changed is None:
                return
            promises.issues[issue["key"]] = changed
        comment = send("POST", f"{path}/comments", {"body": f"Said {name}"})
        if comment is not None:
            promises.comments[comment["id"]] = comment["body"]
