"""A project to count in, and issues with the past that a test wants them to have."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.testing.tokens import sign_in
from plugins.issues import policy, services

NOW = datetime(2020, 3, 11, 15, tzinfo=UTC)
"""When it is, for tests with a `present`: a Wednesday."""

_numbers = count(1)


def at(text: str) -> datetime:
    """Return the instant written as `2026-01-31 12:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def person(session: Session, role: str) -> Principal:
    """Return a new person of that role, with the permissions of the issues plugin."""
    number = next(_numbers)
    user = User(issuer="tests", subject=f"stats{number}", name=f"{role} {number}", role=role)
    session.add(user)
    session.commit()
    return _principal(user.id, user.name, role)


def _principal(user_id: int, name: str, role: str) -> Principal:
    permissions = frozenset(p.name for p in policy.PERMISSIONS if role in p.roles)
    return Principal(user_id, name, None, role, "person", permissions)


@dataclass
class Caller:
    """Somebody who is signed in, and who they are to the services."""

    client: FlaskClient
    principal: Principal

    @classmethod
    def of(cls, app: Flask, role: str) -> "Caller":
        """Sign somebody new in."""
        client = app.test_client()
        signed_in = sign_in(client, role)
        return cls(client, _principal(signed_in.id, signed_in.name, role))

    def get(self, path: str, **query: Any) -> Any:
        """Return what is answered with 200."""
        query = {name.rstrip("_"): value for name, value in query.items()}
        answer = self.client.get(f"/api/v1{path}", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def refused(self, path: str, **query: Any) -> dict[str, str]:
        """Return the faults that a 422 names, by pointer."""
        query = {name.rstrip("_"): value for name, value in query.items()}
        answer = self.client.get(f"/api/v1{path}", query_string=query)
        assert answer.status_code == 422, answer.text
        assert answer.content_type == "application/problem+json"
        return {error["pointer"]: error["detail"] for error in (answer.json or {})["errors"]}


@dataclass
class History:
    """Writes the past: each act happens at the instant it is said to, and is committed."""

    session: Session
    admin: Principal
    project: str = "WEB"

    @contextmanager
    def moment(self, text: str) -> Iterator[None]:
        """Let the block happen at that instant, and commit it."""
        with clock.frozen(at(text)):
            yield
        self.session.commit()

    def report(
        self, text: str, severity: str | None = None, by: Principal | None = None, **fields: Any
    ) -> str:
        """Report an issue; return its key."""
        with self.moment(text):
            issue = services.create_issue(
                self.session,
                by or self.admin,
                project=fields.pop("project", self.project),
                title="Something is wrong",
                severity=severity,
                **fields,
            )
            return f"{self.project}-{issue.number}"

    def change(self, text: str, key: str, **changes: Any) -> None:
        """Change fields of an issue."""
        with self.moment(text):
            services.change_issue(self.session, self.admin, key, changes, expected=None)

    def delete(self, text: str, key: str) -> None:
        """Delete an issue."""
        with self.moment(text):
            services.delete_issue(self.session, self.admin, key, expected=None)

    def restore(self, text: str, key: str) -> None:
        """Bring a deleted issue back."""
        with self.moment(text):
            services.restore_issue(self.session, self.admin, key)


@pytest.fixture
def present(app: Flask) -> Iterator[None]:
    """Let it be `NOW`."""
    with clock.frozen(NOW):
        yield


@pytest.fixture
def maintainer(app: Flask, present: None) -> Caller:
    """Somebody who sees everything, at present."""
    return Caller.of(app, "maintainer")


@pytest.fixture
def admin(session: Session) -> Principal:
    """Somebody who sees everything."""
    return person(session, "admin")


@pytest.fixture
def reporter(session: Session) -> Principal:
    """Somebody who sees what they reported."""
    return person(session, "reporter")


@pytest.fixture
def history(session: Session, admin: Principal) -> History:
    """The past of the project WEB, in which reporters see their own issues."""
    written = History(session, admin)
    with written.moment("2019-01-01 00:00"):
        services.create_project(session, admin, key="WEB", name="Website", visibility="own")
    return written
