"""One line a request, and nothing in it that is anybody's business."""

import io
import json
import logging

import pytest
import structlog
from flask import Flask, g
from flask.testing import FlaskClient

from issue_insight.auth.principal import Principal
from issue_insight.http import request_log
from issue_insight.settings import Settings
from tests.issue_insight.http.toy import application


@pytest.fixture
def lines(http: FlaskClient):
    """What the process writes, parsed."""
    request_log.configure("info")
    [handler] = [h for h in logging.getLogger().handlers if h.name == "issue_insight.json"]
    written = io.StringIO()
    handler.setStream(written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_request_is_one_line(http: FlaskClient, lines):
    response = http.get("/api/v1/toys/7")
    [line] = lines()
    assert line["event"] == "request"
    assert line["method"] == "GET"
    assert line["route"] == "/api/v1/toys/<int:toy_id>"
    assert line["status"] == 200
    assert line["duration_ms"] >= 0
    assert line["user_id"] is None
    assert line["level"] == "info"
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert line["at"].endswith("Z")


def test_a_sane_request_id_is_kept(http: FlaskClient):
    response = http.get("/api/v1/toys/7", headers={"X-Request-ID": "abc-123_4.5"})
    assert response.headers["X-Request-ID"] == "abc-123_4.5"


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "a b c d e f", "<script>alert", 'a"b"c"d"']
)
def test_any_other_request_id_is_replaced(given: str, http: FlaskClient):
    response = http.get("/api/v1/toys/7", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32


def test_nothing_of_what_people_sent_is_logged(http: FlaskClient, lines):
    secret = "hunter2"
    headers = {"Authorization": f"Bearer {secret}", "Cookie": f"a={secret}", "User-Agent": secret}
    http.get(f"/api/v1/toys?tag={secret}", headers=headers)
    http.post("/api/v1/toys", json={"name": secret, "hunter2": 1}, headers=headers)
    http.get(f"/nowhere/{secret}")
    http.open("/api/v1/toys", method=secret.upper())
    http.get(f"/api/v1/faults/{secret}")
    http.get("/api/v1/faults/crash")
    assert len(lines()) == 7
    assert secret not in json.dumps(lines()).lower()


def test_an_unexpected_error_is_found_by_its_request_id(http: FlaskClient, lines):
    response = http.get("/api/v1/faults/crash")
    [error] = [line for line in lines() if line["event"] == "unexpected_error"]
    assert error["request_id"] == response.json["request_id"]
    assert error["level"] == "error"
    assert error["error"] == ["ZeroDivisionError"]


def test_errors_logged_by_libraries_lose_their_words_as_well(lines):
    try:
        try:
            raise ValueError("hunter2")
        except ValueError as error:
            raise KeyError("hunter2") from error
    except KeyError:
        logging.getLogger("some.library").exception("failed")
    [line] = lines()
    assert line["event"] == "failed"
    assert line["logger"] == "some.library"
    assert line["error"] == ["KeyError", "ValueError"]
    assert "hunter2" not in json.dumps(line)


def test_the_words_of_an_error_are_kept_for_those_who_debug(lines):
    logging.getLogger().setLevel("DEBUG")
    log = structlog.get_logger("debugging")
    try:
        raise ValueError("hunter2")
    except ValueError:
        log.error("failed", exc_info=True)
    log.error("fine", exc_info=False)
    first, second = [line for line in lines() if line["logger"] == "debugging"]
    assert first["message"] == "hunter2"
    assert "error" not in second


def test_the_user_is_logged_by_number_alone(lines):
    app = application(Settings(_env_file=None))

    @app.before_request
    def sign_in() -> None:
        g.principal = Principal(42, "Ada", "ada@example.org", "admin", "person", frozenset())

    [handler] = [h for h in logging.getLogger().handlers if h.name == "issue_insight.json"]
    handler.setStream(written := io.StringIO())
    app.test_client().get("/api/v1/toys/7")
    line = json.loads(written.getvalue())
    assert line["user_id"] == 42
    assert "Ada" not in written.getvalue()
    assert "ada@example.org" not in written.getvalue()


def test_many_applications_in_one_process_write_each_line_once(toy: Flask):
    for _ in range(3):
        application(Settings(_env_file=None))
    assert [h.name for h in logging.getLogger().handlers].count("issue_insight.json") == 1


def test_health_checks_do_not_fill_the_log(settings: Settings, lines):
    from issue_insight.http import health
    from issue_insight.storage import Storage

    app = application(settings)
    health.register(app, Storage.from_settings(settings), pending=list)
    [handler] = [h for h in logging.getLogger().handlers if h.name == "issue_insight.json"]
    handler.setStream(written := io.StringIO())
    app.test_client().get("/healthz")
    assert written.getvalue() == ""
