"""How quickly do changes reach a thousand open streams, and what does a stream cost?

    python bench/live.py                        # 1,000 streams, 50 changes a second, ten seconds
    python bench/live.py --streams 200 --seen few

Real servers, one served application, verified tokens. `--seen all`: every stream sees every
change, the worst there is; `few`: each person sees the issues assigned to them. Delivery is counted
from the instant in the event, which lies before the commit, to the arrival at the client. Client,
server and database share the machine.

The changes are written straight into the log, one transaction each, beside the server.
"""

import argparse
import re
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import orjson
import psutil
from flask import Flask
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench.load import one_by_one, request
from issue_insight.app import create_app
from issue_insight.auth.state import auth_of
from issue_insight.db import db, unit_of_work
from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing import servers
from issue_insight.testing.live import live

PER_PERSON = 10
CHANGE = text(
    "INSERT INTO events (at, actor_kind, change_set, scope_id, subject, subject_id, kind, field,"
    " old, new) SELECT clock_timestamp(), 'person', gen_random_uuid(), project_id, 'issue', id,"
    " 'changed', 'severity', '\"low\"', '\"high\"' FROM issues WHERE number = :number"
)
"""One change as the log has it. The pace is then the one asked for, whatever a PATCH takes."""
_AT = re.compile(rb'"at":"([^"]+)"')


@contextmanager
def served(directory: Path) -> Iterator[tuple[Flask, Server]]:
    """Serve the application on databases of its own."""
    with servers.home():
        postgres, s3 = servers.postgres(), servers.s3()
        postgres.create_database("bench", template=servers.TEMPLATE)
        settings = Settings(
            _env_file=None,
            environment="development",
            local_sign_in=True,
            log_level="warning",
            database_url=postgres.url("bench"),
            data_dir=directory,
            secret_key=SecretStr("only for measuring"),
            s3_endpoint=s3.endpoint,
            s3_access_key=s3.access_key,
            s3_secret_key=SecretStr(s3.secret_key),
        )
        app = create_app(settings)
        with live(settings, directory) as server:
            yield app, server


def people(app: Flask, count: int) -> list[str]:
    """Sign people in, one maintainer in five, the first an admin; return their tokens."""
    local = auth_of(app).local
    assert local is not None
    tokens = []
    with app.app_context():
        for n in range(count):
            role = "admin" if n == 0 else "maintainer" if n % 5 == 1 else "reporter"
            with unit_of_work() as session:
                signed = local.sign_in(session, f"p{n}@example.org", f"P {n}", role, timedelta(1))
            tokens.append(signed[0])
    return tokens


class Api:
    """One keep-alive connection of one person."""

    def __init__(self, server: Server, token: str) -> None:
        self._connection = HTTPConnection(*server.address, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: object = None) -> dict[str, object]:
        headers = self._headers | ({"If-Match": "*"} if method == "PATCH" else {})
        data = None if body is None else orjson.dumps(body)
        self._connection.request(method, f"/api/v1{path}", data, headers)
        answer = self._connection.getresponse()
        body_text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {body_text.decode()}")
        return dict(orjson.loads(body_text))


class Streams:
    """All open streams, read by one thread; delays are in seconds."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.delays: list[float] = []
        self.ended = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def open(self, server: Server, token: str, q: str) -> None:
        """Open one more."""
        made = socket.create_connection(server.address, timeout=30)
        headers = {"Authorization": f"Bearer {token}"}
        made.sendall(request(f"/api/v1/live?q={quote(q)}", headers))
        if b" 200 " not in made.recv(4096):
            raise SystemExit("a stream was refused")
        made.setblocking(False)
        self.selector.register(made, selectors.EVENT_READ)

    def begin(self) -> None:
        """Read from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close all."""
        self._end.set()
        self._thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        while not self._end.is_set():
            for key, _ in self.selector.select(timeout=0.2):
                got = key.fileobj.recv(262144)  # type: ignore[union-attr]
                now = time.time()
                if not got or b"event: end" in got:
                    self.ended += 1
                    self.selector.unregister(key.fileobj)
                # An instant that two reads share is left out; there are tens of thousands.
                for found in _AT.findall(got):
                    self.delays.append(now - datetime.fromisoformat(found.decode()).timestamp())


def family(server: Server) -> list[psutil.Process]:
    """Return the server's processes."""
    process = psutil.Process(int(server._pid_file.read_text()))
    return [process, *process.children(recursive=True)]


def memory(server: Server) -> float:
    """Return what the server's processes hold, in kilobytes."""
    return float(sum(process.memory_full_info().uss for process in family(server))) / 1024


def processor(server: Server) -> float:
    """Return the seconds the server's processes have worked."""
    return float(sum(sum(process.cpu_times()[:2]) for process in family(server)))


def plain(server: Server, token: str) -> str:
    """Say how an ordinary request fares."""
    sent = request("/api/v1/me", {"Authorization": f"Bearer {token}", "Connection": "close"})
    seen = one_by_one(server.address[1], sent, count=200)
    return f"{seen.count - seen.failed} of 200 answered, p50 {seen.p50:.0f}, p99 {seen.p99:.0f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=50, help="a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--seen", choices=("all", "few"), default="all")
    asked = parser.parse_args()
    table = Table("", f"{asked.streams} streams, {asked.changes} changes/s, seen by {asked.seen}")
    with (
        ExitStack() as stack,
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory)) as (app, server),
    ):
        tokens = people(app, asked.streams // PER_PERSON)
        admin = Api(server, tokens[0])
        admin("POST", "/projects", {"key": "WEB", "name": "Bench", "visibility": "all"})
        keys = [
            str(admin("POST", "/issues", {"project": "WEB", "title": f"Issue {n}"})["key"])
            for n in range(50)
        ]
        # Whom the changes of each issue are for, where each person follows their own.
        for n, key in enumerate(keys):
            someone = Api(server, tokens[n % len(tokens)])("GET", "/me")["id"]
            admin("PATCH", f"/issues/{key}", {"assignee": someone})
        table.add_row("request, no stream", plain(server, tokens[0]))
        before = memory(server)
        streams = Streams()
        stack.callback(streams.stop)
        filters = ["", "is:open", "project:WEB"] if asked.seen == "all" else ["assignee:@me"]
        for n in range(asked.streams):
            streams.open(server, tokens[n % len(tokens)], filters[n % len(filters)])
        streams.begin()
        time.sleep(3)
        table.add_row("memory a stream", f"{(memory(server) - before) / asked.streams:.0f} KB")
        table.add_row("request beside idle streams", plain(server, tokens[0]))
        used, began = processor(server), time.monotonic()
        done = 0
        with app.app_context(), db.engine.connect() as writing:
            for n in range(asked.changes * asked.seconds):
                time.sleep(max(0.0, began + n / asked.changes - time.monotonic()))
                writing.execute(CHANGE, {"number": n % len(keys) + 1})
                writing.commit()
                done += 1
        took = time.monotonic() - began
        used = processor(server) - used
        time.sleep(1)
        delays = sorted(streams.delays)
        table.add_row("changes a second, in fact", f"{done / took:.0f}")
        table.add_row("deliveries a second", f"{len(delays) / took:,.0f}")
        table.add_row("processors at work in the server", f"{used / took:.2f}")
        if delays:
            table.add_row("delivery p50", f"{statistics.median(delays) * 1000:.0f} ms")
            table.add_row("delivery p99", f"{delays[int(len(delays) * 0.99)] * 1000:.0f} ms")
        table.add_row("streams that ended", str(streams.ended))
        table.add_row(
            "memory a stream, after", f"{(memory(server) - before) / asked.streams:.0f} KB"
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
