"""A small load generator: raw sockets with keep-alive, one request at a time on each."""

import selectors
import socket
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import orjson

AT_ONCE = 6
"""So many connections a browser has to one host."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second; latencies in milliseconds; how many were not answered with 200."""

    rate: float
    p50: float
    p99: float
    failed: int
    count: int


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    path: str
    method: str = "GET"
    body: Any = None

    def sent(self, token: str) -> bytes:
        """Return the bytes of it."""
        headers = {"Authorization": f"Bearer {token}"}
        if self.method == "PATCH":
            headers["If-Match"] = "*"
        body = None if self.body is None else orjson.dumps(self.body)
        return request(self.path, headers, method=self.method, body=body)


def request(
    path: str,
    headers: dict[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> bytes:
    """Return the bytes of a request; a body is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")


def answer(connection: socket.socket) -> bool:
    """Read one whole answer; true if it is a success."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return False
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    left = length - len(body)
    while left > 0:
        part = connection.recv(65536)
        if not part:
            return False
        left -= len(part)
    return head.split(b" ", 2)[1].startswith(b"2")


def press(
    port: int, sent: bytes | Iterable[bytes], *, seconds: float, connections: int = 16
) -> Measured:
    """Keep `connections` busy for `seconds` with one request, or with many in turn."""
    requests = cycle([sent] if isinstance(sent, bytes) else sent)
    selector = selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    for _ in range(connections):
        made = socket.create_connection(("127.0.0.1", port), timeout=60)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(made, selectors.EVENT_READ)
        begun[made] = time.perf_counter()
        made.sendall(next(requests))
    times: list[float] = []
    failed = 0
    start = time.perf_counter()
    end = start + seconds
    # What is slower than that is measured all the same, by its first answer.
    while (now := time.perf_counter()) < end or not (times or failed):
        for key, _ in selector.select(timeout=1):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            if answer(connection):
                times.append(time.perf_counter() - begun[connection])
            else:
                failed += 1
            begun[connection] = time.perf_counter()
            connection.sendall(next(requests))
    for connection in begun:
        # What is still under way would be at work beside what is measured next.
        answer(connection)
        connection.close()
    return _measured(times, failed, now - start)


def press_together(port: int, sent: Sequence[bytes], *, seconds: float) -> Measured:
    """Send all of the requests as a browser does, again and again: the times are those of all."""
    connections = [
        socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(AT_ONCE)
    ]
    selector = selectors.DefaultSelector()
    for one in connections:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(one, selectors.EVENT_READ)
    times: list[float] = []
    failed = 0
    start = now = time.perf_counter()
    while now - start < seconds or not times:
        begun = now
        failed += _all(selector, connections, sent)
        now = time.perf_counter()
        times.append(now - begun)
    for one in connections:
        one.close()
    return _measured(times, failed, now - start)


def _all(
    selector: selectors.BaseSelector, connections: list[socket.socket], sent: Sequence[bytes]
) -> int:
    """Send the requests, the next one where an answer has come; return how many failed."""
    left = iter(sent)
    failed = 0
    for connection, one in zip(connections, left, strict=False):
        connection.sendall(one)
    waiting = len(sent)
    while waiting:
        for key, _ in selector.select():
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            failed += not answer(connection)
            waiting -= 1
            if (following := next(left, None)) is not None:
                connection.sendall(following)
    return failed


def one_by_one(port: int, sent: bytes, *, count: int, patience: float = 2.0) -> Measured:
    """Send `count` requests, each on a connection of its own; unanswered ones are failures."""
    times: list[float] = []
    failed = 0
    start = time.perf_counter()
    for _ in range(count):
        begun = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
                connection.sendall(sent)
                if answer(connection):
                    times.append(time.perf_counter() - begun)
                else:
                    failed += 1
        except OSError:
            failed += 1
            if failed == 10:  # it has stopped answering: that is known by now
                failed = count - len(times)
                break
    return _measured(times, failed, time.perf_counter() - start)


def _measured(times: list[float], failed: int, seconds: float) -> Measured:
    if not times:
        return Measured(0.0, float("nan"), float("nan"), failed, failed)
    ordered = sorted(times)
    return Measured(
        rate=len(times) / seconds,
        p50=statistics.median(ordered) * 1000,
        p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000,
        failed=failed,
        count=len(times) + failed,
    )
