"""Messages from Clerk: only what Clerk signed a moment ago counts, in whatever order it comes."""

import base64
import hmac
import json
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from issue_insight import clock
from issue_insight.auth.misconfigured import Misconfigured
from issue_insight.auth.users import User
from issue_insight.auth.webhook import TOLERANCE_SECONDS, Signature, blueprint
from issue_insight.errors import Unauthenticated
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer
from tests.issue_insight.auth.asking import is_refusal, me
from tests.issue_insight.auth.conftest import Build

KEY = b"a key of twenty-four byt"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ADDRESS = "/webhooks/clerk"


@pytest.fixture
def receiving(build: Build, issuer: Issuer, settings: Settings) -> Flask:
    return build(issuer.settings(settings, clerk_webhook_signing_secret=SecretStr(SECRET)))


@pytest.fixture
def clerk(receiving: Flask) -> FlaskClient:
    return receiving.test_client()


def sign(
    body: bytes, *, key: bytes = KEY, message: str = "msg_1", at: float | str | None = None
) -> dict[str, str]:
    """Sign as the specification of Standard Webhooks says."""
    instant = at if isinstance(at, str) else str(int(time.time() if at is None else at))
    text_signed = f"{message}.{instant}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, text_signed, sha256)).decode()
    return {
        "svix-id": message,
        "svix-timestamp": instant,
        "svix-signature": f"v1,{signature}",
        "Content-Type": "application/json",
    }


def post(client: FlaskClient, body: bytes, **how: Any) -> TestResponse:
    return client.post(ADDRESS, data=body, headers=sign(body, **how))


def person(
    subject: str = "user_1", first: str = "Ada", address: str | None = None, at: int = 1000
) -> dict[str, Any]:
    return {
        "id": subject,
        "first_name": first,
        "last_name": None,
        "primary_email_address_id": "idn_1",
        "email_addresses": [
            {"id": "idn_1", "email_address": address or f"{first.lower()}@example.org"}
        ],
        "updated_at": at * 1000,
    }


def tell(client: FlaskClient, kind: str, user: object, **how: Any) -> None:
    body = json.dumps({"type": f"user.{kind}", "object": "event", "data": user}).encode()
    answer = post(client, body, **how)
    assert answer.status_code == 204, answer.text
    assert answer.data == b""


def users(session: Session) -> list[tuple[str, str | None, bool]]:
    session.rollback()
    return [
        (user.name, user.email, user.removed_at is not None)
        for user in session.query(User).order_by(User.id)
    ]


def test_the_example_of_the_specification_is_sound() -> None:
    """Word for word, so that these tests do not only agree with themselves."""
    given = Headers(
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
    )
    signature = Signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with clock.frozen(datetime.fromtimestamp(1614265330, UTC)):
        signature.check(given, b'{"test": 2432232314}')
        with pytest.raises(Unauthenticated):
            signature.check(given, b'{"test": 2432232315}')


