"""Pages of other origins: those that are listed may call the API, others learn nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from sqlalchemy import Engine

from issue_insight.app import create_app
from issue_insight.db import db
from issue_insight.settings import Settings
from issue_insight.testing.tokens import sign_in

APP = "https://app.example.org"
ME = "/api/v1/me"


@pytest.fixture
def sharing(settings: Settings, clean_database: Engine) -> Iterator[Flask]:
    """An application that lets one origin in."""
    app = create_app(settings.model_copy(update={"cors_origins": (APP, "http://localhost:3000")}))
    yield app
    with app.app_context():
        db.engine.dispose()


def preflight(client: FlaskClient, origin: str, path: str = ME) -> dict[str, str]:
    """Ask what a browser asks first, without a token; return the answer's headers and status."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    answer = client.options(path, headers=asked)
    return {**dict(answer.headers), "status": str(answer.status_code)}


def test_a_listed_origin_may_ask(sharing: Flask) -> None:
    told = preflight(sharing.test_client(), APP)
    assert told["status"] == "204"
    assert told["Access-Control-Allow-Origin"] == APP
    assert "PATCH" in told["Access-Control-Allow-Methods"]
    assert {"Authorization", "If-Match", "Idempotency-Key"} <= set(
        told["Access-Control-Allow-Headers"].split(", ")
    )
    assert "Origin" in told["Vary"]


def test_its_pages_read_answers_refusals_too(sharing: Flask) -> None:
    client = sharing.test_client()
    refused = client.get(ME, headers={"Origin": APP})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == APP
    sign_in(client)
    answer = client.get(ME, headers={"Origin": APP})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://APP.example.org",
        "null",
        "*",
        "",
    ],
)
def test_no_other_origin_is_told_anything(sharing: Flask, origin: str) -> None:
    client = sharing.test_client()
    told = preflight(client, origin)
    assert told["status"] == "401"  # as the guard answers whoever has no token
    sign_in(client)
    for answer in (told, dict(client.get(ME, headers={"Origin": origin}).headers)):
        assert not [name for name in answer if name.startswith("Access-Control-")]
        assert "Origin" in answer["Vary"]


def test_cookies_are_never_allowed_and_nobody_is_everybody(sharing: Flask) -> None:
    client = sharing.test_client()
    sign_in(client)
    for path in (ME, "/config.json", "/openapi.json", "/api/v1/nowhere"):
        headers = client.get(path, headers={"Origin": APP}).headers
        assert headers["Access-Control-Allow-Origin"] == APP
        assert "Access-Control-Allow-Credentials" not in headers


def test_options_of_a_listed_origin_that_is_no_preflight_is_guarded(sharing: Flask) -> None:
    assert sharing.test_client().options(ME, headers={"Origin": APP}).status_code == 401


def test_where_none_is_listed_there_is_no_cors(client: FlaskClient) -> None:
    told = preflight(client, APP)
    assert told["status"] == "401"
    assert not [name for name in told if name.startswith("Access-Control-")]


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.example.org", "https://app.example.org/", "https://*.example.org"]
)
def test_what_is_no_origin_stops_the_start(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(_env_file=None, cors_origins=origin)


def test_several_are_listed_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, http://localhost:3000 http://[::1]:80")
    origins = Settings(_env_file=None).cors_origins
    assert origins == ("https://a.example", "http://localhost:3000", "http://[::1]:80")
