"""People, and shorthand for what they do with their views over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issue_insight.testing.tokens import SignedIn, sign_in
from tests.plugins.issues.conftest import admin, maintainer, reporter

__all__ = ["admin", "maintainer", "reporter"]


@dataclass
class Caller:
    """One person with a client of their own."""

    client: FlaskClient
    who: SignedIn

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a request; `If_Match="*"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=named)

    def got(self, path: str) -> Any:
        """Return what is there."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def save(self, name: str = "Mine", **fields: Any) -> TestResponse:
        """Save a view."""
        return self.ask("POST", "/views", {"name": name, **fields})

    def saved(self, name: str = "Mine", **fields: Any) -> dict[str, Any]:
        """Save a view that is taken; return it."""
        answer = self.save(name, **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def change(self, view: dict[str, Any], match: str = "*", **changes: Any) -> TestResponse:
        """Change a view."""
        return self.ask("PATCH", f"/views/{view['id']}", changes, If_Match=match)

    def changed(self, view: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Change a view, which is taken; return it."""
        answer = self.change(view, **changes)
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def delete(self, view: dict[str, Any], match: str = "*") -> int:
        """Delete a view; return the status."""
        return self.ask("DELETE", f"/views/{view['id']}", If_Match=match).status_code

    def sees(self, view: dict[str, Any]) -> bool:
        """Tell whether the view is there, which its page and the list must agree on."""
        alone = self.ask("GET", f"/views/{view['id']}").status_code
        listed = view["id"] in [one["id"] for one in self.got("/views?limit=200")["items"]]
        assert alone == (200 if listed else 404)
        return listed

    def begins_with(self, view: dict[str, Any] | None) -> TestResponse:
        """Choose the default view."""
        return self.ask("PUT", "/me/default-view", {"view": view and view["id"]})

    @property
    def default(self) -> int | None:
        """The id of the default view, as both places that tell it say."""
        found = self.got("/me/default-view")["view"]
        marked = [one["id"] for one in self.got("/views")["items"] if one["is_default"]]
        assert marked == ([] if found is None else [found])
        return None if found is None else int(found)


@pytest.fixture
def person(app: Flask) -> Callable[..., Caller]:
    """Makes people: each call signs another one in."""

    def make(role: str = "reporter") -> Caller:
        client = app.test_client()
        return Caller(client, sign_in(client, role))

    return make
