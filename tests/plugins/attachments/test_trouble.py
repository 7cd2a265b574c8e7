"""When S3 is away, clients leave, processes are killed: what people see, and what is left."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.circuit import Circuit
from issue_insight.errors import Conflict, NotFound
from issue_insight.settings import Settings
from issue_insight.storage import PART_BYTES, Storage
from issue_insight.testing.live import environment_of
from plugins.attachments import policy, transfers
from plugins.attachments.jobs import SWEEP
from plugins.attachments.models import Attachment
from plugins.attachments.receiving import IncomingFile
from plugins.attachments.sweeping import Swept, sweep
from plugins.issues.api import READ
from tests.issue_insight.ill_servers import dead_endpoint, ill_server, mute_server
from tests.plugins.attachments.conftest import Caller, keys

LATER = timedelta(hours=2)


def rows(session: Session) -> list[Attachment]:
    session.expire_all()
    return list(session.scalars(select(Attachment).order_by(Attachment.id)))


def swept_later(session: Session, storage: Storage) -> Swept:
    with clock.frozen(datetime.now(UTC) + LATER):
        swept = sweep(session, storage)
    session.commit()
    return swept


@pytest.fixture
def use_storage(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Storage]:
    """Lets the application use another S3, with time-outs as short as a test wants them."""

    def use(endpoint: str) -> Storage:
        runtime = app.extensions["issue_insight"]
        other = Storage(
            endpoint,
            access_key="key",
            secret_key="secret",
            bucket="bucket",
            connect_timeout=0.3,
            read_timeout=0.3,
            circuit=Circuit("The file store rests.", failures=2, rest=60),
        )
        monkeypatch.setitem(app.extensions, "issue_insight", replace(runtime, storage=other))
        return other

    return use


@pytest.fixture(params=["dead", "mute"])
def ill_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    with ill_server(request.param) as endpoint:
        yield endpoint


def test_without_s3_files_are_503_and_soon_tried_again(
    reporter: Caller, issue: str, use_storage: Callable[[str], Storage], ill_endpoint: str
) -> None:
    made = reporter.attached(issue)
    use_storage(ill_endpoint)
    for _ in range(3):
        for answer in (reporter.attach(issue), reporter.content(made["id"])):
            assert answer.status_code == 503
            assert answer.mimetype == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
    assert [item["id"] for item in reporter.files(issue)] == [made["id"]]


def test_without_s3_issues_and_lists_go_on_and_nobody_asks_it(
    admin: Caller, reporter: Caller, issue: str, use_storage: Callable[[str], Storage]
) -> None:
    made = reporter.attached(issue)
    with mute_server() as (endpoint, connections):
        use_storage(endpoint)
        path = f"/api/v1/issues/{issue}"
        assert reporter.client.get("/api/v1/issues").status_code == 200
        assert reporter.client.get(path).status_code == 200
        again = reporter.client.post("/api/v1/issues", json={"project": "WEB", "title": "Next"})
        assert again.status_code == 201
        changed = reporter.client.patch(path, json={"title": "New"}, headers={"If-Match": "*"})
        assert changed.status_code == 200
        assert reporter.files(issue)
        assert reporter.client.get(f"/api/v1/attachments/{made['id']}").status_code == 200
        assert reporter.content(made["id"], "HEAD").status_code == 200
        tag = f'"{made["sha256"]}"'
        assert reporter.content(made["id"], If_None_Match=tag).status_code == 304
        assert reporter.events(issue)
        assert admin.client.delete(path, headers={"If-Match": "*"}).status_code == 204
        assert connections == []


def test_an_upload_that_s3_did_not_take_is_seen_by_nobody_and_swept(
    reporter: Caller,
    issue: str,
    use_storage: Callable[[str], Storage],
    ill_endpoint: str,
    storage: Storage,
    session: Session,
) -> None:
    use_storage(ill_endpoint)
    assert reporter.attach(issue).status_code == 503
    assert reporter.files(issue) == []
    assert [event["kind"] for event in reporter.events(issue)] == ["created"]
    [row] = rows(session)
    assert reporter.client.get(f"/api/v1/attachments/{row.id}").status_code == 404
    session.rollback()
    assert sweep(session, storage) == Swept(0, 0, 0, 0)
    assert swept_later(session, storage) == Swept(1, 0, 0, 0)
    assert rows(session) == []


def test_a_removal_without_s3_is_done_and_its_object_goes_with_the_sweep(
    reporter: Caller,
    issue: str,
    use_storage: Callable[[str], Storage],
    storage: Storage,
    session: Session,
) -> None:
    made = reporter.attached(issue)
    kept = reporter.attached(issue, b"kept")
    use_storage(dead_endpoint())
    assert reporter.client.delete(f"/api/v1/attachments/{made['id']}").status_code == 204
    assert [item["id"] for item in reporter.files(issue)] == [kept["id"]]
    assert len(keys(storage)) == 2
    assert sweep(session, storage) == Swept(0, 1, 0, 0)
    session.commit()
    assert keys(storage) == {rows(session)[1].object_key}
    assert swept_later(session, storage) == Swept(0, 0, 0, 0)
    assert len(rows(session)) == 2


def test_objects_that_no_row_knows_are_swept_after_an_hour(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    reporter.attached(issue)
    known = keys(storage)
    storage.put_stream("attachments/nobody-s", io.BytesIO(b"x"))
    storage.put_stream("elsewhere", io.BytesIO(b"x"))
    assert sweep(session, storage) == Swept(0, 0, 0, 0)
    assert swept_later(session, storage) == Swept(0, 0, 1, 0)
    assert keys(storage) == known
    assert storage.exists("elsewhere")
    storage.delete("elsewhere")


def test_the_job_runs_every_hour_in_the_application(
    app: Flask, storage: Storage, session: Session
) -> None:
    storage.put_stream("attachments/nobody-s", io.BytesIO(b"x"))
    with app.app_context(), clock.frozen(datetime.now(UTC) + LATER):
        assert SWEEP.run(session) == Swept(0, 0, 1, 0)
    assert timedelta(hours=1) == SWEEP.every


FORM = "multipart/form-data; boundary=cut"
HEAD = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
BIG = HEAD + b"x" * (3 * PART_BYTES) + b"\r\n--cut--\r\n"
SMALL = HEAD + b"x" * 100_000 + b"\r\n--cut--\r\n"


class Meanwhile:
    """A body in whose middle something happens."""

    def __init__(self, body: bytes, happens: Callable[[], object]) -> None:
        self._body = io.BytesIO(body)
        self._happens: Callable[[], object] | None = happens

    def read(self, size: int) -> bytes:
        if self._body.tell() > len(self._body.getvalue()) // 2 and self._happens:
            happens, self._happens = self._happens, None
            happens()
        return self._body.read(min(size, 65_536))


@pytest.fixture
def principal(reporter: Caller) -> Principal:
    me = reporter.client.get("/api/v1/me").json or {}
    permissions = frozenset({READ.name, *(p.name for p in policy.PERMISSIONS)})
    return Principal(me["id"], me["name"], None, "reporter", "person", permissions)


def upload_while(
    app: Flask,
    storage: Storage,
    principal: Principal,
    issue: str,
    happens: Callable[[], object],
    body: bytes = BIG,
) -> None:
    stream = Meanwhile(body, happens)
    with app.app_context():
        transfers.upload(storage, principal, issue, lambda: IncomingFile(stream, FORM), limit=10**8)


@pytest.mark.parametrize("body", [SMALL, BIG], ids=["small", "big"])
def test_an_upload_that_outlasts_the_sweep_fails_and_leaves_nothing(
    app: Flask, storage: Storage, principal: Principal, issue: str, session: Session, body: bytes
) -> None:
    def sweep_it() -> None:
        swept_later(session, storage)

    with pytest.raises(Conflict, match="too long"):
        upload_while(app, storage, principal, issue, sweep_it, body)
    assert (rows(session), keys(storage)) == ([], set())


def test_an_upload_to_an_issue_that_goes_meanwhile_fails_and_leaves_nothing(
    app: Flask,
    storage: Storage,
    principal: Principal,
    issue: str,
    session: Session,
    admin: Caller,
) -> None:
    def delete() -> None:
        gone = admin.client.delete(f"/api/v1/issues/{issue}", headers={"If-Match": "*"})
        assert gone.status_code == 204

    with pytest.raises(NotFound):
        upload_while(app, storage, principal, issue, delete)
    assert (rows(session), keys(storage)) == ([], set())


def test_no_transaction_is_open_while_bytes_travel(
    app: Flask, storage: Storage, principal: Principal, issue: str, session: Session
) -> None:
    def nothing_waits() -> None:
        # Of this database: others of the same server belong to tests that run beside this one.
        busy = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
        assert session.scalar(busy) == 0
        session.rollback()

    upload_while(app, storage, principal, issue, nothing_waits)
    assert len(rows(session)) == 1


KILLED = """
import os, signal, sys
from issue_insight.app import create_app
from issue_insight.auth.principal import Principal
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from plugins.attachments import transfers
from plugins.attachments.receiving import IncomingFile
from tests.plugins.attachments.test_trouble import BIG, FORM, Meanwhile

