"""Personal API tokens: what they open, for whom, until when, and what they never do."""

import io
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.app import create_app
from issue_insight.auth.permission import SCOPES
from issue_insight.auth.state import auth_of
from issue_insight.auth.tokens import secret, services
from issue_insight.auth.tokens.models import ApiToken
from issue_insight.auth.users import User
from issue_insight.http import request_log
from issue_insight.journal import Event
from issue_insight.settings import Settings
from issue_insight.testing.tokens import SignedIn, bearer, sign_in
from tests.issue_insight.auth.asking import is_refusal, me

MINE, ALL = "/api/v1/me/tokens", "/api/v1/tokens"


@pytest.fixture
def person(app: Flask) -> Callable[..., SignedIn]:
    """Signs somebody in."""
    return lambda role="reporter", **who: sign_in(app.test_client(), role, **who)


def make(app: Flask, who: SignedIn, **asked: Any) -> dict[str, Any]:
    """Make a token that is taken; return the answer."""
    body = {"name": "Script", "expires_in_days": 30, **asked}
    answer = app.test_client().post(MINE, json=body, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def asked(app: Flask, method: str, path: str, token: str, body: Any = None) -> int:
    """Return the status of a request with a token."""
    answer = app.test_client().open(path, method=method, json=body, headers=bearer(token))
    return answer.status_code


def events(session: Session, kind: str) -> list[Any]:
    """Return what the log tells of tokens."""
    rows = select(Event).where(Event.subject == "token", Event.kind == kind).order_by(Event.id)
    return list(session.scalars(rows))


def test_a_token_speaks_for_its_owner(app: Flask, person: Callable[..., SignedIn]) -> None:
    ada = person("maintainer", name="Ada")
    made = make(app, ada, scope="write")
    answer = me(app.test_client(), made["token"])
    assert (answer.status_code, answer.json["id"], answer.json["name"]) == (200, ada.id, "Ada")
    assert answer.json["role"] == "maintainer"


def test_it_is_recognised_by_prefix_and_checksum(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    token = make(app, person())["token"]
    assert re.fullmatch(r"ii_pat_[0-9A-Za-z]{49}", token)
    assert secret.is_token(token)
    for place in (7, 30, 55):
        other = "1" if token[place] != "1" else "2"
        assert not secret.is_token(token[:place] + other + token[place + 1 :])
    assert not secret.is_token(token[:-1])
    assert not secret.is_token(token + "0")
    assert len({secret.make() for _ in range(100)}) == 100


def test_its_text_is_shown_once_and_kept_nowhere(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    ada = person("admin")
    made = make(app, ada)
    token = made["token"]
    assert me(app.test_client(), token).status_code == 200
    client = app.test_client()
    for path in (MINE, ALL):
        listed = client.get(path, headers=ada.headers)
        assert [one["id"] for one in listed.json["items"]] == [made["id"]]
        assert token not in listed.text
    tables = session.scalars(
        text("SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'")
    ).all()
    assert "api_tokens" in tables
    for table in tables:
        rows = session.scalars(text(f"SELECT row_to_json(t)::text FROM {table} t")).all()
        for kept in rows:
            assert token not in kept
            assert token[7:50] not in kept


def test_it_is_not_logged(app: Flask, person: Callable[..., SignedIn]) -> None:
    request_log.configure("debug")
    written = io.StringIO()
    [handler] = [h for h in logging.getLogger().handlers if h.name == "issue_insight.json"]
    handler.setStream(written)  # type: ignore[attr-defined]
    try:
        made = make(app, person())
        asked(app, "GET", "/api/v1/me", made["token"])
        asked(app, "GET", "/api/v1/me", secret.make())
        asked(app, "GET", f"/api/v1/me?token={made['token']}", "ii_pat_short")
    finally:
        request_log.configure("info")
    log = written.getvalue()
    assert "unknown API token" in log
    assert "not an API token" in log
    assert made["token"] not in log
    assert secret.digest(made["token"]).hex() not in log


def test_its_owner_sees_for_30_days_that_it_was_revoked(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    ada = person("reporter", name="Ada")
    kept, revoked, long_ago = (make(app, ada)["id"] for _ in range(3))
    make(app, person("reporter", name="Otto"))
    client = app.test_client()
    for token_id in (revoked, long_ago):
        assert client.delete(f"{MINE}/{token_id}", headers=ada.headers).status_code == 204
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == long_ago)
        .values(revoked_at=clock.now() - timedelta(days=31))
    )
    session.commit()
    listed = client.get(f"{MINE}?revoked=true", headers=ada.headers).json["items"]
    assert [(one["id"], one["revoked_at"] is None) for one in listed] == [
        (revoked, False),
        (kept, True),
    ]
    assert [one["id"] for one in client.get(MINE, headers=ada.headers).json["items"]] == [kept]


def test_its_owner_sees_them_page_by_page(app: Flask, person: Callable[..., SignedIn]) -> None:
    ada, otto = person("reporter", name="Ada"), person("reporter", name="Otto")
    made = [make(app, ada)["id"] for _ in range(5)]
    make(app, otto)
    client = app.test_client()
    found, cursor = [], None
    for length in (2, 2, 1):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get(MINE, query_string=query, headers=ada.headers).json
        assert (len(page["items"]), page["total"]) == (length, 5)
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert found == made[::-1]
    # A cursor is for one person's list.
    theirs = client.get(MINE, query_string={"limit": 2}, headers=ada.headers).json["next"]
    stolen = client.get(MINE, query_string={"cursor": theirs}, headers=otto.headers)
    assert stolen.status_code == 422


@pytest.mark.parametrize("scope", SCOPES)
def test_no_token_makes_sees_or_revokes_ones_own_tokens(
    app: Flask, person: Callable[..., SignedIn], scope: str
) -> None:
    made = make(app, person("admin"), scope=scope)
    body = {"name": "Another", "expires_in_days": 1}
    assert asked(app, "POST", MINE, made["token"], body) == 403
    assert asked(app, "GET", MINE, made["token"]) == 403
    assert asked(app, "DELETE", f"{MINE}/{made['id']}", made["token"]) == 403


def test_neither_does_the_service_behind_the_view(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    ada = person("admin")
    principal = replace(_principal(app, ada), scope="admin", kind="token")
    with pytest.raises(services.Forbidden):
        services.create(session, principal, "Another", "read", 1, 366)


def _principal(app: Flask, who: SignedIn) -> Any:
    from issue_insight.auth.guard import guard
    from issue_insight.auth.principal import current_principal

    with app.test_request_context("/api/v1/me", headers=who.headers) as context:
        context.request.environ["REMOTE_ADDR"] = "127.0.0.1"
        assert guard() is None
        return current_principal()


def test_a_scope_is_the_bound_of_what_a_token_does(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    admin = person("admin")
    read, write, all_of_it = (make(app, admin, scope=scope)["token"] for scope in SCOPES)
    project = {"key": "WEB", "name": "Web"}
    issue = {"project": "WEB", "title": "Broken"}
    view = {"name": "Mine"}
    assert asked(app, "POST", "/api/v1/projects", read, project) == 403
    assert asked(app, "POST", "/api/v1/projects", write, project) == 403
    assert asked(app, "POST", "/api/v1/projects", all_of_it, project) == 201
    assert asked(app, "POST", "/api/v1/issues", read, issue) == 403
    assert asked(app, "POST", "/api/v1/issues", write, issue) == 201
    # Reading and saving views take one permission; what only reads may not save.
    assert asked(app, "GET", "/api/v1/views", read) == 200
    assert asked(app, "POST", "/api/v1/views", read, view) == 403
    assert asked(app, "POST", "/api/v1/views", write, view) == 201
    for token, status in ((read, 403), (write, 403), (all_of_it, 200)):
        assert asked(app, "GET", "/api/v1/issues", token) == 200
        assert asked(app, "GET", "/api/v1/users", token) == status


def test_the_permissions_of_a_token_are_its_owners_within_its_scope(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    table = auth_of(app)
    for role in ("reporter", "maintainer", "admin"):
        who = person(role)
        had = set()
        for scope in SCOPES[:2] if role != "admin" else SCOPES:
            token = make(app, who, scope=scope)["token"]
            may = set(me(app.test_client(), token).json["permissions"])
            assert had <= may <= table.permissions[role] - {"tokens:own"}
            had = may
        assert "issues:read" in had
        assert ("roles:manage" in had) == (role == "admin")


def test_every_permission_says_which_scope_it_takes(app: Flask) -> None:
    """What only reads is read, what takes an admin is admin: nobody has left one out."""
    runtime = app.extensions["issue_insight"]
    wrong = [
        permission.name
        for plugin in runtime.plugins
        for permission in plugin.permissions
        # None: no token is enough, whoever has it.
        if permission.scope is not None
        and (permission.scope == "admin") != (permission.roles == {"admin"})
    ]
    assert wrong == []


def test_a_token_loses_what_its_owner_loses(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    admin = person("admin")
    token = make(app, admin, scope="admin")["token"]
    assert asked(app, "GET", "/api/v1/users", token) == 200
    session.execute(update(User).where(User.id == admin.id).values(role="reporter"))
    session.commit()
    assert asked(app, "GET", "/api/v1/users", token) == 403
    assert asked(app, "GET", "/api/v1/me", token) == 200
    session.execute(update(User).where(User.id == admin.id).values(removed_at=clock.now()))
    session.commit()
    assert is_refusal(me(app.test_client(), token))


def test_only_admins_make_tokens_that_reach_as_far(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    body = {"name": "Too far", "scope": "admin", "expires_in_days": 1}
    answer = app.test_client().post(MINE, json=body, headers=person("maintainer").headers)
    assert answer.status_code == 403
    assert answer.json["detail"] == "Only admins make tokens of the scope `admin`."


def test_a_revoked_token_is_out_at_once_in_every_process(
    app: Flask, person: Callable[..., SignedIn], settings: Settings, session: Session
) -> None:
    ada = person()
    made = make(app, ada)
    other = create_app(settings)  # as another process has it
    assert me(other.test_client(), made["token"]).status_code == 200
    client = app.test_client()
    assert client.delete(f"{MINE}/{made['id']}", headers=ada.headers).status_code == 204
    assert is_refusal(me(other.test_client(), made["token"]))
    assert is_refusal(me(app.test_client(), made["token"]))
    assert client.delete(f"{MINE}/{made['id']}", headers=ada.headers).status_code == 404
    assert client.get(MINE, headers=ada.headers).json["items"] == []
    [event] = events(session, "revoked")
    assert (event.actor_id, event.subject_id) == (ada.id, made["id"])


def test_an_expired_token_is_refused(app: Flask, person: Callable[..., SignedIn]) -> None:
    made = make(app, person(), expires_in_days=1)
    now = clock.now()
    with clock.frozen(now + timedelta(hours=23)):
        assert asked(app, "GET", "/api/v1/me", made["token"]) == 200
    with clock.frozen(now + timedelta(days=1, seconds=1)):
        assert is_refusal(me(app.test_client(), made["token"]))


@pytest.mark.parametrize(
    "token",
    ["ii_pat_", "ii_pat_" + "0" * 49, secret.make(), secret.make()[:-1] + "é", "ii_pat_x.y.z"],
    ids=["nothing", "a wrong sum", "one never given out", "a letter of another script", "dots"],
)
def test_what_is_no_token_of_ours_is_refused(client: FlaskClient, token: str) -> None:
    assert is_refusal(me(client, token))


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "\u202e"}, "/name"),
        ({"name": None}, "/name"),
        ({"scope": "everything"}, "/scope"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": 367}, "/expires_in_days"),
        ({"expires_in_days": None}, "/expires_in_days"),
        ({"token": "mine"}, "/token"),
    ],
)
def test_a_token_that_cannot_be_made_is_refused(
    client: FlaskClient, fault: dict[str, Any], pointer: str
) -> None:
    sign_in(client)
    answer = client.post(MINE, json={"name": "x", "expires_in_days": 366, **fault})
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json["errors"]] == [pointer]


def test_a_token_always_has_an_end(client: FlaskClient) -> None:
    sign_in(client)
    answer = client.post(MINE, json={"name": "For good"})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/expires_in_days"]


def test_use_is_noted_coarsely_and_told_once_a_day(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    ada = person()
    made = make(app, ada)
    noon = clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def used(after: timedelta) -> Any:
        with clock.frozen(noon + after):
            assert asked(app, "GET", "/api/v1/me", made["token"]) == 200
        session.expire_all()
        return session.scalar(select(ApiToken.last_used_at).where(ApiToken.id == made["id"]))

    assert used(timedelta()) == noon
    assert used(timedelta(minutes=4)) == noon
    assert used(timedelta(minutes=6)) == noon + timedelta(minutes=6)
    assert [event.at for event in events(session, "used")] == [noon]
    assert used(timedelta(days=1)) == noon + timedelta(days=1)
    told = events(session, "used")
    assert [event.at for event in told] == [noon, noon + timedelta(days=1)]
    assert {(event.actor_id, event.actor_kind) for event in told} == {(ada.id, "token")}


def test_of_many_first_uses_at_once_one_is_told(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    made = make(app, person())
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda _: asked(app, "GET", "/api/v1/me", made["token"]), range(8)))
    assert statuses == {200}
    assert len(events(session, "used")) == 1


def test_what_a_token_changes_is_told_as_its_doing(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    admin = person("admin")
    token = make(app, admin, scope="admin")["token"]
    asked(app, "POST", "/api/v1/projects", token, {"key": "WEB", "name": "Web"})
    asked(app, "POST", "/api/v1/issues", token, {"project": "WEB", "title": "Broken"})
    rows = select(Event.actor_id, Event.actor_kind).where(Event.subject == "issue")
    assert set(session.execute(rows).all()) == {(admin.id, "token")}


def test_nobody_has_too_many_even_by_asking_at_once(
    app: Flask, person: Callable[..., SignedIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST", 3)
    ada = person()
    body = {"name": "One more", "expires_in_days": 1}

    def ask(_: int) -> int:
        return app.test_client().post(MINE, json=body, headers=ada.headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(ask, range(8)))
    assert statuses == [201] * 3 + [409] * 5
    # Those that have expired count no more.
    with clock.frozen(clock.now() + timedelta(days=2)):
        later = sign_in(app.test_client(), email=ada.email)
        assert app.test_client().post(MINE, json=body, headers=later.headers).status_code == 201


def test_of_two_who_revoke_a_token_at_once_one_does(
    app: Flask, person: Callable[..., SignedIn], session: Session
) -> None:
    admin = person("admin")
    made = make(app, admin)

    def ask(path: str) -> int:
        client = app.test_client()
        return client.delete(f"{path}/{made['id']}", headers=admin.headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, [MINE, ALL] * 2)) == [204, 404, 404, 404]
    assert len(events(session, "revoked")) == 1


def test_nobody_revokes_anothers_token_but_admins(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    ada, bob, admin = person("maintainer"), person("maintainer"), person("admin")
    made = make(app, ada)
    client = app.test_client()
    assert client.delete(f"{MINE}/{made['id']}", headers=bob.headers).status_code == 404
    assert client.delete(f"{ALL}/{made['id']}", headers=bob.headers).status_code == 403
    assert client.get(ALL, headers=bob.headers).status_code == 403
    assert client.get(MINE, headers=bob.headers).json["items"] == []
    assert me(client, made["token"]).status_code == 200
    assert client.delete(f"{ALL}/{made['id']}", headers=admin.headers).status_code == 204
    assert is_refusal(me(client, made["token"]))


def test_admins_see_everybodys_tokens_page_by_page(
    app: Flask, person: Callable[..., SignedIn]
) -> None:
    ada, bob, admin = person(name="Ada"), person(name="Bob"), person("admin")
    made = [make(app, who, name=str(number))["id"] for number in range(2) for who in (ada, bob)]
    client = app.test_client()
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get(ALL, headers=admin.headers, query_string=query).json
        assert page["total"] == 4
        seen += [(one["id"], one["owner"]["name"]) for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [(made[3], "Bob"), (made[2], "Ada"), (made[1], "Bob"), (made[0], "Ada")]
    of_ada = client.get(f"{ALL}?owner={ada.id}", headers=admin.headers).json
    assert {one["owner"]["id"] for one in of_ada["items"]} == {ada.id}


def test_the_command_line_lists_and_revokes(app: Flask, person: Callable[..., SignedIn]) -> None:
    ada, bob = person(email="ada@example.org"), person(email="bob@example.org")
    first, second = make(app, ada, name="Nightly"), make(app, bob, name="Hourly")
    run = app.test_cli_runner().invoke
    listed = run(args=["tokens", "list"]).output
    assert "Nightly" in listed
    assert "Hourly" in listed
    assert first["token"] not in listed
    assert "Hourly" not in run(args=["tokens", "list", "--owner", "ada@example.org"]).output
    gone = run(args=["tokens", "revoke", str(first["id"]), "999999999"])
    assert gone.exit_code == 1
    assert me(app.test_client(), first["token"]).status_code == 200  # all of them or none
    assert run(args=["tokens", "revoke", str(first["id"])]).exit_code == 0
    assert is_refusal(me(app.test_client(), first["token"]))
    assert me(app.test_client(), second["token"]).status_code == 200
