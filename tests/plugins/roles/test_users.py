"""People and their roles over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from issue_insight.auth.users import User
from issue_insight.journal import Event
from issue_insight.testing.tokens import SignedIn, sign_in

Sign = Callable[..., SignedIn]


@pytest.fixture
def sign(app: Flask) -> Sign:
    """Signs people in."""
    return lambda role="reporter", **known: sign_in(app.test_client(), role, **known)


def ask(
    app: Flask, who: SignedIn, method: str, path: str, body: object = None, **query: object
) -> TestResponse:
    options = {} if body is None else {"json": body}
    return app.test_client().open(
        f"/api/v1{path}", method=method, headers=who.headers, query_string=query, **options
    )


def set_role(app: Flask, who: SignedIn, whom: SignedIn, role: str) -> TestResponse:
    return ask(app, who, "PATCH", f"/users/{whom.id}", {"role": role})


@pytest.mark.parametrize(
    ("role", "holds", "lacks"),
    [
        ("reporter", "issues:create", "issues:triage"),
        ("maintainer", "issues:triage", "issues:delete"),
        ("admin", "roles:manage", None),
    ],
)
def test_one_is_told_who_one_is_and_what_one_may_do(
    app: Flask, sign: Sign, role: str, holds: str, lacks: str | None
) -> None:
    someone = sign(role)
    me = ask(app, someone, "GET", "/me").json or {}
    known = (someone.id, someone.email, someone.name, role)
    assert (me["id"], me["email"], me["name"], me["role"]) == known
    assert holds in me["permissions"]
    assert lacks not in me["permissions"]
    assert me["permissions"] == sorted(me["permissions"])


def test_users_are_listed_in_pages_and_found_by_a_part_of_name_or_address(
    app: Flask, sign: Sign
) -> None:
    admin = sign("admin", email="root@example.org", name="The Boss")
    people = [sign(email=f"p{n}@example.org", name=f"Person {n}%") for n in range(3)]
    first = ask(app, admin, "GET", "/users", limit=3).json or {}
    assert [u["id"] for u in first["items"]] == [admin.id, people[0].id, people[1].id]
    assert first["total"] == 4
    second = ask(app, admin, "GET", "/users", limit=3, cursor=first["next"]).json or {}
    assert ([u["id"] for u in second["items"]], second["next"]) == ([people[2].id], None)

    def found(q: str) -> list[int]:
        return [u["id"] for u in (ask(app, admin, "GET", "/users", q=q).json or {})["items"]]

    assert found("BOSS") == [admin.id]
    assert found("p1@") == [people[1].id]
    assert found("2%") == [people[2].id]
    assert found("_erson") == []
    # A cursor is worth nothing in another list.
    assert ask(app, admin, "GET", "/users", q="p", cursor=first["next"]).status_code == 422


def test_who_has_left_is_not_listed_and_has_no_role_to_change(
    app: Flask, sign: Sign, session: Session
) -> None:
    admin, gone = sign("admin"), sign()
    session.get_one(User, gone.id).removed_at = session.get_one(User, gone.id).created_at
    session.commit()
    assert (ask(app, admin, "GET", "/users").json or {})["total"] == 1
    assert set_role(app, admin, gone, "admin").status_code == 404


def test_a_role_counts_from_the_next_request_on_and_is_in_the_log(
    app: Flask, sign: Sign, session: Session
) -> None:
    admin, someone = sign("admin"), sign()
    before = session.scalar(select(func.max(Event.id)))  # the first role came with signing in
    session.rollback()
    assert ask(app, someone, "GET", "/users").status_code == 403
    answer = set_role(app, admin, someone, "admin")
    assert (answer.status_code, (answer.json or {})["role"]) == (200, "admin")
    assert ask(app, someone, "GET", "/users").status_code == 200
    assert set_role(app, someone, admin, "reporter").status_code == 200
    assert ask(app, admin, "GET", "/users").status_code == 403
    # The same role again is no change.
    assert set_role(app, someone, admin, "reporter").status_code == 200
    events = session.scalars(select(Event).where(Event.id > before).order_by(Event.id))
    assert [(e.actor_id, e.actor_kind, e.subject, e.subject_id, e.old, e.new) for e in events] == [
        (admin.id, "person", "user", someone.id, "reporter", "admin"),
        (someone.id, "person", "user", admin.id, "admin", "reporter"),
    ]


@pytest.mark.parametrize("role", ["reporter", "maintainer"])
def test_the_last_admin_stays_one(app: Flask, sign: Sign, role: str) -> None:
    admin = sign("admin")
    answer = set_role(app, admin, admin, role)
    assert answer.status_code == 409
    assert "last admin" in (answer.json or {})["detail"]
    assert (ask(app, admin, "GET", "/me").json or {})["role"] == "admin"
    sign("admin")
    assert set_role(app, admin, admin, role).status_code == 200


@pytest.mark.parametrize("body", [{}, {"role": "owner"}, {"role": "Admin"}, {"role": None}, []])
def test_there_are_three_roles(app: Flask, sign: Sign, body: object) -> None:
    admin = sign("admin")
    assert ask(app, admin, "PATCH", f"/users/{admin.id}", body).status_code == 422


@pytest.mark.parametrize("number", ["0", "987654", "9" * 30, "-1", "me"])
def test_nobody_who_is_not_there_gets_a_role(app: Flask, sign: Sign, number: str) -> None:
    admin = sign("admin")
    assert ask(app, admin, "PATCH", f"/users/{number}", {"role": "admin"}).status_code == 404


def test_two_admins_who_demote_each_other_at_once_leave_one(app: Flask, sign: Sign) -> None:
    one, two = sign("admin"), sign("admin")
    for _ in range(10):
        barrier = Barrier(2)

        def demote(pair: tuple[SignedIn, SignedIn], barrier: Barrier = barrier) -> int:
            barrier.wait()
            return set_role(app, *pair, "reporter").status_code

        with ThreadPoolExecutor(2) as threads:
            met = sorted(threads.map(demote, [(one, two), (two, one)]))
        # The slower is refused as the last one, or is no admin any more when it asks.
        assert met in ([200, 409], [200, 403])
        left = [p for p in (one, two) if (ask(app, p, "GET", "/me").json or {})["role"] == "admin"]
        assert len(left) == 1
        other = two if left == [one] else one
        assert set_role(app, left[0], other, "admin").status_code == 200


def test_admins_who_all_step_down_at_once_leave_one(app: Flask, sign: Sign) -> None:
    admins = [sign("admin") for _ in range(4)]
    barrier = Barrier(4)

    def step_down(admin: SignedIn) -> int:
        barrier.wait()
        return set_role(app, admin, admin, "reporter").status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(step_down, admins)) == [200, 200, 200, 409]