def test_somebody_who_signed_up_is_known_before_they_come(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    tell(clerk, "created", person())
    assert users(session) == [("Ada", "ada@example.org", False)]
    answer = me(clerk, issuer.token_for("user_1"))
    assert (answer.json["name"], answer.json["role"]) == ("Ada", "reporter")
    assert len(users(session)) == 1


def test_a_new_name_and_address_come_by_message(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    me(clerk, issuer.token_for("user_1", email="ada@example.org"))
    tell(clerk, "updated", person(first="Augusta"))
    assert users(session) == [("Augusta", "augusta@example.org", False)]
    assert me(clerk, issuer.token_for("user_1")).json["name"] == "Augusta"


def test_a_message_never_changes_a_role(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    me(clerk, issuer.token_for("user_1"))
    session.execute(text("UPDATE users SET role = 'maintainer'"))
    session.commit()
    tell(clerk, "updated", person() | {"role": "admin", "public_metadata": {"role": "admin"}})
    assert me(clerk, issuer.token_for("user_1")).json["role"] == "maintainer"


def test_somebody_who_is_gone_is_out_at_once_and_forgotten_by_name(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    token = issuer.token_for("user_1", email="ada@example.org")
    assert me(clerk, token).status_code == 200
    tell(clerk, "deleted", {"id": "user_1", "deleted": True, "object": "user"})
    assert is_refusal(me(clerk, token))
    assert users(session) == [("Former user", None, True)]
    kinds = session.execute(text("SELECT kind FROM events WHERE subject = 'user' ORDER BY id"))
    assert list(kinds.scalars()) == ["created", "removed"]


def test_somebody_who_is_gone_before_they_came_stays_out(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    tell(clerk, "deleted", {"id": "user_1", "deleted": True})
    assert is_refusal(me(clerk, issuer.token_for("user_1")))
    assert users(session) == [("Former user", None, True)]


def test_the_same_message_again_changes_nothing(clerk: FlaskClient, session: Session) -> None:
    for _ in range(3):
        tell(clerk, "created", person())
        tell(clerk, "updated", person(first="Augusta", at=2000))
    assert users(session) == [("Augusta", "augusta@example.org", False)]
    for _ in range(3):
        tell(clerk, "deleted", {"id": "user_1"})
    events = session.execute(text("SELECT kind FROM events WHERE subject = 'user' ORDER BY id"))
    assert list(events.scalars()) == ["created", "removed"]


def test_older_news_never_overwrites_newer(clerk: FlaskClient, session: Session) -> None:
    tell(clerk, "updated", person(first="Augusta", at=2000))
    tell(clerk, "updated", person(first="Ada", at=1000))
    tell(clerk, "created", person(first="Adah", at=500))
    assert users(session) == [("Augusta", "augusta@example.org", False)]


def test_news_of_no_known_instant_do_not_either(clerk: FlaskClient, session: Session) -> None:
    tell(clerk, "updated", person(first="Augusta", at=2000))
    tell(clerk, "updated", person(first="Ada") | {"updated_at": None})
    assert users(session) == [("Augusta", "augusta@example.org", False)]


def test_news_of_somebody_who_is_gone_do_not_bring_them_back(
    clerk: FlaskClient, issuer: Issuer, session: Session
) -> None:
    tell(clerk, "created", person())
    tell(clerk, "deleted", {"id": "user_1"})
    tell(clerk, "updated", person(at=9000))
    tell(clerk, "created", person(at=9000))
    assert users(session) == [("Former user", None, True)]
    assert is_refusal(me(clerk, issuer.token_for("user_1")))


def test_what_a_message_does_not_tell_stays(clerk: FlaskClient, session: Session) -> None:
    tell(clerk, "created", person())
    tell(clerk, "updated", {"id": "user_1", "updated_at": 2_000_000})
    assert users(session) == [("Ada", "ada@example.org", False)]


def test_messages_of_other_things_are_taken_and_left(clerk: FlaskClient, session: Session) -> None:
    for message in ({"type": "session.created", "data": {"id": "x"}}, {}, {"type": ["user"]}):
        assert post(clerk, json.dumps(message).encode()).status_code == 204
    assert users(session) == []


BODY = json.dumps({"type": "user.created", "data": person()}).encode()
GOOD = sign(BODY)

UNSIGNED: dict[str, dict[str, str]] = {
    "nothing": {},
    **{f"no {name}": {k: v for k, v in GOOD.items() if k != name} for name in list(GOOD)[:3]},
    "an empty signature": GOOD | {"svix-signature": ""},
    "a version alone": GOOD | {"svix-signature": "v1,"},
    "another version": GOOD | {"svix-signature": GOOD["svix-signature"].replace("v1", "v2")},
    "the asymmetric version": GOOD | {"svix-signature": "v1a," + "A" * 88},
    "half a signature": GOOD | {"svix-signature": GOOD["svix-signature"][:-4]},
    "another case": GOOD | {"svix-signature": GOOD["svix-signature"].swapcase()},
    "letters of elsewhere": GOOD | {"svix-signature": "v1,é"},
    "another message": GOOD | {"svix-id": "msg_2"},
    "another instant": GOOD | {"svix-timestamp": str(int(GOOD["svix-timestamp"]) + 1)},
    "another key": sign(BODY, key=b"another key of twenty-fo"),
    "no key": sign(BODY, key=b""),
    "another body": sign(BODY + b" "),
    "no message id, and signed so": sign(BODY, message=""),
}


@pytest.mark.parametrize("headers", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_clerk_did_not_sign_is_refused(
    headers: dict[str, str], clerk: FlaskClient, session: Session
) -> None:
    answer = clerk.post(ADDRESS, data=BODY, headers=headers)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "The signature of the message is not valid."
    assert users(session) == []


@pytest.mark.parametrize("seconds", [-TOLERANCE_SECONDS - 2, TOLERANCE_SECONDS + 2, -(10**9)])
def test_a_message_of_another_time_is_refused(
    seconds: int, clerk: FlaskClient, session: Session
) -> None:
    answer = post(clerk, BODY, at=time.time() + seconds)
    assert answer.status_code == 401
    assert users(session) == []


@pytest.mark.parametrize("instant", ["", "now", "-1", "1e9", "٣", "1" * 13, "1614265330.0"])
def test_a_message_without_a_sound_instant_is_refused(instant: str, clerk: FlaskClient) -> None:
    headers = sign(BODY, at=instant)
    assert clerk.post(ADDRESS, data=BODY, headers=headers).status_code == 401


def test_a_message_of_a_moment_ago_is_taken(clerk: FlaskClient) -> None:
    for seconds in (-TOLERANCE_SECONDS + 10, TOLERANCE_SECONDS - 10):
        assert post(clerk, BODY, at=time.time() + seconds).status_code == 204


def test_one_of_several_signatures_is_enough(clerk: FlaskClient) -> None:
    """So it is while the secret is being changed."""
    headers = sign(BODY)
    other = sign(BODY, key=b"another key of twenty-fo")["svix-signature"]
    for both in (f"{other} {headers['svix-signature']}", f"{headers['svix-signature']} {other}"):
        answer = clerk.post(ADDRESS, data=BODY, headers=headers | {"svix-signature": both})
        assert answer.status_code == 204


def test_the_names_of_the_standard_are_known_too(clerk: FlaskClient) -> None:
    headers = {name.replace("svix-", "webhook-"): value for name, value in sign(BODY).items()}
    assert clerk.post(ADDRESS, data=BODY, headers=headers).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"type": "user.created"}',
        b'{"type": "user.created", "data": null}',
        b'{"type": "user.created", "data": {"id": 5}}',
        b'{"type": "user.deleted", "data": {"id": ""}}',
        b'{"type": "user.deleted", "data": {"id": "user\\u0000"}}',
        b'{"type": "user.deleted", "data": {"id": "\\ud800"}}',
        b'{"type": "user.deleted", "data": {"id": "' + b"u" * 256 + b'"}}',
    ],
)
def test_what_makes_no_sense_is_422_though_it_is_signed(
    body: bytes, clerk: FlaskClient, session: Session
) -> None:
    answer = post(clerk, body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert users(session) == []


def test_odd_names_do_no_harm(clerk: FlaskClient, session: Session) -> None:
    tell(clerk, "created", person(first="A\x00d\u202ea\ud800", address="a\x00@example.org"))
    [(name, address, _)] = users(session)
    assert (name, address) == ("A d a", "a @example.org")


def test_a_message_that_is_too_large_is_refused(clerk: FlaskClient, settings: Settings) -> None:
    assert post(clerk, b"{" * (settings.body_max_bytes + 1)).status_code == 413


def test_it_takes_posts_only(clerk: FlaskClient) -> None:
    assert clerk.get(ADDRESS).status_code in (404, 405)  # 404 where a frontend is built


def test_without_a_secret_there_is_no_such_address(visitor: FlaskClient) -> None:
    assert visitor.post(ADDRESS, data=BODY, headers=GOOD).status_code in (404, 405)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_AAAA", "whsec_!!!", "nonsense!"])
def test_a_secret_that_is_none_stops_the_start(
    secret: str, build: Build, issuer: Issuer, settings: Settings
) -> None:
    with pytest.raises(Misconfigured, match="CLERK_WEBHOOK_SIGNING_SECRET"):
        build(issuer.settings(settings, clerk_webhook_signing_secret=SecretStr(secret)))


def test_a_secret_may_stand_without_its_prefix(settings: Settings) -> None:
    assert Signature(SECRET.removeprefix("whsec_"))._key == KEY
    with pytest.raises(Misconfigured, match="is not set"):
        blueprint(settings)
