"""People who use the API, each with a client of their own, and projects to report to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issue_insight.testing.tokens import SignedIn, sign_in

API = "/api/v1"


@dataclass
class Caller:
    """One person, and shorthand for what they ask for."""

    client: FlaskClient
    me: SignedIn

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request; `match` is its If-Match."""
        headers = dict(options.pop("headers", {}))
        if "match" in options:
            headers["If-Match"] = options.pop("match")
        if body is not None:
            options["json"] = body
        return self.client.open(API + path, method=method, headers=headers, **options)

    def get(self, path: str, **query: Any) -> Any:
        """Return what a GET that is answered gives."""
        answer = self.ask("GET", path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def all_of(self, path: str, **query: Any) -> list[Any]:
        """Return every item of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def report(self, project: str = "WEB", title: str = "Something broke", **fields: Any) -> str:
        """Report an issue that is taken; return its key."""
        answer = self.ask("POST", "/issues", {"project": project, "title": title, **fields})
        assert answer.status_code == 201, answer.text
        return str((answer.json or {})["key"])

    def change(self, key: str, match: str = "*", **fields: Any) -> TestResponse:
        """Change fields of an issue."""
        return self.ask("PATCH", f"/issues/{key}", fields, match=match)

    def changed(self, key: str, **fields: Any) -> dict[str, Any]:
        """Change fields of an issue, which is taken; return the issue."""
        answer = self.change(key, **fields)
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def comment(self, key: str, body: str = "I see this too.") -> int:
        """Comment on an issue; return the id of the comment."""
        answer = self.ask("POST", f"/issues/{key}/comments", {"body": body})
        assert answer.status_code == 201, answer.text
        return int((answer.json or {})["id"])


@pytest.fixture
def person(app: Flask) -> Callable[..., Caller]:
    """Makes people: each call signs another one in."""

    def make(role: str = "reporter", **known: Any) -> Caller:
        client = app.test_client()
        return Caller(client, sign_in(client, role=role, **known))

    return make


@pytest.fixture
def make_project(admin: Caller) -> Callable[..., str]:
    """Makes projects; returns the key."""

    def make(key: str, visibility: str = "own", name: str = "A project") -> str:
        body = {"key": key, "name": name, "visibility": visibility}
        answer = admin.ask("POST", "/projects", body)
        assert answer.status_code == 201, answer.text
        return key

    return make


@pytest.fixture
def web(make_project: Callable[..., str]) -> str:
    """A project in which reporters see only what they reported."""
    return make_project("WEB")


@pytest.fixture
def lib(make_project: Callable[..., str]) -> str:
    """A project in which everybody sees everything."""
    return make_project("LIB", visibility="all")


def pointers(answer: TestResponse) -> list[str]:
    """Return where the faults are that a problem names."""
    assert answer.content_type == "application/problem+json"
    return [fault["pointer"] for fault in (answer.json or {}).get("errors", [])]
