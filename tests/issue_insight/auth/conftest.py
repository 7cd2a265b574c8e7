"""Applications that trust an identity provider of the tests' own, over HTTP on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from issue_insight.app import create_app
from issue_insight.auth.clerk import Verifier
from issue_insight.auth.fetching import get_json
from issue_insight.auth.key_filter import from_jwk_set
from issue_insight.auth.keys import FetchedKeys
from issue_insight.auth.state import EXTENSION, auth_of
from issue_insight.db import db
from issue_insight.settings import Settings
from issue_insight.testing.tokens import Issuer

Build = Callable[[Settings], Flask]


def _close(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An identity provider."""
    with Issuer() as made:
        yield made


@pytest.fixture
def build(clean_database: Engine) -> Iterator[Build]:
    """A function that makes applications, on an empty database."""
    with ExitStack() as stack:

        def make(settings: Settings) -> Flask:
            app = create_app(settings)
            stack.callback(_close, app)
            return app

        yield make


@pytest.fixture
def trusting(build: Build, issuer: Issuer, settings: Settings) -> Flask:
    """An application that trusts the identity provider."""
    return build(issuer.settings(settings))


@pytest.fixture
def visitor(trusting: Flask) -> FlaskClient:
    """A client of it."""
    return trusting.test_client()


class Watch:
    """A clock that stands still until it is wound."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        """Return the time, in seconds since whenever."""
        return self.at

    def wind(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds


@pytest.fixture
def watch() -> Watch:
    """The clock of the keys of `timed`."""
    return Watch()


@pytest.fixture
def timed(trusting: Flask, issuer: Issuer, watch: Watch) -> Flask:
    """`trusting`, whose keys grow old by `watch` alone."""
    auth = auth_of(trusting)
    assert auth.verifier is not None
    keys = FetchedKeys(
        lambda: from_jwk_set(get_json(f"{issuer.url}/jwks.json"), ("RS256",)),
        monotonic=watch,
        patience=30.0,
    )
    trusting.extensions[EXTENSION] = replace(auth, verifier=Verifier(auth.verifier.rules, keys))
    return trusting
