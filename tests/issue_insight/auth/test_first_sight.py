"""The first time somebody is seen makes their row, once; the role in it is what counts."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.clerk import Claims
from issue_insight.auth.profile import read_profile
from issue_insight.auth.provision import SEEN_EVERY, first_sight, name_from, refresh, remove
from issue_insight.auth.users import User
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build

SECRET = "sk_test_of_the_tests"


def clerk_user(subject: str, **changes: Any) -> dict[str, Any]:
    """Return a person as the Backend API writes them."""
    return {
        "id": subject,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": None,
        "primary_email_address_id": "idn_2",
        "email_addresses": [
            {"id": "idn_1", "email_address": "old@example.org"},
            {
                "id": "idn_2",
                "email_address": "ada@example.org",
                "verification": {"status": "verified"},
            },
        ],
        "updated_at": 1_700_000_000_000,
        **changes,
    }


@pytest.fixture
def with_api(build: Build, issuer: Issuer, settings: Settings) -> Flask:
    """An application that can ask the provider's Backend API."""
    return build(
        issuer.settings(
            settings, clerk_secret_key=SecretStr(SECRET), clerk_api_url=f"{issuer.url}/"
        )
    )


def users(session: Session) -> list[User]:
    session.rollback()
    return session.query(User).order_by(User.id).all()


def events(session: Session) -> list[str]:
    rows = session.execute(
        text("SELECT kind FROM events WHERE subject = 'user' ORDER BY id")
    ).scalars()
    return list(rows)


def test_a_new_user_is_a_reporter(visitor: FlaskClient, issuer: Issuer, session: Session) -> None:
    answer = me(visitor, issuer.token_for("user_1", email="ada@example.org", role="admin"))
    assert answer.status_code == 200
    assert answer.json["role"] == "reporter"
    [user] = users(session)
    assert (user.issuer, user.subject, user.email) == (issuer.name, "user_1", "ada@example.org")
    assert user.name == "Ada"
    assert answer.json["id"] == user.id


def test_many_first_requests_at_once_make_one_user(
    with_api: Flask, issuer: Issuer, session: Session
) -> None:
    how_many = 12
    me(with_api.test_client(), issuer.token_for("warm_up", email="w@example.org"))
    for round_number in range(5):
        subject = f"user_{round_number}"
        issuer.people[subject] = clerk_user(subject)
        together = threading.Barrier(how_many)

        def ask(subject: str = subject, together: threading.Barrier = together) -> Any:
            client, token = with_api.test_client(), issuer.token_for(subject)
            together.wait(30)
            return me(client, token)

        with ThreadPoolExecutor(how_many) as pool:
            answers = [future.result() for future in [pool.submit(ask) for _ in range(how_many)]]
        assert [answer.status_code for answer in answers] == [200] * how_many
        assert len({answer.json["id"] for answer in answers}) == 1
    assert [user.subject for user in users(session)] == [
        "warm_up",
        *(f"user_{n}" for n in range(5)),
    ]
    assert issuer.asked_for == [f"/v1/users/user_{n}" for n in range(5)]
    assert events(session) == ["created"] * 6


def test_the_same_subject_of_another_issuer_is_somebody_else(
    build: Build, issuer: Issuer, settings: Settings, session: Session
) -> None:
    first = me(build(issuer.settings(settings)).test_client(), issuer.token_for("user_1"))
    other = build(issuer.settings(settings, auth_issuer="https://other.example")).test_client()
    second = me(other, issuer.token_for("user_1", iss="https://other.example"))
    assert first.json["id"] != second.json["id"]
    assert len(users(session)) == 2


def test_a_changed_role_counts_from_the_next_request_on(
    visitor: FlaskClient, issuer: Issuer, session: Session
) -> None:
    token = issuer.token_for("user_1")
    assert me(visitor, token).json["role"] == "reporter"
    headers = {"Authorization": f"Bearer {token}"}
    for role, status in (("admin", 200), ("maintainer", 403), ("admin", 200), ("reporter", 403)):
        session.execute(update(User).values(role=role))
        session.commit()
        answer = me(visitor, token)
        assert answer.json["role"] == role
        assert ("roles:manage" in answer.json["permissions"]) == (role == "admin")
        assert visitor.get("/api/v1/users", headers=headers).status_code == status


