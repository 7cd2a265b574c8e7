"""`flask auth`: tokens for scripts, and names and addresses that were missed."""

import http.client
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.users import User
from issue_insight.embedded.locking import locked
from issue_insight.handover import LOCK, publish
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.fixtures import settings_in_environment
from issue_insight.testing.live import environment_of
from issue_insight.testing.tokens import Issuer, bearer
from tests.issue_insight.auth.asking import ME, is_refusal, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.test_first_sight import clerk_user


def flask_auth(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["auth", *arguments])


def test_a_token_for_a_new_user_makes_them(app: Flask, client: FlaskClient) -> None:
    made = flask_auth(app, "token", "Ada@Example.org", "--role", "admin", "--name", "Ada L.")
    assert made.exit_code == 0, made.output
    assert made.output.count("\n") == 1
    answer = me(client, made.output.strip())
    assert (answer.json["email"], answer.json["name"]) == ("ada@example.org", "Ada L.")
    assert answer.json["role"] == "admin"


def test_without_a_role_it_stays_what_it_was(app: Flask, client: FlaskClient) -> None:
    assert (
        me(client, flask_auth(app, "token", "a@example.org").output.strip()).json["role"]
        == "reporter"
    )
    flask_auth(app, "token", "a@example.org", "--role", "maintainer")
    assert (
        me(client, flask_auth(app, "token", "a@example.org").output.strip()).json["role"]
        == "maintainer"
    )


def test_it_lasts_as_long_as_the_command_says(app: Flask, client: FlaskClient) -> None:
    assert "12 hours" in flask_auth(app, "token", "--help").output
    token = flask_auth(app, "token", "ada@example.org").output.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 12 * 3600
    start = datetime.fromtimestamp(claims["iat"], UTC)
    with clock.frozen(start + timedelta(hours=11, minutes=59)):
        assert me(client, token).status_code == 200
    with clock.frozen(start + timedelta(hours=12, seconds=6)):
        assert is_refusal(me(client, token))


def test_a_change_of_role_is_in_the_event_log_once(app: Flask, session: Session) -> None:
    for _ in range(2):
        flask_auth(app, "token", "ada@example.org", "--role", "admin")
    kinds = session.execute(text("SELECT kind FROM events WHERE subject = 'user' ORDER BY id"))
    assert list(kinds.scalars()) == ["created", "changed"]


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "", "a b@example.org"])
def test_what_is_no_address_is_refused_in_one_line(email: str, app: Flask) -> None:
    refused = flask_auth(app, "token", email)
    assert refused.exit_code == 1
    assert refused.output == f"Error: {email!r} is no e-mail address.\n"


def test_a_role_that_is_none_is_refused(app: Flask, session: Session) -> None:
    assert flask_auth(app, "token", "a@example.org", "--role", "wizard").exit_code == 2
    assert session.query(User).count() == 0


def test_where_clerk_signs_in_there_are_no_such_tokens(trusting: Flask) -> None:
    refused = flask_auth(trusting, "token", "a@example.org")
    assert refused.exit_code == 1
    assert "The local sign-in is off here" in refused.output


def test_a_running_instance_takes_what_the_command_prints(
    live_server: Server, settings: Settings, tmp_path: Path
) -> None:
    """The command in a process of its own, which knows of the instance by its directory alone."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "local_sign_in.pem").symlink_to(settings.data_dir / "local_sign_in.pem")
    environment = {k: v for k, v in os.environ.items() if k not in set(settings_in_environment())}
    published = environment_of(settings) | {"DATA_DIR": str(directory)}
    with locked(directory / LOCK):
        publish(directory, published)
        printed = subprocess.run(
            [
                *[sys.executable, "-m", "flask", "--app", "wsgi", "auth", "token"],
                *["ada@example.org", "--role", "maintainer"],
            ],
            env=environment | {"DATA_DIR": str(directory)},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
    connection = http.client.HTTPConnection(*live_server.address, timeout=30)
    connection.request("GET", ME, headers=bearer(printed.stdout.strip()))
    answer = connection.getresponse()
    assert answer.status == 200
    told = json.loads(answer.read())
    assert (told["email"], told["role"]) == ("ada@example.org", "maintainer")
    connection.close()


@pytest.fixture
def with_api(build: Build, issuer: Issuer, settings: Settings) -> Flask:
    return build(
        issuer.settings(settings, clerk_secret_key=SecretStr("sk_test_x"), clerk_api_url=issuer.url)
    )


def test_addresses_that_were_missed_are_fetched(
    with_api: Flask, issuer: Issuer, session: Session
) -> None:
    client = with_api.test_client()
    for subject in ("user_1", "user_2"):
        assert me(client, issuer.token_for(subject)).json["email"] is None  # not known there yet
    me(client, issuer.token_for("user_3", email="third@example.org"))
    issuer.people = {s: clerk_user(s) for s in ("user_1", "user_2", "user_3")}
    issuer.asked_for.clear()
    looked = flask_auth(with_api, "profiles")
    assert looked.output == "2 users were looked up.\n"
    assert issuer.asked_for == ["/v1/users/user_1", "/v1/users/user_2"]
    assert me(client, issuer.token_for("user_1")).json["email"] == "ada@example.org"
    assert flask_auth(with_api, "profiles").output == "0 users were looked up.\n"


def test_people_it_does_not_know_keep_nobody_else_from_theirs(
    with_api: Flask, issuer: Issuer
) -> None:
    client = with_api.test_client()
    subjects = [f"user_{number}" for number in range(6)]
    for subject in subjects:
        me(client, issuer.token_for(subject))
    issuer.people = {"user_5": clerk_user("user_5")}
    assert flask_auth(with_api, "profiles").output == "6 users were looked up.\n"
    assert me(client, issuer.token_for("user_5")).json["email"] == "ada@example.org"
    assert me(client, issuer.token_for("user_0")).json["email"] is None


def test_a_backend_api_that_is_down_is_said(with_api: Flask, issuer: Issuer) -> None:
    me(with_api.test_client(), issuer.token_for("user_1"))
    issuer.answers = False
    refused = flask_auth(with_api, "profiles")
    assert refused.exit_code == 1
    assert refused.output == "Error: The identity provider answers with status 503.\n"


def test_without_a_secret_key_there_is_nobody_to_ask(
    trusting: Flask, issuer: Issuer, build: Build, settings: Settings
) -> None:
    me(trusting.test_client(), issuer.token_for("user_1"))
    assert flask_auth(trusting, "profiles").output == "Error: CLERK_SECRET_KEY is not set.\n"
    nobody = build(settings.model_copy(update={"local_sign_in": False}))
    assert "No identity provider is configured." in flask_auth(nobody, "profiles").output
