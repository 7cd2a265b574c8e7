"""The nginx block of docs/deploy.md, on a real nginx: TLS, a path, forwarded headers, streams."""

import http.client
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from issue_insight.embedded.certificate import write_certificate
from issue_insight.settings import Settings
from issue_insight.testing.live import free_port, live
from issue_insight.testing.tokens import Issuer

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def ask(
    settings: Settings, app: Flask, repository: Path, tmp_path: Path
) -> Iterator[tuple[Ask, Issuer]]:
    """Send a request through nginx; also the identity provider of the instance behind it."""
    del app  # for its empty database
    port = free_port()
    (tmp_path / "_app").mkdir()
    (tmp_path / "index.html").write_text('<script src="/_app/start.js"></script>')
    (tmp_path / "_app" / "start.js").write_text("go()")
    with Issuer() as issuer:
        changed = issuer.settings(
            settings,
            path_prefix="/tracker",
            trusted_proxies=("127.0.0.1",),
            public_url=f"https://localhost:{port}",
            frontend_dir=tmp_path,
        )
        with live(changed, tmp_path) as server:
            config = configuration(repository, tmp_path, port, server.address[1])
            with running(config, tmp_path, port):

                def ask(method: str, path: str, **options: Any) -> http.client.HTTPResponse:
                    context = ssl._create_unverified_context()
                    connection = http.client.HTTPSConnection(
                        "localhost", port, timeout=10, context=context
                    )
                    connection.request(method, path, **options)
                    return connection.getresponse()

                yield ask, issuer


def configuration(repository: Path, directory: Path, port: int, behind: int) -> Path:
    """Write what the document says, with addresses and files of this test."""
    document = (repository / "docs" / "deploy.md").read_text()
    found = re.search(r"```nginx\n(.*?)```", document, re.S)
    assert found is not None
    write_certificate(directory / "cert.pem")
    block = found[1]
    for said, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "issues.example.org": "localhost",
        "/etc/nginx/tls/fullchain.pem": str(directory / "cert.pem"),
        "/etc/nginx/tls/privkey.pem": str(directory / "cert.pem"),
        "127.0.0.1:8181": f"127.0.0.1:{behind}",
    }.items():
        assert said in block
        block = block.replace(said, here)
    temporary = "\n".join(
        f"{name}_temp_path {directory}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = directory / "nginx.conf"
    path.write_text(
        f"daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{block} }}\n"
    )
    return path


class running:
    """Run nginx with a configuration until the end of the block."""

    def __init__(self, config: Path, directory: Path, port: int) -> None:
        self._command = [str(NGINX), "-e", f"{directory}/error.log", "-c", str(config)]
        self._port = port

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command)
        deadline = time.monotonic() + 10
        while True:
            assert self._process.poll() is None, "nginx ended"
            try:
                http.client.HTTPConnection("127.0.0.1", self._port, timeout=5).connect()
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def test_pages_api_and_streams_come_through_below_the_path(ask: tuple[Ask, Issuer]) -> None:
    send, issuer = ask
    page = send("GET", "/tracker/issues", headers={"Accept": "text/html"})
    assert b'src="/tracker/_app/start.js"' in page.read()
    assert page.headers["Strict-Transport-Security"]
    assert send("GET", "/tracker/_app/start.js").read() == b"go()"
    assert b"docs/start.js" in send("GET", "/tracker/docs").read()
    assert send("GET", "/tracker/api/v1/me").status == 401
    headers = {"Authorization": f"Bearer {issuer.token_for('user_1')}"}
    assert send("GET", "/tracker/api/v1/me", headers=headers).status == 200
    stream = send("GET", "/tracker/api/v1/live", headers=headers)
    assert stream.status == 200
    # It comes while the stream is open, and not after it.
    assert stream.readline()
    stream.close()


def test_what_is_for_this_machine_alone_does_not_go_through(ask: tuple[Ask, Issuer]) -> None:
    send, _ = ask
    assert send("GET", "/tracker/metrics").status == 404
    assert send("GET", "/metrics").status == 404
    assert send("GET", "/tracker/healthz").status == 200
