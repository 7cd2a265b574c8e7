"""People with clients of their own, and shorthand for what they do with issues over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issue_insight import clock
from issue_insight.testing.tokens import SignedIn, sign_in


@contextmanager
def moment(text: str) -> Iterator[datetime]:
    """Let the block happen at the instant written as `2026-01-31 12:00`, in UTC."""
    instant = datetime.fromisoformat(text).replace(tzinfo=UTC)
    with clock.frozen(instant):
        yield instant


@dataclass
class Caller:
    """One person with a client of their own. What fails is shown with the problem's text."""

    client: FlaskClient
    who: SignedIn

    @property
    def id(self) -> int:
        """The id of this person."""
        return self.who.id

    def get(self, path: str, **query: Any) -> TestResponse:
        """Ask for something below `/api/v1`."""
        return self.client.get(f"/api/v1{path}", query_string=query)

    def got(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask for something that is there; return it."""
        return _body(self.get(path, **query), 200)

    def project(self, key: str = "WEB", visibility: str = "own") -> str:
        """Make a project; return its key."""
        data = {"key": key, "name": key.title(), "visibility": visibility}
        _body(self.client.post("/api/v1/projects", json=data), 201)
        return key

    def report(self, title: str = "Something is wrong", project: str = "WEB", **fields: Any) -> str:
        """Report an issue; return its key."""
        data = {"project": project, "title": title, **fields}
        return str(_body(self.client.post("/api/v1/issues", json=data), 201)["key"])

    def change(self, key: str, **changes: Any) -> dict[str, Any]:
        """Change fields of an issue, whatever its version; return the issue."""
        answer = self.client.patch(
            f"/api/v1/issues/{key}", json=changes, headers={"If-Match": self._tag(key)}
        )
        return _body(answer, 200)

    def delete(self, key: str) -> None:
        """Delete an issue."""
        answer = self.client.delete(f"/api/v1/issues/{key}", headers={"If-Match": self._tag(key)})
        assert answer.status_code == 204, answer.text

    def restore(self, key: str) -> None:
        """Bring a deleted issue back."""
        _body(self.client.post(f"/api/v1/issues/{key}/restore"), 200)

    def comment(self, key: str, body: str = "I see that too.") -> int:
        """Comment on an issue; return the comment's id."""
        answer = self.client.post(f"/api/v1/issues/{key}/comments", json={"body": body})
        return int(_body(answer, 201)["id"])

    def page(self, q: str = "", **query: Any) -> dict[str, Any]:
        """Return one page of the issues that a filter selects."""
        return self.got("/issues", q=q, **query)

    def listed(self, q: str = "", **query: Any) -> list[str]:
        """Return the keys of all issues that a filter selects, page by page."""
        page = self.page(q, **query)
        keys = [item["key"] for item in page["items"]]
        while page["next"]:
            page = self.page(q, cursor=page["next"], **query)
            keys += [item["key"] for item in page["items"]]
        return keys

    def _tag(self, key: str) -> str:
        return str(self.get(f"/issues/{key}").headers.get("ETag", '"0"'))


def _body(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json or {})


@pytest.fixture
def person(app: Flask) -> Callable[..., Caller]:
    """Makes people: each call signs another one in, with a role and, if it matters, a name."""

    def make(role: str = "reporter", **named: str) -> Caller:
        client = app.test_client()
        return Caller(client, sign_in(client, role, **named))

    return make


@pytest.fixture
def admin(person: Callable[..., Caller]) -> Caller:
    """Somebody who may do everything."""
    return person("admin")


@pytest.fixture
def maintainer(person: Callable[..., Caller]) -> Caller:
    """Somebody who sees all issues and triages them."""
    return person("maintainer")


@pytest.fixture
def reporter(person: Callable[..., Caller]) -> Caller:
    """Somebody who sees what they reported, and what is open to all."""
    return person("reporter")


@pytest.fixture
def web(admin: Caller) -> str:
    """The key of a project in which reporters see their own issues."""
    return admin.project("WEB", "own")
