"""A small load generator: raw sockets with keep-alive, one request at a time on each."""

import selectors
import socket
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second; latencies in milliseconds; how many were not answered with 200."""

    rate: float
    p50: float
    p99: float
    failed: int
    count: int


def request(path: str, headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of a GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(connection: socket.socket) -> bool:
    """Read one whole answer; true if it is a 200."""
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
    return head.split(b" ", 2)[1] == b"200"


def press(port: int, sent: bytes, *, seconds: float, connections: int = 16) -> Measured:
    """Keep `connections` busy for `seconds`."""
    selector = selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    for _ in range(connections):
        made = socket.create_connection(("127.0.0.1", port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(made, selectors.EVENT_READ)
        begun[made] = time.perf_counter()
        made.sendall(sent)
    times: list[float] = []
    failed = 0
    start = time.perf_counter()
    end = start + seconds
    while (now := time.perf_counter()) < end:
        for key, _ in selector.select(timeout=1):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            if answer(connection):
                times.append(time.perf_counter() - begun[connection])
            else:
                failed += 1
            begun[connection] = time.perf_counter()
            connection.sendall(sent)
    for connection in begun:
        connection.close()
    return _measured(times, failed, now - start)


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
