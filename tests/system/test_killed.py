"""kill -9 amid writes: what was acknowledged is there, and nothing is half there."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from issue_insight.jobs.models import JobRun
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn
from plugins.issues.models import Comment
from tests.system.invariants import broken
from tests.system.scheduling import scheduler
from tests.system.writing import Writers

WRITES = int(os.environ.get("WRITES", "200"))
"""How many are acknowledged before each blow; `make faults` waits for more, and prints figures."""
RATE = float(os.environ.get("RATE", "200"))
"""How many come due in a second."""
WORKERS = 2
"""As many as the container image starts."""


def kill(pid_file: Path) -> None:
    """End the server that the file names, and its worker, as a power cut would."""
    server = psutil.Process(int(pid_file.read_text()))
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family[1:])


def workers_of(pid_file: Path) -> list[psutil.Process]:
    """Return the processes that answer requests, below the one that the file names."""
    server = psutil.Process(int(pid_file.read_text()))
    return [child for child in server.children() if "resource_tracker" not in repr(child.cmdline())]


def serves(worker: psutil.Process, server: Server) -> bool:
    """Tell whether somebody is connected to this worker."""
    return any(
        found.laddr.port == server.address[1] and found.status == psutil.CONN_ESTABLISHED
        for found in worker.net_connections("tcp")
    )


@pytest.fixture
def project(client: FlaskClient, person: Callable[[str], SignedIn]) -> SignedIn:
    """A project `WEB`, and an admin to write to it."""
    admin = person("admin")
    sent = {"key": "WEB", "name": "Site", "visibility": "own"}
    answer = client.post("/api/v1/projects", json=sent, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    return admin


def held_to(writers: Writers, client: FlaskClient, admin: SignedIn, session: Session) -> None:
    """Fail unless every acknowledged write is there, and everything there is whole.

    Refused is only what comes again later: more than the connections to the database can carry.
    """
    for promises in writers.promises:
        assert set(promises.statuses) <= {200, 201, 503}
        for headers in promises.refusals:
            assert headers["Content-Type"] == "application/problem+json"
            assert int(headers["Retry-After"]) > 0
        for key, promised in promises.issues.items():
            answer = client.get(f"/api/v1/issues/{key}", headers=admin.headers)
            assert answer.status_code == 200
            found = answer.json or {}
            # One more change may have been stored before its answer was cut off.
            assert found["version"] in (promised["version"], promised["version"] + 1)
            if found["version"] == promised["version"]:
                # A comment that follows moves this instant as well.
                assert found.pop("updated_at") >= promised["updated_at"]
                assert found == {k: v for k, v in promised.items() if k != "updated_at"}
        bodies = select(Comment.id, Comment.body).where(Comment.id.in_(promises.comments))
        assert dict(session.execute(bodies).all()) == promises.comments
    assert broken(session) == {}


def test_a_killed_server_loses_no_acknowledged_write_and_leaves_no_half_change(
    settings: Settings, project: SignedIn, client: FlaskClient, session: Session, tmp_path: Path
):
    with (
        live(settings, tmp_path, workers=WORKERS) as server,
        Writers(server.address, project.token, rate=RATE) as writers,
    ):
        rates = writers.rates(WRITES)
        kill(tmp_path / "server.pid")
    print(f"server killed at {rates}; {writers.acknowledged} in all, none lost")
    assert any(promises.broken_off for promises in writers.promises)
    held_to(writers, client, project, session)
    session.rollback()
    with (
        live(settings, tmp_path, workers=WORKERS) as server,
        Writers(server.address, project.token, rate=RATE) as writers,
    ):
        writers.wait_for(10)
    held_to(writers, client, project, session)


def test_a_killed_worker_is_replaced_by_the_server_itself(
    settings: Settings, project: SignedIn, client: FlaskClient, session: Session, tmp_path: Path
):
    pid_file = tmp_path / "server.pid"
    with (
        live(settings, tmp_path, workers=WORKERS) as server,
        Writers(server.address, project.token, rate=RATE, persist=True) as writers,
    ):
        worker, other = workers_of(pid_file)
        while not (serves(worker, server) and serves(other, server)):
            writers.wait_for(1)
        rates = writers.rates(WRITES)
        worker.kill()
        psutil.wait_procs([worker])
        began = time.perf_counter()
        while len(workers_of(pid_file)) < WORKERS:
            writers.wait_for(1)
        back = time.perf_counter() - began
        after = writers.rates(WRITES)
        assert {other.pid} < {one.pid for one in workers_of(pid_file)}
    print(
        f"worker killed at {rates}; replaced after {back:.1f} s, then {after}; "
        f"{writers.acknowledged} in all, none lost"
    )
    assert any(promises.broken_off for promises in writers.promises)
    held_to(writers, client, project, session)


def test_a_killed_scheduler_costs_no_write_and_another_one_does_its_job(
    settings: Settings,
    project: SignedIn,
    client: FlaskClient,
    session: Session,
    engine: Engine,
    tmp_path: Path,
):
    def outcomes() -> list[str]:
        """Return those of the daily numbers."""
        with engine.connect() as connection:
            told = select(JobRun.outcome).where(JobRun.name == "stats.aggregate")
            return list(connection.scalars(told.order_by(JobRun.id)))

    with (
        live(settings, tmp_path, workers=WORKERS) as server,
        Writers(server.address, project.token, rate=RATE) as writers,
        ExitStack() as schedulers,
    ):
        with engine.begin() as locking:
            # The daily numbers wait for this table: the killing finds them amid their work.
            locking.execute(text("LOCK TABLE daily_stats_progress IN ACCESS EXCLUSIVE MODE"))
            killed = schedulers.enter_context(scheduler(settings))
            while outcomes() != ["running"]:
                writers.wait_for(1)
            rates = writers.rates(WRITES)
            killed.kill()
            killed.wait()
        schedulers.enter_context(scheduler(settings))
        while outcomes() != ["interrupted", "ok"]:
            writers.wait_for(1)
    print(f"scheduler killed at {rates}; {writers.acknowledged} in all, none lost")
    assert not any(promises.broken_off for promises in writers.promises)
    held_to(writers, client, project, session)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE issues SET title = 'Other'",
        "UPDATE issues SET version = version + 1",
        "UPDATE issue_versions SET valid_to = valid_to - interval '1 us' WHERE valid_to < now()",
        "DELETE FROM issue_versions WHERE valid_to = 'infinity'",
        "DELETE FROM search_documents WHERE comment_id IS NULL",
        "UPDATE search_documents SET search = to_tsvector('english', 'other')",
        "UPDATE issue_texts SET description = 'Other'",
        "DELETE FROM search_documents WHERE comment_id IS NOT NULL",
        "UPDATE projects SET next_number = next_number + 1",
        "DELETE FROM events WHERE kind = 'changed' AND field = 'title'",
        "DELETE FROM events WHERE kind = 'created'",
    ],
)
def test_half_a_change_would_be_seen(
    damage: str, project: SignedIn, client: FlaskClient, session: Session
):
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {project.token}"
    path = "/api/v1/issues"
    assert client.post(path, json={"project": "WEB", "title": "Slow"}).status_code == 201
    for title in ("Fast", "Sound"):
        changed = client.patch(f"{path}/WEB-1", json={"title": title}, headers={"If-Match": "*"})
        assert changed.status_code == 200
    assert client.post(f"{path}/WEB-1/comments", json={"body": "So."}).status_code == 201
    assert broken(session) == {}
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text(damage))
    assert broken(session)
    session.rollback()
