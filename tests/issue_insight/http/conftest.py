"""The toy application; its database is never asked but where a test says so."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from issue_insight.settings import Settings
from tests.issue_insight.http.toy import application


@pytest.fixture(scope="package")
def toy() -> Flask:
    return application(
        Settings(
            _env_file=None,
            database_url="postgresql+psycopg2://127.0.0.1:1/nothing",
            body_max_bytes=2048,
            attachment_max_bytes=1024 * 1024,
            secret_key="a secret of the tests",
        )
    )


@pytest.fixture
def http(toy: Flask) -> FlaskClient:
    return toy.test_client()
