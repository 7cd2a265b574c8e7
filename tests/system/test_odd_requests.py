"""Bytes no well-meaning client sends, on the wire; and what the server's log says of them.

`http/test_bad_input.py` has what can be sent through a test client.
"""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn

SECRET = "hunter2"


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, "Host: 127.0.0.1", *headers, "", ""]).encode("latin-1") + body


def form(disposition: bytes) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="file"; ' + disposition + b"\r\n\r\n"
        b"hunter2\r\n--b--\r\n"
    )


def post(path: str, body: bytes, content_type: str, *more: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return request(
        f"POST {path} HTTP/1.1", f"Content-Type: {content_type}", length, *more, body=body
    )


def chunks(body: bytes) -> bytes:
    return request(
        f"POST {ISSUES} HTTP/1.1",
        f"Content-Type: {JSON}",
        "Transfer-Encoding: chunked",
        body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    )


ISSUES, JSON = "/api/v1/issues", "application/json"
FILES, FORM = "/api/v1/issues/WEB-1/attachments", "multipart/form-data; boundary=b"
ISSUE = b'{"project": "WEB", "title": "hunter2"%s}'

WIRE: dict[str, tuple[bytes, set[int]]] = {
    # Refused by the server itself, or by the application.
    "no HTTP at all": (b"hunter2\r\n\r\n", {400}),
    "an unknown version": (request("GET / HTTP/9.9"), {400, 505}),
    "a space in the path": (request(f"GET /api/v1/{SECRET} x HTTP/1.1"), {400}),
    "a bare line break in a header": (request("GET /api/v1/me HTTP/1.1", "X: a\nb"), {200, 400}),
    "a NUL in a header": (request("GET /api/v1/me HTTP/1.1", "X: a\0b"), {400}),
    "two lengths": (
        request("POST /api/v1/issues HTTP/1.1", "Content-Length: 1", "Content-Length: 2"),
        {400},
    ),
    "a negative length": (request("POST /api/v1/issues HTTP/1.1", "Content-Length: -1"), {400}),
    "a length in words": (request("POST /api/v1/issues HTTP/1.1", "Content-Length: ten"), {400}),
    "an endless header": (request("GET /api/v1/me HTTP/1.1", "X: " + "a" * 600_000), {400, 431}),
    "an endless path": (request(f"GET /{'a' * 60_000} HTTP/1.1"), {404, 414}),
    "a thousand headers": (request("GET /api/v1/me HTTP/1.1", *["X: 1"] * 1000), {400, 431}),
    "a thousand parameters": (request(f"GET {ISSUES}?{'limit=1&' * 1000} HTTP/1.1"), {422}),
    "TRACE": (request("TRACE /api/v1/me HTTP/1.1"), {405}),
    "a method of one's own": (request(f"{SECRET.upper()} /api/v1/me HTTP/1.1"), {405}),
    "a method in small letters": (request("get /api/v1/me HTTP/1.1"), {200, 405}),
    "an address with a host": (request("GET http://other.example/api/v1/me HTTP/1.1"), {200, 400}),
    # WSGI hands over the decoded path: it is the slash it stands for.
    "an encoded slash": (request("GET /api/v1/issues%2FWEB-1 HTTP/1.1"), {200}),
    "an encoded slash in a key": (request("GET /api/v1/issues/WEB%2F1 HTTP/1.1"), {404}),
    "dots": (request("GET /docs/../../../etc/passwd HTTP/1.1"), {404}),
    "encoded dots": (request("GET /docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1"), {404}),
    "a backslash": (request("GET /docs/..\\..\\etc HTTP/1.1"), {400, 404}),
    "bytes of Latin-1": (request("GET /api/v1/issues/\xff HTTP/1.1"), {400, 404}),
    "an encoded NUL": (request("GET /api/v1/issues/%00 HTTP/1.1"), {404}),
    "encoded line breaks": (request("GET /api/v1/issues/a%0d%0aSet-Cookie:%20a=b HTTP/1.1"), {404}),
    "a percent sign alone": (request("GET /api/v1/issues/% HTTP/1.1"), {404}),
    "a token in the query": (request(f"GET /api/v1/me?token={SECRET} HTTP/1.1"), {422}),
    "a surrogate in a query": (request(f"GET {ISSUES}?q=%ED%A0%80 HTTP/1.1"), {400}),
    "a NUL in a filter": (request(f"GET {ISSUES}?q=%00 HTTP/1.1"), {422}),
    "a filter of brackets": (request(f"GET {ISSUES}?q={'(' * 3000} HTTP/1.1"), {422}),
    "a filter without an end": (
        request(f"GET {ISSUES}?q={'a+' * 10000} HTTP/1.1"),
        {200, 414, 422},
    ),
    "a huge number in a filter": (
        request(f"GET {ISSUES}?q=assignee:{'9' * 400} HTTP/1.1"),
        {200, 422},
    ),
    "a far instant": (request(f"GET {ISSUES}?as_of=9999-12-31T23:59:59Z HTTP/1.1"), {200, 422}),
    "an early instant": (request(f"GET {ISSUES}?as_of=0001-01-01 HTTP/1.1"), {200, 422}),
    "an offset beyond time": (
        request(f"GET {ISSUES}?as_of=0001-01-01T00:00:00%2B14:00 HTTP/1.1"),
        {422},
    ),
    "an age of ages": (request(f"GET {ISSUES}?q=age:%3E{'9' * 12}d HTTP/1.1"), {200, 422}),
    "days of ages": (
        request("GET /api/v1/stats/daily?from=0001-01-01&to=9999-12-31 HTTP/1.1"),
        {422},
    ),
    # Bodies.
    "nothing of what was promised": (
        request(f"POST {ISSUES} HTTP/1.1", f"Content-Type: {JSON}", "Content-Length: 0"),
        {400},
    ),
    "a broken chunk": (
        request(
            f"POST {ISSUES} HTTP/1.1",
            f"Content-Type: {JSON}",
            "Transfer-Encoding: chunked",
            body=b"zz\r\n{}\r\n0\r\n\r\n",
        ),
        {400},
    ),
    "chunks": (
        chunks(b"{}"),
        {422},
    ),
    "chunks and a length": (
        request(
            f"POST {ISSUES} HTTP/1.1",
            f"Content-Type: {JSON}",
            "Content-Length: 2",
            "Transfer-Encoding: chunked",
            body=b"2\r\n{}\r\n0\r\n\r\n",
        ),
        {400, 422},
    ),
    "packed": (post(ISSUES, b"\x1f\x8b\x08\0", JSON, "Content-Encoding: gzip"), {400, 415}),
    "too large in chunks": (chunks(b'"' + b"x" * 1_100_000 + b'"'), {413}),
    "too large by what follows it": (chunks(b"{}" + b" " * 1_100_000), {413}),
    "too large": (post(ISSUES, b'"' + b"x" * 1_100_000 + b'"', JSON), {413}),
    "deep": (post(ISSUES, b"[" * 100_000, JSON), {400}),
    "of two keys": (post(ISSUES, ISSUE % b', "title": "b"', JSON), {400}),
    "half a pair": (post(ISSUES, ISSUE % b', "description": "\\ud800"', JSON), {422}),
    "a NUL": (post(ISSUES, ISSUE % b', "description": "a\\u0000"', JSON), {422}),
    "a text that turns around": (
        post(ISSUES, ISSUE % b', "labels": ["\\u202e"]', JSON),
        {403, 422},
    ),
    "an invisible title": (
        post(ISSUES, b'{"project": "WEB", "title": "\\u200b\\u2060"}', JSON),
        {422},
    ),
    "a huge number": (post(ISSUES, ISSUE % b', "assignee": 1%s' % (b"0" * 5000), JSON), {400}),
    "another type": (post(ISSUES, ISSUE % b"", "text/plain"), {415}),
    "no type": (request(f"POST {ISSUES} HTTP/1.1", "Content-Length: 2", body=b"{}"), {415}),
    "a form for JSON": (post(ISSUES, form(b'filename="a"'), FORM), {415}),
    "JSON for a form": (post(FILES, b"{}", JSON), {415}),
    # File names.
    "a name of line breaks": (
        post(FILES, form(b'filename="a%0d%0aX-Evil: 1.txt"'), FORM),
        {201, 422},
    ),
    "a name with raw line breaks": (
        post(FILES, form(b'filename="a\r\nX-Evil: 1"'), FORM),
        {201, 400, 422},
    ),
    "a name of NUL": (post(FILES, form(b'filename="a\0.txt"'), FORM), {201, 400, 422}),
    "a name of dots": (post(FILES, form(b'filename="../../etc/passwd"'), FORM), {201, 422}),
    "a name that is no UTF-8": (
        post(FILES, form(b'filename="\xff\xfe.txt"'), FORM),
        {201, 400, 422},
    ),
    "an endless name": (
        post(FILES, form(b'filename="' + b"a" * 9000 + b'"'), FORM),
        {201, 400, 422},
    ),
    "a name in another charset": (
        post(FILES, form(b"filename*=utf-99''a%ff"), FORM),
        {201, 400, 422},
    ),
    "a form without an end": (post(FILES, form(b'filename="a"')[:-6], FORM), {400, 422}),
    "a form without a boundary": (
        post(FILES, form(b'filename="a"'), "multipart/form-data"),
        {400, 415, 422},
    ),
}


def exchange(server: Server, sent: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send bytes, close that direction, and return status, headers and body of the answer."""
    with socket.create_connection(server.address, timeout=30) as connection:
        received = b""
        with suppress(OSError):  # refused before the end: the answer says why
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


@pytest.fixture
def reporter(client: FlaskClient, person: Callable[[str], SignedIn]) -> SignedIn:
    admin, reporter = person("admin"), person("reporter")
    project = {"key": "WEB", "name": "Site", "visibility": "own"}
    assert client.post("/api/v1/projects", json=project, headers=admin.headers).status_code == 201
    issue = {"project": "WEB", "title": "Slow"}
    assert client.post(ISSUES, json=issue, headers=reporter.headers).status_code == 201
    return reporter


def test_nothing_on_the_wire_is_answered_5xx_and_nothing_of_it_is_logged(
    reporter: SignedIn, settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    mine = f"Authorization: Bearer {reporter.token}\r\nConnection: close\r\n".encode()
    theirs = f"Authorization: Bearer {SECRET}\r\nConnection: close\r\n".encode()
    wrong, ids = [], set()
    with live(settings, tmp_path) as server:
        for name, (sent, statuses) in WIRE.items():
            line, _, rest = sent.partition(b"\r\n")
            for who, allowed in ((mine, statuses), (theirs, statuses | {401})):
                status, headers, body = exchange(server, line + b"\r\n" + who + rest)
                if status not in allowed:
                    wrong.append((name, status, body[:300]))
                # An answer without a body is the server's, which no application has seen.
                if body and status >= 400:
                    assert headers.get(b"content-type") == b"application/problem+json", (name, body)
                    assert json.loads(body)["status"] == status
                    assert b"Traceback" not in body
                if b"x-request-id" in headers:
                    ids.add(headers[b"x-request-id"].decode())
                assert b"x-evil" not in headers
                assert b"set-cookie" not in headers
    assert wrong == []
    logged = [line for line in capfd.readouterr().err.splitlines() if line]
    lines = [json.loads(line) for line in logged]
    assert ids
    assert ids <= {line["request_id"] for line in lines if line["event"] == "request"}
    said = "\n".join(logged).lower()
    for private in (SECRET, reporter.token.lower(), reporter.email, reporter.name.lower(), "evil"):
        assert private not in said
    assert not [line for line in lines if line["level"] == "error"]
