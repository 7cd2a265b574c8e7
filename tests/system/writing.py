"""Clients that write as fast as they are answered, and remember what they were promised."""

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


class Writers:
    """Threads that report, change and comment until the block ends.

    A broken connection ends one, unless it is to `persist`.
    """

    def __init__(
        self, address: tuple[str, int], token: str, *, threads: int = 6, persist: bool = False
    ) -> None:
        self.promises = [Promises() for _ in range(threads)]
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._persist = persist
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(promises, number))
            for number, promises in enumerate(self.promises)
        ]

    def __enter__(self) -> Self:
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
            count for p in self.promises for status, count in p.statuses.items() if status < 300
        )

    def rate(self, more: int) -> float:
        """Wait for so many more acknowledged writes; return how many there were in a second."""
        began = time.perf_counter()
        self.wait_for(more)
        return more / (time.perf_counter() - began)

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

    def _write(self, promises: Promises, number: int) -> None:
        host, port = self._address
        connection = http.client.HTTPConnection(host, port, timeout=30)
        turn = 0

        def send(method: str, path: str, body: dict[str, Any], version: int = 0) -> Any:
            extra = {"If-Match": f'"{version}"'} if version else {}
            connection.request(method, path, json.dumps(body), {**self._headers, **extra})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            promises.statuses[answer.status] += 1
            if answer.status >= 300:
                promises.refusals.append(answer.headers)
                # A refusal may come before the body was read: the connection is then of no use.
                connection.close()
                self._end.wait(0.02)
                return None
            return said

        while not self._end.is_set():
            turn += 1
            try:
                self._one_turn(promises, send, f"{number} {turn}")
            except (OSError, http.client.HTTPException):
                promises.broken_off += 1
                connection.close()
                if not self._persist:
                    return
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