moment, issue, user, *permissions = sys.argv[1:]
app = create_app(Settings(_env_file=None))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class DiesAfterwards(Storage):
    def put_stream(self, *args, **options):
        super().put_stream(*args, **options)
        die()


kind = DiesAfterwards if moment == "stored" else Storage
storage = kind.from_settings(app.extensions["issue_insight"].settings)
body = Meanwhile(BIG, die if moment == "midway" else lambda: None)
with app.app_context():
    principal = Principal(int(user), "Somebody", None, "reporter", "person", frozenset(permissions))
    transfers.upload(storage, principal, issue, lambda: IncomingFile(body, FORM), limit=10**8)
"""


@pytest.mark.parametrize("moment", ["midway", "stored"])
def test_a_process_killed_in_an_upload_leaves_nothing_for_long(
    settings: Settings,
    storage: Storage,
    principal: Principal,
    reporter: Caller,
    issue: str,
    session: Session,
    repository: Path,
    moment: str,
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            moment,
            issue,
            str(principal.user_id),
            *principal.permissions,
        ],
        cwd=repository,
        env=os.environ | environment_of(settings),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert reporter.files(issue) == []
    assert [event["kind"] for event in reporter.events(issue)] == ["created"]
    assert len(rows(session)) == 1
    assert len(keys(storage)) == (1 if moment == "stored" else 0)
    session.rollback()
    assert sweep(session, storage) == Swept(0, 0, 0, 0)
    swept = swept_later(session, storage)
    assert swept == Swept(1, 0, 0, 0 if moment == "stored" else 1)
    assert (rows(session), keys(storage)) == ([], set())
