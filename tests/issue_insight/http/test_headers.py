"""Headers of every answer of the application, and the policy of its pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from issue_insight.app import create_app
from issue_insight.http.headers import DEFAULTS
from issue_insight.settings import Settings
from issue_insight.testing.tokens import sign_in

ANSWERS = [
    ("GET", "/api/v1/me", 200),
    ("GET", "/api/v1/nowhere", 404),
    ("PUT", "/api/v1/me", 405),
    ("POST", "/api/v1/issues", 400),
    ("GET", "/api/v1/users", 403),
    ("OPTIONS", "/api/v1/me", 200),
    ("GET", "/healthz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/config.json", 200),
    ("GET", "/docs", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_bears_them(client: FlaskClient, method: str, path: str, status: int) -> None:
    sign_in(client)
    answer = client.open(path, method=method)
    assert answer.status_code == status
    for name, value in DEFAULTS.items():
        if name == "Cache-Control":
            assert answer.headers[name] in ("no-store", "no-cache")
        elif name == "Content-Security-Policy":
            _is_strict(answer.headers[name])
        else:
            assert answer.headers[name] == value, name


def test_a_refused_sign_in_bears_them(client: FlaskClient) -> None:
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert DEFAULTS.items() <= dict(answer.headers).items()


def _is_strict(policy: str) -> None:
    directives = {
        words[0]: words[1:] for part in policy.split(";") if (words := part.strip().split())
    }
    assert directives["default-src"] == ["'none'"]
    assert directives["base-uri"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    scripts = directives.get("script-src", [])
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert not {"*", "https:", "http:", "data:", "blob:"} & set(scripts)


@pytest.mark.parametrize("clerk", [False, True])
def test_the_policy_of_the_pages_is_strict(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, clerk: bool
) -> None:
    build = tmp_path_factory.mktemp("build")
    (build / "index.html").write_text("<!doctype html><script>start()</script>")
    changes = {"frontend_dir": build}
    if clerk:
        key = "pk_test_Y2xlcmsuZXhhbXBsZS5vcmck"  # clerk.example.org$
        changes |= {"clerk_publishable_key": key, "local_sign_in": False}
        changes |= {"authorized_parties": ("https://issues.example.org",)}
    app: Flask = create_app(settings.model_copy(update=changes))
    answer = app.test_client().get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    _is_strict(policy)
    assert "'sha256-" in policy


def test_only_over_tls_browsers_are_told_to_stay_with_it(settings: Settings) -> None:
    for address, told in (("http://localhost", None), ("https://issues.example.org", True)):
        app = create_app(settings.model_copy(update={"public_url": address}))
        header = app.test_client().get("/healthz").headers.get("Strict-Transport-Security")
        assert (header is not None) == bool(told)