def test_the_hot_path_reads_and_writes_nothing(
    visitor: FlaskClient, issuer: Issuer, session: Session
) -> None:
    token = issuer.token_for("user_1", email="ada@example.org")
    me(visitor, token)
    before = row_version(session)
    for _ in range(3):
        assert me(visitor, token).status_code == 200
    assert row_version(session) == before


def row_version(session: Session) -> str:
    session.rollback()
    return session.execute(text("SELECT xmin || ' ' || ctid FROM users")).scalar_one()


def test_when_somebody_was_here_last_is_noted_now_and_then(
    visitor: FlaskClient, issuer: Issuer, session: Session
) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    with clock.frozen(start):
        me(visitor, issuer.token_for("user_1"))
    with clock.frozen(start + SEEN_EVERY / 2):
        me(visitor, issuer.token_for("user_1"))
    assert users(session)[0].last_seen_at == start
    later = start + SEEN_EVERY
    with clock.frozen(later):
        me(visitor, issuer.token_for("user_1"))
    assert users(session)[0].last_seen_at == later


def test_a_new_name_and_address_in_the_token_are_taken_over(
    visitor: FlaskClient, issuer: Issuer, session: Session
) -> None:
    me(visitor, issuer.token_for("user_1", email="ada@example.org", name="Ada Byron"))
    answer = me(visitor, issuer.token_for("user_1", email="lovelace@example.org", name="Ada L."))
    assert (answer.json["email"], answer.json["name"]) == ("lovelace@example.org", "Ada L.")
    assert me(visitor, issuer.token_for("user_1")).json["email"] == "lovelace@example.org"
    assert len(users(session)) == 1


@pytest.mark.parametrize(
    ("claims", "email", "name"),
    [
        ({"email": "a@example.org", "email_verified": False}, None, ""),
        ({"email": "a@example.org", "email_verified": True}, "a@example.org", "A"),
        ({"email": ["a@example.org"], "name": {"a": 1}}, None, ""),
        (
            {"email": " a@example.org\x00 ", "name": "A\u202eda\n\ud800 L"},
            "a@example.org",
            "A da L",
        ),
        ({"email": "x" * 300, "name": "y" * 300}, "x" * 254, "y" * 254),
        ({"email": "", "name": "\u200e \x07"}, None, ""),
    ],
)
def test_odd_names_and_addresses_are_made_sound(
    claims: dict[str, Any], email: str | None, name: str, visitor: FlaskClient, issuer: Issuer
) -> None:
    answer = me(visitor, issuer.token_for("user_1", **claims))
    assert answer.status_code == 200
    assert (answer.json["email"], answer.json["name"]) == (email, name)


def test_a_name_is_made_from_an_address() -> None:
    assert name_from("ada.lovelace@example.org") == "Ada Lovelace"
    assert name_from("jo_di-smith@example.org") == "Jo Di-smith"
    assert name_from(None) == name_from("") == name_from("@example.org") == ""


def test_the_backend_api_is_asked_once_and_never_again(
    with_api: Flask, issuer: Issuer, session: Session
) -> None:
    issuer.people["user_1"] = clerk_user("user_1")
    client = with_api.test_client()
    for _ in range(5):
        answer = me(client, issuer.token_for("user_1"))
        assert answer.json["email"] == "ada@example.org"
        assert answer.json["name"] == "Ada Lovelace"
    with clock.frozen(datetime.now(UTC) + timedelta(days=30)):
        assert me(client, issuer.token_for("user_1")).status_code == 200
    assert issuer.asked_for == ["/v1/users/user_1"]
    assert f"Bearer {SECRET}" in issuer.authorizations
    [user] = users(session)
    assert user.profile_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_it_is_not_asked_where_the_token_tells_the_address(with_api: Flask, issuer: Issuer) -> None:
    answer = me(with_api.test_client(), issuer.token_for("user_1", email="ada@example.org"))
    assert answer.json["email"] == "ada@example.org"
    assert issuer.asked_for == []


def test_it_is_not_asked_without_a_secret_key(visitor: FlaskClient, issuer: Issuer) -> None:
    assert me(visitor, issuer.token_for("user_1")).json["email"] is None
    assert issuer.asked_for == []


