"""`/healthz` and `/readyz`: alive, and ready, or which part is not."""

from collections.abc import Callable

import pytest
from flask import Flask

from issue_insight.auth.permission import PUBLIC, permission_of
from issue_insight.db import db
from issue_insight.http import health
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from tests.issue_insight.http.toy import application

Make = Callable[..., Flask]


@pytest.fixture
def make(settings: Settings, request: pytest.FixtureRequest) -> Make:
    def make(pending: Callable[[], list[str]] = list, **changes: object) -> Flask:
        changed = settings.model_copy(update=changes)
        app = application(changed)
        storage = Storage.from_settings(changed)
        if not changes:
            storage.ensure_bucket()
        health.register(app, storage, pending=pending)

        def dispose() -> None:
            with app.app_context():
                db.engine.dispose()

        request.addfinalizer(dispose)
        return app

    return make


def test_an_instance_with_all_its_parts_is_ready(make: Make):
    response = make().test_client().get("/readyz")
    assert response.status_code == 200
    assert response.json == {
        "status": "ready",
        "parts": {"database": "ok", "migrations": "ok", "storage": "ok"},
    }


def test_migrations_that_are_behind_are_named(make: Make):
    response = make(lambda: ["built-in", "stickers"]).test_client().get("/readyz")
    assert response.status_code == 503
    assert response.content_type == "application/problem+json"
    assert response.json["detail"] == "Not ready: migrations behind: built-in, stickers."
    assert response.json["parts"]["database"] == "ok"


def test_a_database_that_is_away_is_named_and_nothing_else_shown(make: Make):
    app = make(database_url="postgresql+psycopg2://me:hunter2@127.0.0.1:1/nothing")
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.json["detail"] == "Not ready: database does not answer."
    assert "hunter2" not in response.text
    assert "127.0.0.1" not in response.text


def test_a_file_store_that_is_away_is_named(make: Make):
    response = make(s3_endpoint="http://127.0.0.1:1").test_client().get("/readyz")
    assert response.json["parts"]["storage"] == "does not answer"


def test_a_process_is_alive_whatever_its_parts_do(make: Make):
    app = make(database_url="postgresql+psycopg2://127.0.0.1:1/nothing")
    assert app.test_client().get("/healthz").json == {"status": "ok"}


def test_both_are_open_and_documented(make: Make):
    app = make()
    for name in ("healthz", "readyz"):
        assert permission_of(app.view_functions[f"health.{name}"]) == PUBLIC
    assert {"/healthz", "/readyz"} <= set(app.test_client().get("/openapi.json").json["paths"])
