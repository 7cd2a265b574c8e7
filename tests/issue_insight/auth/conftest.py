"""Applications that trust an identity provider of the tests' own, over HTTP on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from issue_insight.app import create_app
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
