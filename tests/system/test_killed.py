"""kill -9 of the server amid writes: what was acknowledged is there, and nothing is half there."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn
from plugins.issues.models import Comment
from tests.system.invariants import broken
from tests.system.writing import Writers

WRITES = int(os.environ.get("WRITES", "200"))
"""How many are acknowledged before each blow; `make faults` waits for more, and prints figures."""


def kill(pid_file: Path) -> None:
    """End the server that the file names, and its worker, as a power cut would."""
    server = psutil.Process(int(pid_file.read_text()))
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family[1:])


def worker_of(pid_file: Path) -> list[psutil.Process]:
    """Return the processes that answer requests, below the one that the file names."""
    server = psutil.Process(int(pid_file.read_text()))
    return [child for child in server.children() if "resource_tracker" not in repr(child.cmdline())]


@pytest.fixture
def project(client: FlaskClient, person: Callable[[str], SignedIn]) -> SignedIn:
    """A project `WEB`, and an admin to write to it."""
    admin = person("admin")
    sent = {"key": "WEB", "name": "Site", "visibility": "own"}
    answer = client.post("/api/v1/projects", json=sent, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    return admin


def held_to(writers: Writers, client: FlaskClient, admin: SignedIn, session: Session) -> None:
    """Fail unless every acknowledged write is there, and everything there is whole."""
    for promises in writers.promises:
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
    with live(settings, tmp_path) as server, Writers(server.address, project.token) as writers:
        rate = writers.rate(WRITES)
        kill(tmp_path / "server.pid")
    print(f"killed at {rate:.0f} writes/s: {writers.acknowledged} acknowledged")
    assert any(promises.broken_off for promises in writers.promises)
    assert {status for p in writers.promises for status in p.statuses} == {200, 201}
    held_to(writers, client, project, session)
    session.rollback()
    with live(settings, tmp_path) as server, Writers(server.address, project.token) as writers:
        writers.wait_for(10)
    held_to(writers, client, project, session)


def test_a_killed_worker_is_replaced_by_the_server_itself(
    settings: Settings, project: SignedIn, client: FlaskClient, session: Session, tmp_path: Path
):
    with (
        live(settings, tmp_path) as server,
        Writers(server.address, project.token, persist=True) as writers,
    ):
        rate = writers.rate(WRITES)
        [worker] = worker_of(tmp_path / "server.pid")
        worker.kill()
        psutil.wait_procs([worker])
        began = time.perf_counter()
        writers.wait_for(1)
        back = time.perf_counter() - began
        writers.wait_for(WRITES)
        [other] = worker_of(tmp_path / "server.pid")
    print(
        f"worker killed at {rate:.0f} writes/s: {writers.acknowledged} acknowledged, again after "
        f"{back:.1f} s"
    )
    assert other.pid != worker.pid
    assert any(promises.broken_off for promises in writers.promises)
    assert {status for p in writers.promises for status in p.statuses} <= {200, 201}
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
