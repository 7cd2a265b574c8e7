"""Every error is a problem, and none shows the inside."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, abort, redirect
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from issue_insight.db import db
from issue_insight.http.problems import Problem
from issue_insight.settings import Settings
from tests.issue_insight.http.toy import application


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unauthenticated", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("conflict", 409),
        ("odd", 409),
        ("stale", 412),
        ("too_large", 413),
        ("type", 415),
        ("invalid", 422),
        ("precondition", 428),
        ("unavailable", 503),
        ("lost", 503),
        ("closed", 503),
        ("bare", 500),
        ("crash", 500),
    ],
)
def test_a_domain_error_has_its_status(name: str, status: int, http: FlaskClient):
    response = http.get(f"/api/v1/faults/{name}")
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    problem = Problem.model_validate(response.json)
    assert problem.status == status
    assert problem.instance == f"/api/v1/faults/{name}"
    assert problem.request_id == response.headers["X-Request-ID"]


def test_an_unauthenticated_caller_is_told_how(http: FlaskClient):
    assert http.get("/api/v1/faults/unauthenticated").headers["WWW-Authenticate"] == "Bearer"


def test_a_missing_part_is_worth_trying_again(http: FlaskClient):
    assert http.get("/api/v1/faults/unavailable").headers["Retry-After"] == "9"


def test_the_faults_of_a_service_are_listed(http: FlaskClient):
    response = http.get("/api/v1/faults/invalid")
    assert response.json["errors"] == [{"pointer": "/name", "detail": "is taken"}]


def test_an_unexpected_error_shows_nothing_and_is_logged_without_its_words(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
):
    response = http.get("/api/v1/faults/crash")
    shown = response.get_data(as_text=True)
    assert "hunter2" not in shown
    assert "ZeroDivision" not in shown
    [line] = [r.msg for r in caplog.records if r.name == "issue_insight.http"]
    assert line["error"] == ["ZeroDivisionError"]
    assert any("toy.py" in place for place in line["places"])
    assert "hunter2" not in caplog.text


def test_an_unknown_address_is_a_problem(http: FlaskClient):
    response = http.get("/nowhere/Ä b")
    assert response.status_code == 404
    assert response.json["instance"] == "/nowhere/%C3%84%20b"
    assert response.json["title"] == "Not Found"


def test_a_wrong_method_names_those_that_are_right(http: FlaskClient):
    response = http.put("/api/v1/toys/7")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {
        "GET", "HEAD", "OPTIONS", "PATCH", "DELETE",
    }  # fmt: skip


@pytest.fixture
def odd() -> Flask:
    """An application whose hooks and plain views misbehave."""
    app = application(Settings(_env_file=None))

    @app.get("/gone")
    def gone() -> None:
        abort(410, "It was here.")

    @app.get("/teapot")
    def teapot() -> None:
        abort(418)

    @app.get("/away")
    def away() -> object:
        return redirect("/docs")

    @app.get("/abort-redirect")
    def abort_redirect() -> None:
        abort(redirect("/docs"))

    @app.get("/late")
    def late() -> str:
        return "late"

    @app.after_request
    def break_late(response):
        if response.data == b"late":
            raise RuntimeError("too late, hunter2")
        return response

    return app


@pytest.mark.parametrize(("path", "status"), [("/gone", 410), ("/teapot", 418)])
def test_an_abort_of_a_plain_view_is_a_problem_as_well(path: str, status: int, odd: Flask):
    response = odd.test_client().get(path)
    assert (response.status_code, response.json["status"]) == (status, status)


def test_the_words_of_an_abort_are_kept(odd: Flask):
    assert odd.test_client().get("/gone").json["detail"] == "It was here."


@pytest.mark.parametrize("path", ["/away", "/abort-redirect"])
def test_a_redirect_is_no_problem(path: str, odd: Flask):
    response = odd.test_client().get(path)
    assert (response.status_code, response.headers["Location"]) == (302, "/docs")


def test_a_failure_after_the_view_is_a_problem_and_logged_once(odd: Flask, caplog):
    response = odd.test_client().get("/late")
    assert response.status_code == 500
    assert response.json["title"] == "Internal Server Error"
    assert "hunter2" not in response.get_data(as_text=True)
    assert response.headers["X-Request-ID"] == response.json["request_id"]
    assert [r.msg["status"] for r in caplog.records if r.name == "issue_insight.request"] == [500]
    assert "hunter2" not in str([r.msg for r in caplog.records])


def test_a_database_that_is_away_is_unavailable(http: FlaskClient):
    response = http.get("/api/v1/sql/0")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "127.0.0.1" not in response.get_data(as_text=True)


@pytest.fixture
def stored(settings: Settings) -> Iterator[Flask]:
    """The toy application on the real database."""
    app = application(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("number", "status"),
    [(0, 204), (1, 422), (2, 409), (3, 500), (4, 503), (5, 503)],
    ids=["fine", "out of range", "taken", "our check", "killed", "too slow"],
)
def test_what_the_database_says_has_its_status(number: int, status: int, stored: Flask):
    client = stored.test_client()
    response = client.get(f"/api/v1/sql/{number}")
    assert response.status_code == status
    assert "toys_taken" not in response.get_data(as_text=True)
    assert client.get("/api/v1/sql/0").status_code == 204


def test_a_pool_with_nothing_left_is_unavailable(settings: Settings):
    app = application(settings)
    with app.app_context(), ExitStack() as held:
        engine = db.engines[None] = create_engine(
            settings.database_url, pool_size=1, max_overflow=0, pool_timeout=0.05
        )
        held.callback(engine.dispose)
        held.enter_context(engine.connect())
        response = app.test_client().get("/api/v1/sql/0")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