def unknown_person(issuer: Issuer) -> None:
    issuer.people.clear()


def odd_person(issuer: Issuer) -> None:
    issuer.people["user_1"] = {"email_addresses": "none", "updated_at": "yesterday"}


def person_that_is_a_list(issuer: Issuer) -> None:
    issuer.people["user_1"] = []  # type: ignore[assignment]


@pytest.mark.parametrize("trouble", [unknown_person, odd_person, person_that_is_a_list])
def test_a_backend_api_in_trouble_keeps_nobody_out(
    trouble: Callable[[Issuer], None], with_api: Flask, issuer: Issuer
) -> None:
    trouble(issuer)
    answer = me(with_api.test_client(), issuer.token_for("user_1"))
    assert answer.status_code == 200
    assert answer.json["email"] is None
    me(with_api.test_client(), issuer.token_for("user_1"))
    assert issuer.asked_for == ["/v1/users/user_1"]


def test_one_that_is_down_is_soon_left_alone(with_api: Flask, issuer: Issuer) -> None:
    client = with_api.test_client()
    me(client, issuer.token_for("first", email="first@example.org"))
    issuer.answers = False
    for number in range(10):
        assert me(client, issuer.token_for(f"user_{number}")).status_code == 200
    assert len(issuer.asked_for) == 3


def test_one_that_nobody_listens_at_keeps_nobody_out(
    build: Build, issuer: Issuer, settings: Settings
) -> None:
    away = issuer.settings(
        settings, clerk_secret_key=SecretStr(SECRET), clerk_api_url="http://127.0.0.1:1"
    )
    assert me(build(away).test_client(), issuer.token_for("user_1")).status_code == 200


def test_the_subject_cannot_lead_the_request_elsewhere(with_api: Flask, issuer: Issuer) -> None:
    assert me(with_api.test_client(), issuer.token_for("../v1/jwks?a=#b")).status_code == 200
    assert issuer.asked_for == ["/v1/users/..%2Fv1%2Fjwks%3Fa%3D%23b"]


def test_somebody_removed_stays_out_and_is_not_made_again(
    with_api: Flask, issuer: Issuer, session: Session
) -> None:
    client = with_api.test_client()
    token = issuer.token_for("user_1")
    me(client, token)
    session.execute(update(User).values(removed_at=datetime.now(UTC)))
    session.commit()
    assert is_refusal(me(client, token))
    assert is_refusal(me(client, issuer.token_for("user_1", email="new@example.org")))
    assert [user.email for user in users(session)] == [None]


def test_an_address_does_not_come_back_to_somebody_removed_at_that_moment(
    session: Session,
) -> None:
    """The request found them; then the message came that they are gone; then it goes on."""
    claims = Claims("https://issuer.example", "user_1", 0, "ada@example.org", "Ada")
    person, _ = first_sight(session, claims)
    remove(session, claims.issuer, claims.subject)
    assert refresh(session, person, claims).removed_at is not None
    session.commit()
    [user] = users(session)
    assert (user.email, user.name) == (None, "Former user")


def test_the_primary_address_is_read_where_it_is_proved() -> None:
    profile = read_profile(clerk_user("u"))
    assert (profile.email, profile.name) == ("ada@example.org", "Ada Lovelace")
    unproved = clerk_user("u")
    unproved["email_addresses"][1]["verification"] = {"status": "unverified"}
    assert read_profile(unproved).email is None
    no_proof = clerk_user("u")
    del no_proof["email_addresses"][1]["verification"]
    assert read_profile(no_proof).email == "ada@example.org"
    assert read_profile(clerk_user("u", primary_email_address_id=None)).email is None
    assert read_profile(clerk_user("u", email_addresses=[None, 5])).email is None


def test_a_user_name_stands_in_for_a_name() -> None:
    nameless = clerk_user("u", first_name=None, last_name=None, username="ada")
    assert read_profile(nameless).name == "ada"
    assert read_profile(clerk_user("u", last_name=None)).name == "Ada"
    assert read_profile({}).name is None


@pytest.mark.parametrize("when", [None, True, "1700000000000", 0, -5, 10**15, 1.5])
def test_an_odd_instant_of_a_profile_is_none(when: object) -> None:
    assert read_profile(clerk_user("u", updated_at=when)).at is None
