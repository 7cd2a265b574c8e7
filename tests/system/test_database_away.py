"""The database is killed, restarted, away or busy: 503 with Retry-After, never 500, and recovery.

On a PostgreSQL of this file's own, which waits for the disk as the one of `make run` does.
"""

import http.client
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from issue_insight.app import create_app
from issue_insight.embedded import Postgres, start_postgres, stop_postgres
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from issue_insight.testing.live import live
from issue_insight.testing.servers import bring_up_to_date
from issue_insight.testing.tokens import SignedIn, sign_in
from tests.system.test_killed import RATE, WORKERS, WRITES, held_to
from tests.system.writing import Writers

CONNECTIONS = 11
"""What a pool of one connection has at most: SQLAlchemy lets ten more come and go."""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Where the server keeps its data: a short path, as its socket lives there."""
    made = Path(tempfile.mkdtemp(prefix="away-"))
    start_postgres(made)
    yield made
    stop_postgres(made)
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def own_url(directory: Path) -> str:
    url = start_postgres(directory).url()
    bring_up_to_date(url)
    return url


@pytest.fixture
def own_settings(settings: Settings, own_url: str) -> Settings:
    Storage.from_settings(settings).ensure_bucket()
    return settings.model_copy(update={"database_url": own_url})


@pytest.fixture
def own_client(own_settings: Settings) -> FlaskClient:
    return create_app(own_settings).test_client()


@pytest.fixture
def admin(own_client: FlaskClient) -> SignedIn:
    """An admin, in a database with a project `WEB`."""
    made = sign_in(own_client, "admin")
    project = {"key": "WEB", "name": "Site", "visibility": "own"}
    assert own_client.post("/api/v1/projects", json=project).status_code in (201, 409)
    return made


def crash(postgres: Postgres) -> None:
    """End the database as a power cut of its machine would."""
    backends = postgres.process.children(recursive=True)
    postgres.process.kill()
    psutil.wait_procs([postgres.process, *backends])


def restart(postgres: Postgres) -> None:
    postgres.stop()


@pytest.mark.parametrize("end", [crash, restart])
def test_writes_go_on_by_themselves_when_the_database_is_back(
    end: Callable[[Postgres], None],
    directory: Path,
    own_settings: Settings,
    own_client: FlaskClient,
    admin: SignedIn,
    own_url: str,
    tmp_path: Path,
):
    postgres = start_postgres(directory)
    with (
        live(own_settings, tmp_path, workers=WORKERS) as server,
        Writers(server.address, admin.token, rate=RATE, persist=True) as writers,
    ):
        rates = writers.rates(WRITES)
        end(postgres)
        writers.wait_for_refusals(20)
        start_postgres(directory)
        began = time.perf_counter()
        writers.wait_for(1)
        back = time.perf_counter() - began
        after = writers.rates(WRITES)
    print(
        f"{end.__name__} of the database at {rates}; again {back:.1f} s after it was up, then "
        f"{after}; {writers.acknowledged} in all, none lost"
    )
    statuses = {status for p in writers.promises for status in p.statuses}
    assert statuses == {200, 201, 503}
    assert not any(promises.broken_off for promises in writers.promises)
    engine = create_engine(own_url)
    with Session(engine) as session:
        held_to(writers, own_client, admin, session)
    engine.dispose()


def get(server: Server, path: str, admin: SignedIn) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(*server.address, timeout=30)
    connection.request("GET", path, headers=admin.headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_server_started_before_its_database_serves_once_that_is_there(
    directory: Path, own_settings: Settings, admin: SignedIn, tmp_path: Path
):
    start_postgres(directory).stop()
    with live(own_settings, tmp_path) as server:
        assert get(server, "/healthz", admin).status == 200
        for path in ("/readyz", "/api/v1/issues", "/api/v1/me"):
            answer = get(server, path, admin)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        start_postgres(directory)
        for path in ("/readyz", "/api/v1/issues", "/api/v1/me"):
            assert get(server, path, admin).status == 200


def test_readiness_names_the_database(directory: Path, own_client: FlaskClient, admin: SignedIn):
    start_postgres(directory).stop()
    answer = own_client.get("/readyz")
    start_postgres(directory)
    assert answer.status_code == 503
    assert (answer.json or {})["parts"] == {
        "database": "does not answer",
        "migrations": "does not answer",
        "storage": "ok",
    }


def test_more_requests_than_connections_wait_and_are_then_refused(
    own_settings: Settings, own_url: str, tmp_path: Path, directory: Path
):
    start_postgres(directory)
    narrow = own_settings.model_copy(update={"database_pool_size": 1})
    client = create_app(narrow).test_client()
    admin = sign_in(client, "admin")
    client.post("/api/v1/projects", json={"key": "WEB", "name": "Site", "visibility": "own"})
    other = sign_in(client, "admin")
    engine = create_engine(own_url)
    with live(narrow, tmp_path) as server, ExitStack() as held, engine.connect() as locking:
        # Reports wait for the project's row: each holds a connection until the lock is gone.
        locking.execute(text("SELECT FROM projects WHERE key = 'WEB' FOR UPDATE"))

        def report(who: SignedIn) -> http.client.HTTPConnection:
            waiting = http.client.HTTPConnection(*server.address, timeout=60)
            held.callback(waiting.close)
            body = '{"project": "WEB", "title": "Slow"}'
            headers = {**who.headers, "Content-Type": "application/json"}
            waiting.request("POST", "/api/v1/issues", body, headers)
            return waiting

        for _ in range(40):
            report(admin)
        with Session(engine) as looking:
            blocked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            while looking.scalar(blocked) < CONNECTIONS:
                looking.rollback()
        answer = report(other).getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        # Reads have connections of their own.
        assert get(server, "/api/v1/issues", admin).status == 200
        assert get(server, "/healthz", admin).status == 200
        locking.rollback()
        assert get(server, "/api/v1/issues", admin).status == 200
    engine.dispose()
