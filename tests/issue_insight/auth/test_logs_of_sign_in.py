"""Whatever comes of a token, the log never holds it, nor a name or an address."""

import io
import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from issue_insight.http import request_log
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer, sign_in
from tests.issue_insight.auth.asking import ME, me
from tests.issue_insight.auth.conftest import Build
from tests.issue_insight.auth.forging import forged, header
from tests.issue_insight.auth.test_first_sight import SECRET, clerk_user


class Log:
    """What the process writes, once it listens: applications configure the log as they are made."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._written = io.StringIO()

    def listen(self) -> None:
        request_log.configure(self._level)
        [handler] = [h for h in logging.getLogger().handlers if h.name == "issue_insight.json"]
        handler.setStream(self._written)  # type: ignore[attr-defined]

    def text(self) -> str:
        return self._written.getvalue()


@pytest.fixture(params=["info", "debug"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    yield Log(request.param)
    request_log.configure("info")


def test_no_token_secret_or_address_is_logged(
    log: Log, build: Build, issuer: Issuer, settings: Settings
) -> None:
    app = build(
        issuer.settings(settings, clerk_secret_key=SecretStr(SECRET), clerk_api_url=issuer.url)
    )
    log.listen()
    issuer.people["user_1"] = clerk_user("user_1")
    client = app.test_client()
    tokens = [
        issuer.token_for("user_1"),
        issuer.token_for("user_2"),
        forged(issuer, header(alg="none")),
        forged(issuer, header(kid="forged")),
        forged(issuer, exp=1),
        forged(issuer, sub="user_ada@example.org", azp="https://mallory.example"),
        "garbage.garbage.garbage",
    ]
    statuses = [me(client, token).status_code for token in tokens]
    assert statuses == [200, 200, *[401] * 5]
    client.get(ME, query_string={"token": tokens[0]})
    issuer.answers = False
    client.get(ME, headers={"Cookie": f"__session={tokens[0]}"})
    assert me(client, issuer.token_for("user_3")).status_code == 200
    written = log.text()
    for event in ("token_refused", "profile_not_fetched", "request"):
        assert event in written
    secrets = [part for token in tokens for part in token.split(".") if len(part) > 5]
    for secret in (*secrets, SECRET, "ada@example.org", "Lovelace", "mallory"):
        assert secret not in written


def test_the_local_sign_in_logs_none_either(log: Log, client: FlaskClient) -> None:
    log.listen()
    person = sign_in(client, email="ada@example.org", name="Ada Lovelace")
    form = client.post("/sign-in", data={"email": "ada@example.org"})
    given = client.post("/api/v1/sign-in/local", json={"email": "ada@example.org"})
    assert (form.status_code, given.status_code) == (200, 200)
    written = log.text()
    assert '"request"' in written
    for secret in (person.token, given.json["token"], "ada@example.org", "Lovelace"):
        assert secret not in written


def test_a_provider_that_is_down_is_logged_by_what_it_was(
    log: Log, trusting: Flask, issuer: Issuer
) -> None:
    log.listen()
    issuer.answers = False
    assert me(trusting.test_client(), issuer.token_for("user_1")).status_code == 503
    assert "keys_not_fetched" in log.text()
