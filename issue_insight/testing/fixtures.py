"""pytest fixtures on a real PostgreSQL and a real S3 server, one database and bucket a worker.

    def test_an_issue_gets_the_next_number(client, session): ...

Every test that asks for one of them begins with an empty, migrated database. Commits are real, so
that what a test commits through `session` is what a request through `client` sees.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import AliasChoices, SecretStr
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing import cleaning, servers
from issue_insight.testing.live import live


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run in the one process that outlives all workers."""
    if hasattr(config, "workerinput") or servers.HOME in os.environ:
        return
    held = ExitStack()
    held.enter_context(servers.home())
    config.add_cleanup(held.close)


@pytest.fixture(scope="session")
def worker_name() -> str:
    """The name of this worker among those of the run."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgres_url(worker_name: str) -> str:
    """The SQLAlchemy URL of this worker's own migrated database."""
    postgres = servers.postgres()
    postgres.create_database(worker_name, template=servers.TEMPLATE)
    return postgres.url(worker_name)


@pytest.fixture(scope="session")
def engine(postgres_url: str) -> Iterator[Engine]:
    """An engine of the tests' own, which the application knows nothing of."""
    made = create_engine(postgres_url, connect_args={"options": "-c timezone=UTC"})
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def _seeded(engine: Engine) -> frozenset[str]:
    with engine.connect() as connection:
        return cleaning.filled_tables(connection)


@pytest.fixture
def clean_database(engine: Engine, _seeded: frozenset[str]) -> Engine:
    """This worker's database as the migrations left it."""
    with engine.begin() as connection:
        cleaning.empty(connection, _seeded)
    return engine


@pytest.fixture
def session(clean_database: Engine) -> Iterator[Session]:
    """A session on this worker's database; what is to be seen elsewhere has to be committed."""
    with Session(clean_database) as made:
        yield made


@pytest.fixture(scope="session")
def settings(
    postgres_url: str, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings of this worker's application; the caller's environment has no say in them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in settings_in_environment():
            patch.delenv(name, raising=False)
        s3 = servers.s3()
        yield Settings(
            _env_file=None,
            environment="development",
            local_sign_in=True,
            database_url=postgres_url,
            data_dir=tmp_path_factory.mktemp("data"),
            public_url="http://localhost",
            secret_key=SecretStr("only for tests"),
            s3_endpoint=s3.endpoint,
            s3_access_key=s3.access_key,
            s3_secret_key=SecretStr(s3.secret_key),
            s3_bucket=f"test-{worker_name}",
        )


def settings_in_environment() -> Iterator[str]:
    """Name every variable present that would set something, in each spelling that counts."""
    names = set(Settings.model_fields)
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice) for choice in field.validation_alias.choices}
    return (
        present for present in list(os.environ) if present.lower() in {n.lower() for n in names}
    )


@pytest.fixture(scope="session")
def _app(settings: Settings) -> Flask:
    from issue_insight.app import create_app
    from issue_insight.storage import Storage

    Storage.from_settings(settings).ensure_bucket()
    made = create_app(settings)
    made.testing = True
    return made


@pytest.fixture
def app(_app: Flask, clean_database: Engine) -> Flask:  # noqa: ARG001 (asked for what it does)
    """The application, on an empty database."""
    return _app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that sends requests to the application; see `testing.tokens` for signing in."""
    return app.test_client()


@pytest.fixture
def live_server(settings: Settings, app: Flask, tmp_path: Path) -> Iterator[Server]:  # noqa: ARG001
    """The application in a process of its own, at `live_server.address`, on an empty database."""
    with live(settings, tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds the packages, `migrations/` and `setup.cfg`."""
    return Path(__file__).resolve().parents[2]
