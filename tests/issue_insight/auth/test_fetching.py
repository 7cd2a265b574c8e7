"""Asking the identity provider: whatever it answers, or does not, is JSON or `Unavailable`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from issue_insight.auth import fetching
from issue_insight.auth.fetching import get_json, is_safe
from issue_insight.errors import Unavailable


@contextmanager
def answering(
    body: bytes, status: int = 200, *, pause: float = 0.0, **headers: str
) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Answer every request so, a byte at a time where there is a pause; note who asked for what."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in [body[i : i + 1] for i in range(len(body))] if pause else [body]:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(pause)
            except OSError:
                pass  # nobody is listening any more

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_json_is_returned_and_the_secret_sent() -> None:
    with answering(b'{"a": [1]}') as (url, seen):
        assert get_json(f"{url}/x", bearer="sk_test_x") == {"a": [1]}
        assert get_json(f"{url}/y") == {"a": [1]}
    assert seen == [("/x", "Bearer sk_test_x"), ("/y", None)]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5000],
    ids=["nothing", "HTML", "half", "no UTF-8", "deep", "a huge number"],
)
def test_what_is_no_json_is_unavailable(body: bytes) -> None:
    with answering(body) as (url, _), pytest.raises(Unavailable, match="with JSON"):
        get_json(url)


@pytest.mark.parametrize("status", [204, 401, 404, 429, 500, 503])
def test_any_other_status_is_unavailable(status: int) -> None:
    with answering(b"{}", status) as (url, _), pytest.raises(Unavailable, match=f"{status}"):
        get_json(url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_secret_follows_no_redirect(status: int) -> None:
    with (
        answering(b"{}") as (elsewhere, seen),
        answering(b"", status, Location=f"{elsewhere}/steal") as (url, _),
        pytest.raises(Unavailable),
    ):
        get_json(url, bearer="sk_test_x")
    assert seen == []


def test_an_endless_answer_is_cut_off() -> None:
    with (
        answering(b"[" + b"1," * fetching.LARGEST_BYTES) as (url, _),
        pytest.raises(Unavailable, match="too much"),
    ):
        get_json(url)


def test_an_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 0.05)
    with (
        answering(b'{"a": 1}' * 100, pause=0.02) as (url, _),
        pytest.raises(Unavailable, match="too slowly"),
    ):
        get_json(url)


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        get_json("http://127.0.0.1:1/")


def test_only_https_and_this_machine_are_safe() -> None:
    safe = ("https://api.clerk.com", "http://localhost:4000/v1", "http://127.0.0.1", "http://[::1]")
    assert all(is_safe(url) for url in safe)
    for url in ("http://api.clerk.com", "http://127.0.0.1.example", "file:///etc/passwd", "", "x"):
        assert not is_safe(url)
