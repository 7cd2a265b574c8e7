"""Restarts, slow readers and half-sent requests lose nothing, and never stop the API."""

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn
from tests.plugins.issues.conftest import Caller
from tests.plugins.live.listening import PATIENCE, Listener

WRITERS, EACH = 4, 12
STREAMS, HALF_SENT, SLOW_BODIES = 24, 300, 200


def test_a_restart_amid_writes_loses_nothing_and_doubles_nothing(
    live_settings: Settings, app: Flask, maintainer: Caller, web: str, tmp_path: Path
) -> None:
    reported: list[str] = []
    written = threading.Semaphore(0)

    def write(number: int) -> None:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {maintainer.who.token}"
        writer = Caller(client, maintainer.who)
        for turn in range(EACH):
            reported.append(writer.report(f"{number}.{turn}", project=web))
            written.release()

    with (
        live(live_settings, tmp_path) as server,
        Listener(server, maintainer.who.token) as first,
    ):
        threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for _ in range(WRITERS * EACH // 3):
            written.acquire()
        first.changes(3)
        server.stop()
        assert first.ended() == "stopping"
    for thread in threads:
        thread.join()
    before = [change["key"] for change in first.changes(0)]
    assert len(before) < WRITERS * EACH
    with (
        live(live_settings, tmp_path) as server,
        Listener(server, maintainer.who.token, last_event_id=first.last_id) as second,
    ):
        reported.append(maintainer.report("The last", project=web))
        second.wait(lambda: any(reported[-1] in m.data for m in second.messages))
        after = [change["key"] for change in second.changes(1)]
    assert Counter(before + after) == Counter(reported)


def test_a_client_that_does_not_read_is_sent_away_and_misses_nothing(
    served: Server, maintainer: Caller, web: str, session: Session
) -> None:
    key = maintainer.report("Busy", project=web)
    count = 8_000
    with Listener(served, maintainer.who.token) as quick, _deaf(served, maintainer.who) as slow:
        session.execute(
            text(
                "INSERT INTO events (at, actor_kind, change_set, scope_id, subject, subject_id,"
                " kind, field, new) SELECT clock_timestamp(), 'job', gen_random_uuid(),"
                " project_id, 'issue', id, 'changed', 'title', to_jsonb(n || repeat('x', 900))"
                " FROM issues, generate_series(1, :count) n ORDER BY n"
            ),
            {"count": count},
        )
        session.commit()
        quick.wait(lambda: len(quick.messages) >= count or quick.over)
        received = slow.recv_all()
    assert b'"reason":"slow"' in received
    ids = [line[4:] for line in received.decode().splitlines() if line.startswith("id: ")]
    assert len(ids) < count
    # From the last it has got, the rest comes, a share at a time.
    seen = received.count(b"event: change")
    place: str | None = ids[-1]
    while seen < count:
        with Listener(served, maintainer.who.token, last_event_id=place) as again:
            again.wait(
                lambda again=again, seen=seen: (
                    again.over  # type: ignore[misc]
                    or seen + sum(m.event == "change" for m in again.messages) >= count
                )
            )
            seen += sum(m.event == "change" for m in again.messages)
            place = again.last_id
    assert seen == count
    assert maintainer.got(f"/issues/{key}")["title"] == "Busy"


class _Deaf:
    def __init__(self, made: socket.socket) -> None:
        self._socket = made

    def recv_all(self) -> bytes:
        """Read what there is, after the server has given up."""
        parts = []
        self._socket.settimeout(3)
        try:
            while part := self._socket.recv(65536):
                parts.append(part)
                if b"event: end" in part:
                    break
        except TimeoutError:
            pass
        return b"".join(parts).replace(b"\r\n", b"\n")


@contextmanager
def _deaf(server: Server, who: SignedIn) -> Iterator[_Deaf]:
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(PATIENCE)
        made.connect(server.address)
        made.sendall(
            b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Authorization: Bearer " + who.token.encode() + b"\r\n\r\n"
        )
        yield _Deaf(made)


def test_the_api_answers_beside_streams_half_sent_headers_and_slow_bodies(
    settings: Settings, app: Flask, maintainer: Caller, web: str, tmp_path: Path
) -> None:
    many = settings.model_copy(update={"live_streams_per_user": STREAMS})
    token = maintainer.who.token
    header = "GET /api/v1/issues HTTP/1.1\r\nHost: x\r\nX-Slow: "
    body = f"POST /api/v1/issues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    body += 'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"project"'
    with live(many, tmp_path) as server, ExitStack() as stack:
        streams = [stack.enter_context(Listener(server, token)) for _ in range(STREAMS)]
        assert all(stream.status == 200 for stream in streams)
        for begun in [header] * HALF_SENT + [body] * SLOW_BODIES:
            made = stack.enter_context(socket.create_connection(server.address))
            made.sendall(begun.encode())
        for _ in range(50):
            connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
            connection.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert connection.getresponse().status == 200
            connection.close()
        key = maintainer.report("Seen by all", project=web)
        assert {stream.changes(1)[0]["key"] for stream in streams} == {key}
