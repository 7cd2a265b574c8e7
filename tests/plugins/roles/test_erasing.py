"""Erasing a person: nothing of them is left, and no number changes."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.users import User
from issue_insight.db import Base
from issue_insight.journal import Event
from issue_insight.testing.tokens import SignedIn, bearer, sign_in

SECRET = "zyzzyx"
"""A word that only the person writes, in everything they write."""
NAME, EMAIL = "Zebulon Quill", "zebulon.quill@example.org"
WEB = "/api/v1/issues"


class World:
    """An instance in which a person has left traces wherever there are some to leave."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.then = clock.now() + timedelta(minutes=30)
        """One instant to count at: ages grow."""
        self.admin_client, self.client = app.test_client(), app.test_client()
        self.admin = sign_in(self.admin_client, "admin", name="Ada")
        # A maintainer leaves more traces than a reporter.
        self.person = sign_in(self.client, "maintainer", name=NAME, email=EMAIL)
        self.ok(self.admin_client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"}))
        for number in range(3):
            issue = {"project": "WEB", "title": f"{SECRET} {number}", "description": SECRET}
            self.ok(self.client.post(WEB, json=issue))
        other = {"project": "WEB", "title": "Of somebody else", "description": "Stays"}
        self.ok(self.admin_client.post(WEB, json=other))
        self.change("WEB-1", title=f"{SECRET} again", severity="high")
        self.change("WEB-1", description=f"{SECRET} once more", assignee=self.person.id)
        self.change("WEB-2", status="done", resolution="fixed")
        said = self.ok(self.client.post(f"{WEB}/WEB-4/comments", json={"body": SECRET}))
        address = f"/api/v1/comments/{said['id']}"
        match = {"If-Match": "*"}
        self.ok(self.client.patch(address, json={"body": f"{SECRET}!"}, headers=match))
        gone = self.ok(self.client.post(f"{WEB}/WEB-4/comments", json={"body": SECRET}))
        self.client.delete(f"/api/v1/comments/{gone['id']}", headers=match)
        self.ok(self.admin_client.post(f"{WEB}/WEB-1/comments", json={"body": "An answer"}))
        file = {"file": (io.BytesIO(b"hello"), f"{SECRET}.txt")}
        self.ok(self.client.post(f"{WEB}/WEB-4/attachments", data=file))
        view = {"name": SECRET, "q": f"{SECRET} status:open", "shared": True}
        self.ok(self.client.post("/api/v1/views", json=view))
        self.ok(self.client.post("/api/v1/views", json=view | {"name": f"{SECRET} 2"}))
        token = {"name": SECRET, "expires_in_days": 30}
        self.token = self.ok(self.client.post("/api/v1/me/tokens", json=token))["token"]
        key = {"Idempotency-Key": SECRET}
        issue = {"project": "WEB", "title": SECRET}
        self.ok(self.client.post(WEB, json=issue, headers=key))
        assert self.client.get(f"{WEB}/export?format=csv&q={SECRET}").status_code == 200

    def ok(self, answer: Any) -> Any:
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def change(self, key: str, **fields: Any) -> None:
        match = {"If-Match": "*"}
        self.ok(self.client.patch(f"{WEB}/{key}", json=fields, headers=match))

    def erase(self, texts: str) -> int:
        address = f"/api/v1/users/{self.person.id}/erase"
        return self.admin_client.post(address, json={"texts": texts}).status_code

    def numbers(self) -> Any:
        """Return every number there is, of now and of the days."""
        with clock.frozen(self.then):
            return self._numbers()

    def _numbers(self) -> Any:
        addresses = ["/stats/now", "/stats/daily", "/stats/flow", "/insights"]
        answers = {a: self.admin_client.get(f"/api/v1{a}") for a in addresses}
        assert {answer.status_code for answer in answers.values()} == {200}
        metrics = [metric["name"] for metric in answers["/insights"].json["items"]]
        assert metrics
        for metric in metrics:
            # Every one of them compares, over a period that has one before it.
            query = {"from": f"{self.then - timedelta(days=6):%Y-%m-%d}"}
            answers[metric] = self.admin_client.get(
                f"/api/v1/insights/{metric}", query_string=query
            )
            assert answers[metric].status_code == 200, answers[metric].text
        found = {address: answer.json for address, answer in answers.items()}
        return without_words(found)


def without_words(value: Any) -> Any:
    """Return an answer without the names of people and titles of issues, which are to change."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key not in ("name", "title")}
        return {key: without_words(part) for key, part in kept.items()}
    return [without_words(part) for part in value] if isinstance(value, list) else value


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


def holding(session: Session, *words: str) -> set[str]:
    """Name the tables in which one of the words stands anywhere."""
    session.rollback()
    found = set()
    for table in Base.metadata.sorted_tables:
        rows = session.scalars(text(f"SELECT row_to_json(t)::text FROM {table.name} t")).all()
        if any(word.lower() in row.lower() for row in rows for word in words):
            found.add(table.name)
    return found


def test_the_world_has_traces_everywhere(world: World, session: Session) -> None:
    """Else the tests below could not fail."""
    assert holding(session, SECRET, NAME, EMAIL) >= {
        "users", "events", "issues", "issue_texts", "issue_versions", "comments", "attachments",
        "saved_views", "api_tokens", "search_documents", "idempotency_keys",
    }  # fmt: skip


def test_nothing_of_a_person_is_left_anywhere(world: World, session: Session) -> None:
    subject = session.scalar(select(User.subject).where(User.id == world.person.id))
    assert subject
    assert world.erase("blank") == 204
    assert holding(session, SECRET, NAME, EMAIL, "zebulon", subject) == set()


def test_where_texts_are_kept_only_who_wrote_them_goes(world: World, session: Session) -> None:
    assert world.erase("keep") == 204
    assert holding(session, NAME, EMAIL, "zebulon") == set()
    issue = world.admin_client.get(f"{WEB}/WEB-1").json
    assert issue["title"] == f"{SECRET.capitalize()} again"
    assert issue["reporter"]["name"] == "Former user"
    # What they kept for themselves goes all the same.
    left = {"saved_views", "api_tokens", "sessions", "idempotency_keys"}
    assert not holding(session, SECRET) & left
    events = select(Event).where(Event.subject.in_(["view", "export"]))
    assert {(event.old, event.new) for event in session.scalars(events)} == {(None, None)}


@pytest.mark.parametrize("texts", ["keep", "blank"])
def test_no_number_changes(world: World, texts: str) -> None:
    before = world.numbers()
    assert before["/stats/now"]["total"] == 5
    assert world.erase(texts) == 204
    assert world.numbers() == before


def test_what_is_counted_of_the_past_stays_and_can_be_read(world: World, session: Session) -> None:
    history = {key: [(e["kind"], e["field"], e["at"]) for e in events(world, key)] for key in KEYS}
    assert world.erase("blank") == 204
    for key in KEYS:
        assert [(e["kind"], e["field"], e["at"]) for e in events(world, key)] == history[key]
    begun = events(world, "WEB-1")[0]["at"]
    past = world.admin_client.get(f"{WEB}/WEB-1", query_string={"as_of": begun}).json
    assert (past["title"], past["description"]) == ("(erased)", "")
    comments = world.admin_client.get(f"{WEB}/WEB-4/comments").json["items"]
    assert [comment["body"] for comment in comments] == ["(erased)"]
    assert world.admin_client.get(WEB, query_string={"q": SECRET}).json["total"] == 0


KEYS = ("WEB-1", "WEB-2", "WEB-4")


def events(world: World, key: str) -> list[dict[str, Any]]:
    answer = world.admin_client.get(f"{WEB}/{key}/events", query_string={"limit": 100})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["items"]
    return sorted(found, key=lambda event: event["at"])


def test_what_others_wrote_stays(world: World) -> None:
    assert world.erase("blank") == 204
    other = world.admin_client.get(f"{WEB}/WEB-4").json
    assert (other["title"], other["description"]) == ("Of somebody else", "Stays")
    answers = world.admin_client.get(f"{WEB}/WEB-1/comments").json["items"]
    assert [comment["body"] for comment in answers] == ["An answer"]


def test_they_and_their_tokens_are_out_at_once(world: World) -> None:
    client = world.app.test_client()
    assert client.get("/api/v1/me", headers=bearer(world.token)).status_code == 200
    assert world.erase("keep") == 204
    assert client.get("/api/v1/me", headers=bearer(world.token)).status_code == 401
    users = world.admin_client.get("/api/v1/users").json["items"]
    assert [user["id"] for user in users] == [world.admin.id]


def test_whoever_signs_in_by_the_same_identity_later_is_somebody_new(world: World) -> None:
    assert world.erase("keep") == 204
    again = sign_in(world.app.test_client(), email=EMAIL)
    assert again.id != world.person.id
    assert again.role == "reporter"


def test_a_form_that_was_open_does_not_bring_the_text_back(world: World) -> None:
    tag = world.admin_client.get(f"{WEB}/WEB-1").headers["ETag"]
    assert world.erase("blank") == 204
    late = world.admin_client.patch(
        f"{WEB}/WEB-1", json={"title": SECRET}, headers={"If-Match": tag}
    )
    assert late.status_code == 412


def test_it_is_told_and_can_be_done_again(world: World, session: Session) -> None:
    assert world.erase("keep") == 204
    assert world.erase("blank") == 204
    assert holding(session, SECRET) == set()
    told = select(Event).where(Event.subject == "user", Event.kind == "erased")
    assert [event.actor_id for event in session.scalars(told)] == [world.admin.id] * 2


def test_the_log_refuses_every_other_change_all_the_same(world: World, session: Session) -> None:
    assert world.erase("blank") == 204
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE events SET kind = 'x'"))
    session.rollback()
    session.execute(text("SET LOCAL issue_insight.redact = 'on'"))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("DELETE FROM events"))


def test_the_last_admin_is_not_erased_even_by_two_at_once(app: Flask) -> None:
    clients = [app.test_client(), app.test_client()]
    admins: list[SignedIn] = [sign_in(client, "admin") for client in clients]

    def erase(pair: tuple[FlaskClient, SignedIn]) -> int:
        client, whom = pair
        address = f"/api/v1/users/{whom.id}/erase"
        return client.post(address, json={"texts": "keep"}).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(erase, zip(clients, reversed(admins), strict=True)))
    assert statuses in ([204, 401], [204, 403], [204, 409])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/users/999999999/erase", {"texts": "keep"}, 404),
        ("/api/v1/users/1/erase", {}, 422),
        ("/api/v1/users/1/erase", {"texts": "some"}, 422),
    ],
)
def test_what_cannot_be_erased_is_refused(
    client: FlaskClient, path: str, body: dict[str, Any], status: int
) -> None:
    sign_in(client, "admin")
    assert client.post(path, json=body).status_code == status


def test_it_is_for_admins_who_are_here_themselves(client: FlaskClient) -> None:
    admin = sign_in(client, "admin")
    asked = {"name": "Script", "scope": "admin", "expires_in_days": 1}
    token = client.post("/api/v1/me/tokens", json=asked).json["token"]
    person = sign_in(client, "maintainer")
    address = f"/api/v1/users/{person.id}/erase"
    assert client.post(address, json={"texts": "keep"}).status_code == 403
    for headers, status in ((bearer(token), 403), (admin.headers, 204)):
        asking = client.application.test_client()
        answer = asking.post(address, json={"texts": "keep"}, headers=headers)
        assert answer.status_code == status


def test_the_command_line_erases_too(world: World, session: Session) -> None:
    run = world.app.test_cli_runner().invoke
    assert run(args=["users", "erase", EMAIL, "--texts", "keep"], input="n\n").exit_code == 1
    assert "users" in holding(session, EMAIL)
    done = run(args=["users", "erase", EMAIL, "--texts", "blank", "--yes"])
    assert done.exit_code == 0, done.output
    assert holding(session, SECRET, NAME, EMAIL) == set()
    again = run(args=["users", "erase", EMAIL, "--texts", "keep", "--yes"])
    assert (again.exit_code, "There is no user" in again.output) == (1, True)


KNOWN = {
    "api_tokens.owner_id", "attachments.uploader_id", "comments.author_id",
    "default_views.user_id", "events.actor_id", "idempotency_keys.user_id", "issues.assignee_id",
    "issues.reporter_id", "issue_versions.assignee_id", "issue_versions.reporter_id",
    "saved_views.owner_id", "sessions.user_id",
}  # fmt: skip


def test_every_table_that_refers_to_people_has_been_thought_of(app: Flask) -> None:
    """A new one: let its plugin's `erase` see to it, add it to `World`, then here."""
    found = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "users"
    }
    assert found == KNOWN
