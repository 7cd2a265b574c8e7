"""Clients that begin and do not go on: everybody else is served meanwhile."""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from issue_insight.serving import THREADS, Server
from issue_insight.settings import Settings
from issue_insight.testing.tokens import SignedIn

HALF_A_HEADER = b"GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


def half_a_body(token: str) -> bytes:
    return (
        b"POST /api/v1/issues HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: 100\r\n\r\n" % token.encode()
    ) + b'{"project": '


@contextmanager
def held(server: Server, begun: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Keep so many connections that have sent what is `begun`, and no more."""
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(server.address, timeout=30))
            connection.sendall(begun)
            connections.append(connection)
        yield connections


def ask(server: Server, who: SignedIn, method: str = "GET", body: str | None = None) -> int:
    connection = http.client.HTTPConnection(*server.address, timeout=30)
    headers = {**who.headers, "Content-Type": "application/json"}
    connection.request(method, "/api/v1/issues", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def write(server: Server, who: SignedIn) -> int:
    return ask(server, who, "POST", '{"project": "NONE", "title": "Slow"}')


def refused(connections: list[socket.socket], count: int) -> list[bytes]:
    """Return what the last `count` connections are answered, which wait for nothing."""
    return [connection.recv(4096) for connection in connections[-count:]]


def test_300_half_sent_headers_stop_nobody(live_server: Server, person: Callable[[str], SignedIn]):
    with held(live_server, HALF_A_HEADER, 300):
        assert [ask(live_server, person("reporter")) for _ in range(3)] == [200] * 3


def test_24_slow_bodies_stop_nobody_not_even_their_sender(
    live_server: Server, person: Callable[[str], SignedIn]
):
    slow = person("reporter")
    with held(live_server, half_a_body(slow.token), 24):
        assert ask(live_server, slow) == 200
        assert write(live_server, slow) == 422
        assert write(live_server, person("reporter")) == 422


def test_200_slow_bodies_of_one_person_stop_only_that_persons_writing(
    settings: Settings, live_server: Server, person: Callable[[str], SignedIn]
):
    slow, other = person("reporter"), person("reporter")
    assert settings.bodies_at_once < THREADS
    let_in = settings.bodies_at_once * 2 // 3
    with held(live_server, half_a_body(slow.token), 200) as connections:
        # Which of them were let in is a race of the threads, but the last to come were not.
        for answer in refused(connections, 200 - let_in - THREADS):
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in answer.lower()
        assert write(live_server, slow) == 503
        assert ask(live_server, slow) == 200
        assert write(live_server, other) == 422
    # They left: what they held is free again.
    while write(live_server, slow) == 503:
        pass


@pytest.mark.parametrize("token", ["", "x.y.z"])
def test_slow_bodies_of_nobody_are_refused_before_they_are_read(
    token: str, live_server: Server, person: Callable[[str], SignedIn]
):
    with held(live_server, half_a_body(token), 200) as connections:
        for answer in refused(connections, 200):
            assert answer.startswith(b"HTTP/1.1 401 ")
        assert write(live_server, person("reporter")) == 422
