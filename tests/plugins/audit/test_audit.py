"""The audit log: what admins see of sign-ins, roles, tokens, exports and deletions."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.auth.sessions import SignInSession
from issue_insight.auth.state import auth_of
from issue_insight.journal import Event
from issue_insight.testing.tokens import SignedIn, bearer, sign_in

AUDIT = "/api/v1/audit"


@pytest.fixture
def admin(client: FlaskClient) -> SignedIn:
    """An admin, as whom `client` asks."""
    return sign_in(client, "admin", name="Ada Admin")


def entries(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    """Return the entries of a query that fit on one page."""
    answer = client.get(AUDIT, query_string={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    assert answer.json["total"] == len(found)
    assert answer.json["next"] is None
    return found


def as_other(client: FlaskClient, role: str = "reporter", **who: Any) -> SignedIn:
    """Sign somebody in who asks by a client of their own."""
    return sign_in(client.application.test_client(), role, **who)


def test_a_sign_in_is_told_once_a_session(client: FlaskClient, admin: SignedIn) -> None:
    bob = as_other(client, name="Bob")
    for _ in range(3):
        client.get("/api/v1/me", headers=bob.headers)
    found = [entry["actor"] for entry in entries(client, kind="sign-in")]
    assert found == [{"id": bob.id, "name": "Bob"}, {"id": admin.id, "name": "Ada Admin"}]


def test_of_many_first_requests_of_a_session_one_is_told(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    bob = as_other(client)
    session.query(SignInSession).delete()
    session.commit()
    auth_of(app).sessions._met.clear()
    before = len(list(session.scalars(select(Event).where(Event.subject == "session"))))

    def ask(_: int) -> int:
        return app.test_client().get("/api/v1/me", headers=bob.headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {200}
    session.expire_all()
    assert len(list(session.scalars(select(Event).where(Event.subject == "session")))) == before + 1


def test_every_kind_of_thing_is_found_by_its_kind(client: FlaskClient, admin: SignedIn) -> None:
    bob = as_other(client)
    client.patch(f"/api/v1/users/{bob.id}", json={"role": "maintainer"})
    asked = {"name": "Script", "expires_in_days": 1}
    token = client.post("/api/v1/me/tokens", json=asked).json
    other = client.application.test_client()
    assert other.get("/api/v1/me", headers=bearer(token["token"])).status_code == 200
    client.delete(f"/api/v1/me/tokens/{token['id']}")
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    client.post("/api/v1/issues", json={"project": "WEB", "title": "Broken"})
    assert client.get("/api/v1/issues/export?format=csv&q=status:open").status_code == 200
    assert client.delete("/api/v1/issues/WEB-1", headers={"If-Match": "*"}).status_code == 204

    [role] = [entry for entry in entries(client, kind="role") if entry["subject_id"] == bob.id]
    assert (role["old"], role["new"], role["actor"]["id"]) == ("reporter", "maintainer", admin.id)
    told = [(entry["event"], entry["actor_kind"]) for entry in entries(client, kind="token")]
    assert told == [("revoked", "person"), ("used", "token"), ("created", "person")]
    [export] = entries(client, kind="export")
    assert (export["field"], export["new"]["q"]) == ("issues", "status:open")
    [deletion] = entries(client, kind="deletion")
    assert (deletion["subject"], deletion["new"]) == ("issue", True)
    assert [entry["event"] for entry in entries(client, kind="project")] == ["created"]
    assert [entry["event"] for entry in entries(client, kind="issue")] == ["created"]
    assert {entry["subject_id"] for entry in entries(client, kind="person")} == {admin.id, bob.id}


def test_what_an_entry_is_about_has_a_name(client: FlaskClient, admin: SignedIn) -> None:
    bob = as_other(client, name="Bob")
    client.patch(f"/api/v1/users/{bob.id}", json={"role": "maintainer"})
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    client.post("/api/v1/issues", json={"project": "WEB", "title": "Broken"})
    client.post("/api/v1/views", json={"name": "Ours", "shared": True})
    client.delete("/api/v1/issues/WEB-1", headers={"If-Match": "*"})
    names = {
        kind: entries(client, kind=kind)[0]["subject_name"]
        for kind in ("role", "project", "issue", "deletion", "view")
    }
    expected = {"role": "Bob", "project": "WEB", "issue": "WEB-1", "deletion": "WEB-1"}
    assert names == expected | {"view": None}


def test_every_entry_is_of_one_kind(client: FlaskClient, admin: SignedIn) -> None:
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    client.post("/api/v1/views", json={"name": "Shared", "shared": True})
    everything = entries(client)
    kinds = {entry["kind"] for entry in everything}
    assert kinds == {"sign-in", "role", "person", "project", "view"}
    apart = [entry for kind in kinds for entry in entries(client, kind=kind)]
    assert sorted(entry["id"] for entry in apart) == sorted(entry["id"] for entry in everything)


def test_by_actor_and_by_time(client: FlaskClient, admin: SignedIn) -> None:
    bob = as_other(client)
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    assert {e["actor"]["id"] for e in entries(client, actor=bob.id)} == {bob.id}
    newest, *_, oldest = entries(client)
    assert entries(client, to=oldest["at"]) == []
    assert [e["id"] for e in entries(client, **{"from": newest["at"]})] == [newest["id"]]
    between = entries(client, **{"from": oldest["at"], "to": newest["at"]})
    assert [e["id"] for e in between] == [e["id"] for e in entries(client)][1:]


def test_page_by_page_nothing_is_missed_or_doubled(client: FlaskClient, admin: SignedIn) -> None:
    for number in range(7):
        client.post("/api/v1/projects", json={"key": f"W{number}", "name": "Web"})
    whole = [entry["id"] for entry in entries(client, kind="project")]
    seen, cursor = [], None
    while True:
        query = {"kind": "project", "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get(AUDIT, query_string=query).json
        assert page["total"] == 7
        seen += [entry["id"] for entry in page["items"]]
        if (cursor := page["next"]) is None:
            break
        client.post("/api/v1/projects", json={"key": f"N{len(seen)}", "name": "In between"})
        break_in = client.get(AUDIT, query_string={"kind": "token", "cursor": cursor})
        assert break_in.status_code == 422  # a cursor is good for its own list alone
        page_total = client.get(AUDIT, query_string={"kind": "project"}).json["total"]
        assert page_total > 7
        break
    rest = client.get(AUDIT, query_string={"kind": "project", "limit": 200, "cursor": cursor}).json
    assert seen + [entry["id"] for entry in rest["items"]] == whole


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "everything"},
        {"from": "yesterday"},
        {"from": "2026-01-01"},
        {"actor": "ada"},
        {"actor": 10**20},
        {"limit": 0},
        {"limit": 201},
        {"cursor": "x"},
        {"who": 1},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    client: FlaskClient, admin: SignedIn, query: dict[str, Any]
) -> None:
    answer = client.get(AUDIT, query_string=query)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["pointer"] == f"?{next(iter(query))}"


@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}/export"])
def test_it_is_for_admins_alone(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
    for role in ("reporter", "maintainer"):
        sign_in(client, role)
        assert client.get(path).status_code == 403


def test_a_token_of_an_admin_needs_the_widest_scope(client: FlaskClient, admin: SignedIn) -> None:
    for scope, status in (("read", 403), ("write", 403), ("admin", 200)):
        asked = {"name": "Auditor", "scope": scope, "expires_in_days": 1}
        token = client.post("/api/v1/me/tokens", json=asked).json["token"]
        other = client.application.test_client()
        assert other.get(AUDIT, headers=bearer(token)).status_code == status


def test_it_is_taken_out_whole_as_csv_and_json_lines(
    client: FlaskClient, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugins.audit import services

    monkeypatch.setattr(services, "CHUNK", 2)
    sign_in(client, "admin", name="=HYPERLINK()")
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    answer = client.get(f"{AUDIT}/export")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = [entry["id"] for entry in entries(client)]
    assert [int(row["id"]) for row in rows] == sorted(expected)
    assert {row["actor"] for row in rows if row["kind"] == "project"} == {"'=HYPERLINK()"}
    assert rows[-1]["kind"] == "export"
    assert json.loads(rows[-1]["new"])["format"] == "csv"

    answer = client.get(f"{AUDIT}/export?format=jsonl&kind=project")
    assert answer.mimetype == "application/x-ndjson"
    [project] = [json.loads(line) for line in answer.text.splitlines()]
    [same] = entries(client, kind="project")
    assert project["id"] == same["id"]
    assert project["new"] == same["new"]


def test_the_command_line_takes_it_out_too(client: FlaskClient, admin: SignedIn) -> None:
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"})
    run = client.application.test_cli_runner().invoke
    ran = run(args=["audit", "export", "--kind", "project", "--format", "jsonl"])
    assert ran.exit_code == 0, ran.output
    assert [json.loads(line)["event"] for line in ran.stdout.splitlines() if "audit" not in line]
    later = run(args=["audit", "export", "--from", "2100-01-01", "--format", "jsonl"])
    assert '"kind":"project"' not in later.stdout
    [export, *_] = entries(client, kind="export")
    assert (export["actor"], export["actor_kind"]) == (None, "job")
