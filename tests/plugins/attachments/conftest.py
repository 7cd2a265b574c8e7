"""People, an issue to attach to, and shorthand for the requests on attachments."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issue_insight.storage import Storage
from issue_insight.testing.tokens import sign_in
from plugins.attachments.objects import DRAWN, STORED, UPLOADED


@dataclass
class Caller:
    """One person with a client of their own."""

    client: FlaskClient

    def attach(self, key: str, data: bytes = b"hello", name: str = "a.txt") -> TestResponse:
        """Send a file."""
        return self.client.post(
            f"/api/v1/issues/{key}/attachments", data={"file": (io.BytesIO(data), name)}
        )

    def attached(self, key: str, data: bytes = b"hello", name: str = "a.txt") -> dict[str, Any]:
        """Send a file that is taken; return what is known of it."""
        answer = self.attach(key, data, name)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def files(self, key: str, **query: Any) -> list[dict[str, Any]]:
        """Return the files of an issue."""
        answer = self.client.get(f"/api/v1/issues/{key}/attachments", query_string=query)
        assert answer.status_code == 200, answer.text
        return list((answer.json or {})["items"])

    def content(self, attachment_id: int, method: str = "GET", **headers: str) -> TestResponse:
        """Ask for the content; `If_Range` stands for the header `If-Range`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/api/v1/attachments/{attachment_id}/content", method=method, headers=named
        )

    def events(self, key: str) -> list[dict[str, Any]]:
        """Return the activity of an issue."""
        answer = self.client.get(f"/api/v1/issues/{key}/events", query_string={"limit": 200})
        assert answer.status_code == 200, answer.text
        return list((answer.json or {})["items"])


@pytest.fixture
def person(app: Flask) -> Callable[..., Caller]:
    """Makes people: each call signs another one in."""

    def make(role: str = "reporter") -> Caller:
        client = app.test_client()
        sign_in(client, role=role)
        return Caller(client)

    return make


@pytest.fixture
def admin(person: Callable[..., Caller]) -> Caller:
    return person("admin")


@pytest.fixture
def reporter(person: Callable[..., Caller]) -> Caller:
    return person("reporter")


@pytest.fixture
def issue(admin: Caller, reporter: Caller) -> str:
    """The key of an issue of `reporter`'s, in a project where reporters see only their own."""
    project = {"key": "WEB", "name": "Website", "visibility": "own"}
    assert admin.client.post("/api/v1/projects", json=project).status_code == 201
    answer = reporter.client.post("/api/v1/issues", json={"project": "WEB", "title": "Broken"})
    assert answer.status_code == 201, answer.text
    return str((answer.json or {})["key"])


@pytest.fixture
def storage(app: Flask) -> Storage:
    """The application's own storage, without what earlier tests left there."""
    storage: Storage = app.extensions["issue_insight"].storage
    for prefix in (STORED, UPLOADED, DRAWN):
        for stored in storage.list(prefix):
            storage.delete(stored.key)
    return storage


def keys(storage: Storage) -> set[str]:
    """Return the keys of all objects of attachments."""
    return {stored.key for stored in storage.list("attachments/")}
