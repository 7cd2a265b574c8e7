"""What tests of several parts of the platform need."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from issue_insight.testing import servers


@pytest.fixture
def empty_database(postgres_url: str, worker_name: str) -> Iterator[str]:
    """The URL of a database without a single table."""
    name = f"{worker_name}-empty"
    postgres = servers.postgres()
    postgres.create_database(name)
    yield postgres.url(name)
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
