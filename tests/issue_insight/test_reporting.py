"""Reports to Sentry, as its intake receives them: where it broke, and nothing of what was said."""

import logging
import sys
from typing import Any

import orjson
import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy.orm import Session

from issue_insight import reporting
from issue_insight.app import create_app
from issue_insight.auth.permission import public
from issue_insight.db import db
from issue_insight.jobs.runs import run_now
from issue_insight.plugin.manifest import Job
from issue_insight.settings import Settings
from issue_insight.testing.tokens import sign_in
from tests.issue_insight.receiving import Received, receiver


def reporting_to(received: Received, settings: Settings) -> Flask:
    dsn = SecretStr(f"http://public@127.0.0.1:{received.port}/7")
    return create_app(settings.model_copy(update={"sentry_dsn": dsn}))


def events(received: Received) -> list[dict[str, Any]]:
    """Return the events of the envelopes: a head, then pairs of an item's head and its body."""
    found = []
    for body in received.bodies:
        lines = body.splitlines()[1:]
        for head, payload in zip(lines[::2], lines[1::2], strict=False):
            if orjson.loads(head)["type"] == "event":
                found.append(orjson.loads(payload))
    return found


def sent(app: Flask) -> None:
    app.extensions[reporting.EXTENSION].flush(timeout=10)


def test_an_unexpected_error_is_reported_by_type_and_place_alone(
    app: Flask, settings: Settings
) -> None:
    del app  # for its empty database
    with receiver() as received:
        broken = reporting_to(received, settings)

        @public
        def breaks(number: int) -> str:
            words = "hidden-variable"
            raise ZeroDivisionError(f"hidden-message {number} {words}")

        broken.add_url_rule("/api/breaks/<int:number>", "breaks", breaks, methods=["POST"])
        client = broken.test_client()
        person = sign_in(client, "admin", email="ada@example.org", name="Ada Lovelace")
        answer = client.post("/api/breaks/987654?x=hidden-query", data="hidden-body")
        assert answer.status_code == 500
        sent(broken)
    assert received.paths == ["/api/7/envelope/"]
    [event] = events(received)
    assert [value["type"] for value in event["exception"]["values"]] == ["ZeroDivisionError"]
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "breaks"
    assert event["tags"]["route"] == "/api/breaks/<int:number>"
    assert event["tags"]["request_id"] == answer.json["request_id"]
    assert "user" not in event
    assert "request" not in event
    assert not any("vars" in frame for frame in frames)
    whole = received.whole()
    token = person.headers["Authorization"].removeprefix("Bearer ").encode()
    for secret in (b"987654", b"hidden-query", b"hidden-body", b"ada@", b"Lovelace", token):
        assert secret not in whole


def test_a_job_that_fails_is_reported_and_an_expected_refusal_is_not(
    app: Flask, settings: Settings
) -> None:
    del app
    from datetime import timedelta

    def fails(_: Session) -> None:
        raise LookupError("hidden")

    with receiver() as received:
        broken = reporting_to(received, settings)
        with broken.app_context():
            job = Job("nightly", fails, timedelta(hours=1))
            assert run_now(db.engine, job).outcome == "failed"
        assert broken.test_client().get("/api/v1/issues").status_code == 401
        sent(broken)
    [event] = events(received)
    assert event["tags"]["job"] == "nightly"


def test_a_receiver_that_is_away_harms_nobody(settings: Settings, app: Flask) -> None:
    del app
    with receiver() as received:
        pass  # gone
    broken = reporting_to(received, settings)
    broken.add_url_rule("/api/breaks", "breaks", public(lambda: 1 / 0))
    assert broken.test_client().get("/api/breaks").status_code == 500


def test_the_setting_without_the_extra_is_said_in_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    changed = settings.model_copy(update={"sentry_dsn": SecretStr("http://public@127.0.0.1:1/7")})
    with caplog.at_level(logging.WARNING):
        app = create_app(changed)
    assert reporting.EXTENSION not in app.extensions
    [said] = [r.getMessage() for r in caplog.records if "sentry" in r.getMessage()]
    assert "pip install 'issue-insight[sentry]'" in said
