"""Clients that begin and do not go on: everybody else is served meanwhile."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from issue_insight.asgi import BODY_SECONDS
from issue_insight.serving import Server
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


@pytest.mark.parametrize("whose", ["theirs", "nobody's", "no"])
def test_200_slow_bodies_stop_nobody_not_even_their_sender(
    whose: str, live_server: Server, person: Callable[[str], SignedIn]
):
    slow, other = person("reporter"), person("reporter")
    token = {"theirs": slow.token, "nobody's": "x.y.z", "no": ""}[whose]
    with held(live_server, half_a_body(token), 200):
        for who in (slow, other):
            assert ask(live_server, who) == 200
            assert write(live_server, who) == 422


def test_a_body_that_does_not_come_is_not_waited_for(
    live_server: Server, person: Callable[[str], SignedIn]
):
    with held(live_server, half_a_body(person("reporter").token), 1) as [connection]:
        connection.settimeout(BODY_SECONDS + 30)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        is_refusal(answer, 408, "The body took too long.")


def test_a_body_that_breaks_off_is_a_problem_like_every_other(
    live_server: Server, person: Callable[[str], SignedIn]
):
    with held(live_server, half_a_body(person("reporter").token), 1) as [connection]:
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        is_refusal(answer, 400, "The body broke off.")


def test_a_refused_body_is_counted(live_server: Server, person: Callable[[str], SignedIn]):
    before = refused(live_server, 400)
    with held(live_server, half_a_body(person("reporter").token), 1) as [connection]:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(12) == b"HTTP/1.1 400"
    assert refused(live_server, 400) == before + 1


def refused(server: Server, status: int) -> float:
    connection = http.client.HTTPConnection(*server.address, timeout=30)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    [line] = [
        line
        for line in told.splitlines()
        if line.startswith(f'issue_insight_http_refused_total{{status="{status}"}}')
    ]
    return float(line.split()[1])


def is_refusal(answer: http.client.HTTPResponse, status: int, detail: str) -> None:
    problem = json.loads(answer.read())
    assert (answer.status, problem["status"], problem["detail"]) == (status, status, detail)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Connection"] == "close"
    assert problem["instance"] == "/api/v1/issues"
    assert problem["request_id"] == answer.headers["X-Request-ID"]
