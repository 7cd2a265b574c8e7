"""A creation that is sent again under its Idempotency-Key happens once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from issue_insight import clock
from issue_insight.http.idempotency import IdempotencyKey
from issue_insight.journal import Event
from issue_insight.testing.tokens import SignedIn, sign_in

ISSUE = {"project": "WEB", "title": "Search finds nothing"}


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> SignedIn:
    who = sign_in(client, "admin")
    project = {"key": "WEB", "name": "Website", "visibility": "all"}
    assert client.post("/api/v1/projects", json=project, headers=who.headers).status_code == 201
    return who


def post(
    app: Flask, who: SignedIn, key: str | None, path: str = "/issues", **options: object
) -> TestResponse:
    headers = who.headers | ({} if key is None else {"Idempotency-Key": key})
    if "data" not in options:
        options.setdefault("json", ISSUE)
    return app.test_client().post(f"/api/v1{path}", headers=headers, **options)


def total(app: Flask, who: SignedIn) -> int:
    answer = app.test_client().get("/api/v1/issues", headers=who.headers)
    return int(answer.json["total"])


def test_a_request_that_is_sent_again_has_its_first_answer_and_makes_nothing(
    app: Flask, admin: SignedIn
) -> None:
    first, again = post(app, admin, "one"), post(app, admin, "one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert total(app, admin) == 1


def test_the_first_answer_stands_though_the_issue_has_changed_since(
    app: Flask, admin: SignedIn
) -> None:
    first = post(app, admin, "one")
    headers = admin.headers | {"If-Match": first.headers["ETag"]}
    changed = app.test_client().patch(
        f"/api/v1/issues/{first.json['key']}", json={"status": "triaged"}, headers=headers
    )
    assert changed.status_code == 200
    assert post(app, admin, "one").json == first.json


def test_white_space_and_order_make_no_other_request(app: Flask, admin: SignedIn) -> None:
    first = post(app, admin, "one")
    again = post(
        app,
        admin,
        "one",
        data=b'{ "title":"Search finds nothing",\n"project" : "WEB"}',
        content_type="application/json",
    )
    assert again.json == first.json


def test_another_body_or_address_under_the_same_key_is_refused(app: Flask, admin: SignedIn) -> None:
    post(app, admin, "one")
    for answer in (
        post(app, admin, "one", json=ISSUE | {"title": "Another"}),
        post(app, admin, "one", "/issues/WEB-1/comments", json={"body": "Hello"}),
    ):
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "Idempotency-Key"
    assert total(app, admin) == 1


def test_two_people_may_use_the_same_key(app: Flask, client: FlaskClient, admin: SignedIn) -> None:
    other = sign_in(client)
    keys = {post(app, who, "one").json["key"] for who in (admin, other)}
    assert keys == {"WEB-1", "WEB-2"}


def test_without_a_key_every_request_counts(app: Flask, admin: SignedIn) -> None:
    assert [post(app, admin, None).json["key"] for _ in range(2)] == ["WEB-1", "WEB-2"]


def test_of_many_at_once_one_makes_it_and_all_have_its_answer(app: Flask, admin: SignedIn) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(app, admin, "one"), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["key"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert total(app, admin) == 1


def test_a_refused_request_leaves_its_key_free(app: Flask, admin: SignedIn) -> None:
    refused = post(app, admin, "one", json=ISSUE | {"project": "NONE"})
    assert refused.status_code == 422
    assert post(app, admin, "one").status_code == 201


def test_a_failure_after_the_creation_undoes_it_with_its_key(
    app: Flask, admin: SignedIn, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    monkeypatch.setattr("plugins.issues.queries.get_issue", lambda *_: 1 / 0)
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    assert post(app, admin, "one").status_code == 500
    monkeypatch.undo()
    assert total(app, admin) == 0
    assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
    assert post(app, admin, "one").json["key"] == "WEB-1"


def test_keys_are_forgotten_after_a_day(app: Flask, admin: SignedIn, session: Session) -> None:
    first = post(app, admin, "one").json["key"]
    post(app, admin, "another", json=ISSUE)
    aged = clock.now() - timedelta(hours=25)
    session.execute(update(IdempotencyKey).values(created_at=aged))
    session.commit()
    again = post(app, admin, "one").json["key"]
    assert again != first
    assert session.scalars(select(IdempotencyKey.key)).all() == ["one"]


@pytest.mark.parametrize("key", ["", '""', "é", "x" * 256])
def test_a_key_that_is_none_is_refused(app: Flask, admin: SignedIn, key: str) -> None:
    answer = post(app, admin, key)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "Idempotency-Key"


def test_a_quoted_key_is_the_same_key(app: Flask, admin: SignedIn) -> None:
    assert post(app, admin, '"one"').json == post(app, admin, "one").json


def test_projects_and_comments_take_keys(app: Flask, admin: SignedIn, session: Session) -> None:
    project = {"key": "API", "name": "Interface"}
    assert [post(app, admin, "p", "/projects", json=project).status_code for _ in "12"] == [201] * 2
    post(app, admin, None)
    ids = {
        post(app, admin, "c", "/issues/WEB-1/comments", json={"body": "Hello"}).json["id"]
        for _ in "12"
    }
    assert len(ids) == 1
    assert session.scalar(select(func.count()).where(Event.kind == "commented")) == 1


def attach(app: Flask, who: SignedIn, key: str, data: bytes) -> TestResponse:
    form = {"file": (BytesIO(data), "notes.txt")}
    return post(app, who, key, "/issues/WEB-1/attachments", data=form)


def test_a_file_that_is_sent_again_is_attached_once(app: Flask, admin: SignedIn) -> None:
    post(app, admin, None)
    first, again = attach(app, admin, "f", b"Some words"), attach(app, admin, "f", b"Some words")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    refused = attach(app, admin, "f", b"Other words")
    assert refused.status_code == 422
    listed = app.test_client().get("/api/v1/issues/WEB-1/attachments", headers=admin.headers)
    assert [item["id"] for item in listed.json["items"]] == [first.json["id"]]
    content = app.test_client().get(
        f"/api/v1/attachments/{first.json['id']}/content", headers=admin.headers
    )
    assert content.data == b"Some words"
