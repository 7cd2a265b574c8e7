"""A token is checked once and then known, until it expires."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from issue_insight import clock
from issue_insight.auth import clerk
from issue_insight.auth.state import auth_of
from issue_insight.testing.tokens import Issuer, bearer
from tests.issue_insight.auth.asking import is_refusal, me


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every token that is taken apart from now on."""
    seen: list[str] = []
    really = jwt.decode_complete

    def noting(token: str, *args: object, **options: object) -> object:
        seen.append(token)
        return really(token, *args, **options)

    monkeypatch.setattr(jwt, "decode_complete", noting)
    return seen


def test_a_token_is_checked_once(visitor: FlaskClient, issuer: Issuer, checks: list[str]) -> None:
    token = issuer.token_for("user_1")
    for _ in range(3):
        assert me(visitor, token).status_code == 200
    assert len(checks) == 2  # what it says, and then its signature


def test_a_refused_token_is_not_remembered(
    visitor: FlaskClient, trusting: Flask, issuer: Issuer
) -> None:
    assert is_refusal(me(visitor, issuer.token_for("user_1", azp="https://mallory.example")))
    assert auth_of(trusting).verifier._checked == {}


def test_a_known_token_expires_like_any_other(visitor: FlaskClient, issuer: Issuer) -> None:
    start = datetime.now(UTC)
    with clock.frozen(start):
        token = issuer.token_for("user_1")
        assert me(visitor, token).status_code == 200
    with clock.frozen(start + timedelta(seconds=63)):
        assert me(visitor, token).status_code == 200
    for seconds in (66, 600):
        with clock.frozen(start + timedelta(seconds=seconds)):
            assert is_refusal(me(visitor, token))


def test_no_more_than_so_many_are_known(
    visitor: FlaskClient, trusting: Flask, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerk, "CACHED_TOKENS", 3)
    tokens = [issuer.token_for("user_1", jti=str(number)) for number in range(10)]
    for token in tokens * 2:
        assert me(visitor, token).status_code == 200
    assert len(auth_of(trusting).verifier._checked) == 3


def test_the_token_itself_is_not_kept(
    visitor: FlaskClient, trusting: Flask, issuer: Issuer
) -> None:
    token = issuer.token_for("user_1")
    assert visitor.get("/api/v1/me", headers=bearer(token)).status_code == 200
    kept = repr(auth_of(trusting).verifier._checked)
    assert "user_1" in kept
    assert token not in kept
    assert token.rpartition(".")[2] not in kept
