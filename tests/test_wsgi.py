"""`wsgi.py` is served by any WSGI server."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of

SERVERS = {
    "granian": ["granian", "--interface", "wsgi", "wsgi:app", "--port", "{port}"],
    "gunicorn": [
        "gunicorn",
        "wsgi:app",
        "-k",
        "gthread",
        "--threads",
        "4",
        "-b",
        "127.0.0.1:{port}",
    ],
    "werkzeug": ["flask", "--app", "wsgi", "run", "--port", "{port}"],
}


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("name", SERVERS)
def test_wsgi_serves_under(name: str, settings: Settings, repository: Path, tmp_path: Path):
    if name == "gunicorn":
        pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", *(part.format(port=port) for part in SERVERS[name])]
    with subprocess.Popen(
        command, cwd=repository, env=os.environ | environment_of(settings)
    ) as server:
        try:
            while True:
                try:
                    answer = ask(port, "GET", "/healthz")
                    break
                except OSError:
                    assert server.poll() is None, "the server ended at its start"
                    time.sleep(0.1)
            assert answer == (200, "application/json", b'{"status":"ok"}')
            for sent, status in ((("GET", "/api/v1/issues"), 401), (("GET", "/nowhere"), 404)):
                assert ask(port, *sent)[:2] == (status, "application/problem+json")
            assert ask(port, "GET", "/openapi.json")[0] == 200
            path = "/api/v1/sign-in/local"
            assert ask(port, "POST", path, b'{"email": 1}')[0] == 422
            assert ask(port, "POST", path, b"[" * 2_000_000)[0] == 413
        finally:
            server.terminate()
