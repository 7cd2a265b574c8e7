"""Traces, as a collector receives them: what happened, and nothing of what was said."""

import logging
import sys
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from issue_insight import tracing
from issue_insight.app import create_app
from issue_insight.auth.permission import public
from issue_insight.db import db
from issue_insight.jobs.runs import run_now
from issue_insight.plugin.manifest import Job
from issue_insight.settings import Settings
from issue_insight.testing.tokens import sign_in
from tests.issue_insight.receiving import receiver

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def spans(body: bytes) -> list[Any]:
    request = ExportTraceServiceRequest.FromString(body)
    return [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]


def test_a_request_and_its_statements_are_one_trace_without_a_word_of_what_was_asked(
    app: Flask, settings: Settings
) -> None:
    del app  # for its empty database
    with receiver() as received:
        endpoint = f"http://127.0.0.1:{received.port}/"
        traced = create_app(settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint}))
        client = traced.test_client()
        person = sign_in(client, "admin", email="ada@example.org", name="Ada Lovelace")
        client.post(
            "/api/v1/projects",
            json={"key": "WEB", "name": "hidden-name", "visibility": "all"},
            headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
        )
        client.get("/api/v1/issues?q=hidden-word")
        client.get("/nowhere/hidden-place")
        client.get("/healthz")
        traced.extensions[tracing.EXTENSION].force_flush()
    assert set(received.paths) == {"/v1/traces"}
    found = [span for body in received.bodies for span in spans(body)]
    names = [span.name for span in found]
    assert "POST /api/v1/projects" in names
    assert "GET /api/v1/issues" in names
    assert not any("healthz" in name for name in names)
    post = next(span for span in found if span.name == "POST /api/v1/projects")
    assert post.trace_id.hex() == TRACE
    assert post.parent_span_id.hex() == PARENT
    attributes = {a.key: a.value for a in post.attributes}
    assert attributes["http.response.status_code"].int_value == 201
    beneath = [span for span in found if span.parent_span_id == post.span_id]
    assert {"SELECT", "INSERT"} <= {span.name for span in beneath}
    whole = received.whole()
    token = person.headers["Authorization"].removeprefix("Bearer ").encode()
    for secret in (b"hidden", b"ada@", b"Lovelace", b"FROM", token):
        assert secret not in whole


def test_a_statement_that_fails_is_an_error_and_says_no_more(
    app: Flask, settings: Settings
) -> None:
    del app
    with receiver() as received:
        endpoint = f"http://127.0.0.1:{received.port}"
        traced = create_app(settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint}))

        @public
        def wrong() -> str:
            with db.engine.connect() as connection, pytest.raises(ProgrammingError):
                connection.execute(text("SELECT hidden_column"))
            return "went on"

        traced.add_url_rule("/api/wrong", "wrong", wrong)
        assert traced.test_client().get("/api/wrong").text == "went on"
        traced.extensions[tracing.EXTENSION].force_flush()
    failed = [s for body in received.bodies for s in spans(body) if s.name == "SELECT"]
    assert [span.status.code for span in failed] == [2]
    assert b"hidden" not in received.whole()


def test_a_run_of_a_job_is_a_trace_with_its_name_outcome_and_statements(
    app: Flask, settings: Settings
) -> None:
    def well(session: Session) -> None:
        session.execute(text("SELECT 'hidden-value'"))

    def ill(_: Session) -> None:
        raise ValueError("hidden-message")

    del app
    with receiver() as received:
        endpoint = f"http://127.0.0.1:{received.port}"
        traced = create_app(settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint}))
        with traced.app_context():
            for name, run in (("tests.well", well), ("tests.ill", ill)):
                run_now(db.engine, Job(name, run, timedelta(hours=1), "Do something"))
        traced.extensions[tracing.EXTENSION].force_flush()
    found = [span for body in received.bodies for span in spans(body)]
    runs = {span.name: span for span in found if span.name.startswith("job ")}
    told = {
        name: {a.key: a.value.string_value for a in span.attributes} for name, span in runs.items()
    }
    assert told == {
        f"job {name}": {"issue_insight.job": name, "issue_insight.outcome": outcome}
        for name, outcome in (("tests.well", "ok"), ("tests.ill", "failed"))
    }
    assert [runs[f"job tests.{name}"].status.code for name in ("well", "ill")] == [0, 2]
    of_well = runs["job tests.well"]
    assert not of_well.parent_span_id
    beneath = {span.name for span in found if span.parent_span_id == of_well.span_id}
    assert beneath == {"INSERT", "DELETE", "SELECT", "UPDATE"}
    assert b"hidden" not in received.whole()


def test_work_that_breaks_off_is_a_failed_trace_that_keeps_its_message(
    app: Flask, settings: Settings
) -> None:
    del app
    with receiver() as received:
        endpoint = f"http://127.0.0.1:{received.port}"
        traced = create_app(settings.model_copy(update={"otel_exporter_otlp_endpoint": endpoint}))
        with traced.app_context(), pytest.raises(LookupError), tracing.work("some work", things=3):
            raise LookupError("hidden-message")
        traced.extensions[tracing.EXTENSION].force_flush()
    [span] = [span for body in received.bodies for span in spans(body)]
    assert {a.key: a.value.string_value or a.value.int_value for a in span.attributes} == {
        "issue_insight.things": 3,
        "error.type": "LookupError",
    }
    assert span.status.code == 2
    assert not span.events
    assert b"hidden" not in received.whole()


def test_the_setting_without_the_extra_is_said_in_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    changed = settings.model_copy(update={"otel_exporter_otlp_endpoint": "http://127.0.0.1:1"})
    with caplog.at_level(logging.WARNING):
        app = create_app(changed)
    assert tracing.EXTENSION not in app.extensions
    [said] = [r.getMessage() for r in caplog.records if "opentelemetry" in r.getMessage()]
    assert "pip install 'issue-insight[otel]'" in said
