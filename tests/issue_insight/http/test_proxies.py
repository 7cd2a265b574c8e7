"""Behind a proxy: below a path, and what is believed of the client, from whom."""

from collections.abc import Iterator
from gzip import decompress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from pydantic import ValidationError

from issue_insight.app import create_app
from issue_insight.auth.permission import public
from issue_insight.live import hub_of
from issue_insight.settings import Settings
from issue_insight.testing.tokens import sign_in

PAGE = """<link href="/_app/immutable/start.js"><link rel="icon" href="/favicon.svg">
<script>x = { base: "" }; import("/_app/immutable/start.js")</script>"""


@pytest.fixture
def below(settings: Settings, app: Flask, tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of an application that stands below `/tracker`."""
    del app  # for its empty database
    (tmp_path / "_app").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "index.html.gz").write_bytes(b"the page before it was moved")
    (tmp_path / "_app" / "start.js").write_text("go()")
    changes = {"path_prefix": "/tracker", "frontend_dir": tmp_path}
    made = create_app(settings.model_copy(update=changes))
    yield made.test_client()
    hub_of(made).stop()


@pytest.mark.parametrize("passed_on", ["/tracker", ""])
def test_everything_is_below_the_path_whether_the_proxy_takes_it_off_or_not(
    below: FlaskClient, passed_on: str
) -> None:
    sign_in(below, "admin")
    made = below.post(
        f"{passed_on}/api/v1/projects", json={"key": "WEB", "name": "Web", "visibility": "all"}
    )
    assert made.status_code == 201
    assert made.headers["Location"] == "/tracker/api/v1/projects/WEB"
    token = below.post(
        f"{passed_on}/api/v1/me/tokens", json={"name": "script", "expires_in_days": 1}
    )
    assert token.status_code == 201
    assert token.headers["Location"].startswith("/tracker/api/v1/me/tokens/")
    assert below.get(f"{passed_on}/docs/start.js").status_code == 200
    assert below.get(f"{passed_on}/_app/start.js").text == "go()"
    assert below.get(f"{passed_on}/healthz").status_code == 200
    stream = below.get(f"{passed_on}/api/v1/live")
    assert stream.status_code == 200
    stream.close()


def test_the_document_names_where_the_api_stands(below: FlaskClient) -> None:
    document = below.get("/tracker/openapi.json").json
    assert document["servers"][0]["url"] == "http://localhost/tracker"


def test_the_page_is_moved_with_its_policy(below: FlaskClient) -> None:
    answer = below.get("/tracker/issues/WEB-1", headers={"Accept": "text/html"})
    assert 'href="/tracker/_app/immutable/start.js"' in answer.text
    assert 'href="/tracker/favicon.svg"' in answer.text
    assert 'base: "/tracker"' in answer.text
    assert 'import("/tracker/_app/immutable/start.js")' in answer.text
    assert '"/_app' not in answer.text
    from base64 import b64encode
    from hashlib import sha256

    script = answer.text.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    packed = below.get("/tracker", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b'base: "/tracker"' in decompress(packed.data)


def test_a_path_that_only_begins_alike_is_another(below: FlaskClient) -> None:
    assert below.get("/trackers/api/v1/me").status_code == 404


@pytest.mark.parametrize("path", ["tracker", "/a b", "/../x y", "//", "/tracker?x"])
def test_a_prefix_that_is_no_path_is_refused(path: str) -> None:
    if path == "//":
        assert Settings(_env_file=None, path_prefix=path).path_prefix == ""
        return
    with pytest.raises(ValidationError, match="/tracker"):
        Settings(_env_file=None, path_prefix=path)


def seen(settings: Settings, trusted: tuple[str, ...], peer: str, **headers: str) -> dict[str, Any]:
    """Return what the application takes the client for."""
    app = create_app(settings.model_copy(update={"trusted_proxies": trusted}))

    @public
    def tell() -> dict[str, Any]:
        return {"client": request.remote_addr, "url": request.url}

    app.add_url_rule("/api/seen", "seen", tell)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = app.test_client().get("/api/seen", headers=sent, environ_base={"REMOTE_ADDR": peer})
    found: dict[str, Any] = answer.json
    return found


FORWARDED = {
    "X_Forwarded_For": "198.51.100.7",
    "X_Forwarded_Proto": "https",
    "X_Forwarded_Host": "issues.example.org",
}


def test_nobody_is_believed_unless_it_was_said(settings: Settings) -> None:
    found = seen(settings, (), "10.0.0.1", **FORWARDED)
    assert found == {"client": "10.0.0.1", "url": "http://localhost/api/seen"}


def test_a_trusted_proxy_is_believed_and_a_stranger_is_not(settings: Settings) -> None:
    trusted = ("10.0.0.0/8", "::1")
    believed = {"client": "198.51.100.7", "url": "https://issues.example.org/api/seen"}
    assert seen(settings, trusted, "10.0.0.1", **FORWARDED) == believed
    assert seen(settings, trusted, "::1", **FORWARDED) == believed
    assert seen(settings, trusted, "::ffff:10.0.0.1", **FORWARDED) == believed
    assert seen(settings, trusted, "192.0.2.1", **FORWARDED)["client"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("written", "client"),
    [
        # What the client wrote itself stands before what the proxies added.
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("198.51.100.7, unknown", "10.0.0.1"),
        ("10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_trusted_proxy(
    settings: Settings, written: str, client: str
) -> None:
    assert seen(settings, ("10.0.0.0/8",), "10.0.0.1", X_Forwarded_For=written)["client"] == client


def test_odd_words_of_a_trusted_proxy_change_nothing(settings: Settings) -> None:
    found = seen(settings, ("10.0.0.1",), "10.0.0.1", X_Forwarded_Proto="gopher")
    assert found["url"] == "http://localhost/api/seen"


def test_the_local_sign_in_and_the_metrics_stay_for_this_machine(settings: Settings) -> None:
    """Not even a trusted proxy makes a stranger one of this machine."""
    changed = settings.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    client = create_app(changed).test_client()
    for forwarded in ("127.0.0.1", "198.51.100.7"):
        headers = {"X-Forwarded-For": forwarded}
        assert client.get("/metrics", headers=headers).status_code == 403
        body = {"email": "ada@example.org"}
        answer = client.post("/api/v1/sign-in/local", json=body, headers=headers)
        assert answer.status_code == 403


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"proxy\.internal"):
        Settings(_env_file=None, trusted_proxies="10.0.0.0/8, proxy.internal")
