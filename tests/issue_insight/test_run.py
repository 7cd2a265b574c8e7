"""`python -m issue_insight.run`, as a person at a terminal meets it."""

import http.client
import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import urllib3

from issue_insight.embedded import running_postgres, running_s3, stop_postgres, stop_s3
from issue_insight.embedded.processes import alive
from issue_insight.run import _pages_of
from issue_insight.serving import stop_left
from issue_insight.settings import Settings
from tests.environment import bare_environment

PATIENCE = 120.0
"""Seconds after which a test gives up; nothing is asserted about time."""


class Instance:
    """One run of `make run`'s program on a directory and a port of its own."""

    def __init__(self, directory: Path, port: int, **environment: str) -> None:
        self.directory, self.port = directory, port
        self._process = subprocess.Popen(
            [sys.executable, "-m", "issue_insight.run"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **bare_environment(),
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "DATA_DIR": str(directory),
                "PORT": str(port),
                "DEMO": "0",
                **environment,
            },
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def until(self, words: str) -> "Instance":
        """Wait until a line holds `words`."""
        end = time.monotonic() + PATIENCE
        while words not in self.said:
            assert self._process.poll() is None, f"it ended:\n{self.said}"
            assert time.monotonic() < end, f"it never said {words!r}:\n{self.said}"
            time.sleep(0.05)
        return self

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self._process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        return code

    def refused(self) -> str:
        """Wait for a refusal and return its one line."""
        assert self.ended() == 1, self.said
        assert "Traceback" not in self.said
        errors = [line for line in self.lines if line.startswith("error: ")]
        assert len(errors) == 1, self.said
        assert self.lines[-1] == errors[0]
        return errors[0]

    def get(self, path: str) -> tuple[int, str]:
        """Ask the instance; return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def kill(self) -> None:
        """End the program alone, whatever state it is in; its servers live on, and its output."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def directory() -> Iterator[Path]:
    """A data directory on which nothing runs afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="ii-"))
    made = parent / "data"
    yield made
    if made.exists():
        stop_left(made / "server.pid")
        stop_postgres(made)
        stop_s3(made)
    _remove(parent)


def _remove(parent: Path) -> None:
    """Remove it; the parts of a server that was killed take a moment to notice, and to end."""
    end = time.monotonic() + PATIENCE
    while parent.exists():
        with suppress(OSError):
            shutil.rmtree(parent)
        assert time.monotonic() < end, f"{parent} cannot be removed"


@pytest.fixture
def start(directory: Path) -> Iterator["Start"]:
    """Starts instances on `directory`; kills those that still run at the end."""
    starter = Start(directory)
    yield starter
    for instance in starter.instances:
        instance.kill()


class Start:
    """Starts instances on one directory and one port."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, _free_port()
        self.instances: list[Instance] = []

    def __call__(self, *, port: int | None = None, **environment: str) -> Instance:
        instance = Instance(self.directory, port or self.port, **environment)
        self.instances.append(instance)
        return instance


def _nothing_runs(directory: Path) -> bool:
    """Tell whether no process at all names the directory."""
    return not [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(directory) in word for word in process.info["cmdline"] or ())
    ]


def test_it_starts_serves_says_where_and_stops_without_leaving_anything(start: Start) -> None:
    instance = start().until("Ctrl-C stops it")
    for step in ("database", "files", "tables"):
        assert f"  {step}" in instance.said
    for page in ("/docs", "/sign-in"):
        assert f"http://127.0.0.1:{instance.port}{page}" in instance.said
        assert instance.get(page)[0] == 200
    status, ready = instance.get("/readyz")
    assert status == 200, ready
    files = running_s3(start.directory)
    assert files is not None
    page = f"http://127.0.0.1:{instance.port}"
    asked = {"Origin": page, "Access-Control-Request-Method": "POST"}
    allowed = urllib3.request("OPTIONS", f"{files.endpoint}/issue-insight/", headers=asked)
    assert allowed.headers["Access-Control-Allow-Origin"] == page
    instance.signal(signal.SIGINT)
    assert instance.ended() == 0
    assert instance.lines[-1] == "Issue Insight has stopped."
    assert _nothing_runs(start.directory)


def test_a_second_start_keeps_keys_and_data(start: Start, directory: Path) -> None:
    start().until("Ctrl-C stops it").signal(signal.SIGTERM)
    assert start.instances[0].ended() == 0
    secrets = {name: (directory / name).read_text() for name in ("secret_key", "s3.json")}
    again = start().until("Ctrl-C stops it")
    assert again.get("/readyz")[0] == 200
    assert {name: (directory / name).read_text() for name in secrets} == secrets
    for name in secrets:
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600


def test_after_kill_9_the_next_start_stops_what_was_left_and_carries_on(
    start: Start, directory: Path
) -> None:
    killed = start().until("Ctrl-C stops it")
    killed.kill()
    database, files = running_postgres(directory), running_s3(directory)
    assert database is not None
    assert files is not None
    again = start().until("Ctrl-C stops it")
    assert not alive(database.process)
    assert not alive(files.process)
    assert again.get("/readyz")[0] == 200
    again.signal(signal.SIGTERM)
    assert again.ended() == 0
    assert _nothing_runs(directory)


def test_after_kill_9_of_everything_at_once_the_next_start_carries_on(
    start: Start, directory: Path
) -> None:
    killed = start().until("Ctrl-C stops it")
    server = int((directory / "server.pid").read_text())
    workers = psutil.Process(server).children()
    killed.kill()
    psutil.Process(server).kill()
    database, files = running_postgres(directory), running_s3(directory)
    assert database is not None
    assert files is not None
    database.process.kill()
    files.process.kill()
    # The server's worker is killed by nobody: it lives on, and has the port.
    assert any(alive(worker) for worker in workers)
    again = start().until("Ctrl-C stops it")
    assert not any(alive(worker) for worker in workers)
    assert again.get("/readyz")[0] == 200
    again.signal(signal.SIGTERM)
    assert again.ended() == 0
    assert _nothing_runs(directory)


def test_a_start_says_nothing_but_its_steps(start: Start) -> None:
    instance = start().until("Ctrl-C stops it")
    for words in ("warning", "error", "{", "traceback"):
        assert words not in instance.said.lower()


def test_a_second_instance_on_the_same_directory_is_refused_and_harms_nothing(
    start: Start,
) -> None:
    first = start().until("Ctrl-C stops it")
    refusal = start(port=_free_port()).refused()
    assert "Another instance (process " in refusal
    assert str(start.directory) in refusal
    assert first.get("/readyz")[0] == 200


def test_flask_commands_find_the_running_instance_and_only_that(
    start: Start, directory: Path
) -> None:
    instance = start().until("Ctrl-C stops it")
    root = Path(__file__).parents[2]
    environment = {
        **bare_environment(),
        "DATA_DIR": str(directory),
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-m", "flask", "--app", str(root / "wsgi.py"), "upgrade"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((directory / "run.json").stat().st_mode) == 0o600
    instance.signal(signal.SIGTERM)
    instance.ended()
    assert not (directory / "run.json").exists()


def test_ctrl_c_during_the_start_stops_what_was_started(start: Start, directory: Path) -> None:
    instance = start().until("  database")
    instance.signal(signal.SIGINT)
    assert instance.ended() == 0
    assert _nothing_runs(directory)


def test_when_the_database_dies_it_says_so_and_stops_the_rest(
    start: Start, directory: Path
) -> None:
    instance = start().until("Ctrl-C stops it")
    database = running_postgres(directory)
    assert database is not None
    database.process.send_signal(signal.SIGKILL)
    assert "The PostgreSQL server ended by itself" in instance.refused()
    assert _nothing_runs(directory)


def test_a_taken_port_is_refused_before_anything_is_started(start: Start, directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", start.port))
        taken.listen()
        refusal = start().refused()
    assert f"Port {start.port} is taken" in refusal
    assert not (directory / "postgres").exists()


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_a_port_that_is_none_is_refused(directory: Path, port: str) -> None:
    instance = Instance(directory, 1, PORT=port)
    assert instance.refused().startswith("error: PORT: ")


def test_an_address_of_another_machine_is_refused(start: Start) -> None:
    assert "is no address of this machine" in start(HOST="192.0.2.1").refused()


def test_local_sign_in_is_refused_on_an_open_address(start: Start) -> None:
    assert "use 127.0.0.1" in start(HOST="0.0.0.0").refused()


def test_a_database_that_does_not_answer_is_said_in_one_line(start: Start) -> None:
    url = f"postgresql://nobody@127.0.0.1:{_free_port()}/nothing"
    assert "The database does not answer: " in start(DATABASE_URL=url).refused()
    assert _nothing_runs(start.directory)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "localhost", "postgresql://a:b:c/d"])
def test_a_database_url_that_is_none_is_refused_without_repeating_it(
    start: Start, url: str
) -> None:
    refusal = start(DATABASE_URL=url).refused()
    assert refusal.startswith("error: DATABASE_URL: ")
    assert url not in refusal


def test_an_s3_server_that_does_not_answer_is_said_in_one_line(start: Start) -> None:
    endpoint = f"http://127.0.0.1:{_free_port()}"
    assert "file store" in start(S3_ENDPOINT=endpoint).refused()


def test_servers_of_ones_own_are_used_instead(
    start: Start, directory: Path, settings: Settings
) -> None:
    instance = start(
        DATABASE_URL=settings.database_url.replace("+psycopg2", ""),
        S3_ENDPOINT=settings.s3_endpoint,
        S3_ACCESS_KEY=settings.s3_access_key,
        S3_SECRET_KEY=settings.s3_secret_key.get_secret_value(),
        S3_BUCKET=settings.s3_bucket,
    ).until("Ctrl-C stops it")
    assert "yours, as DATABASE_URL says" in instance.said
    assert f"yours, at {settings.s3_endpoint}" in instance.said
    assert instance.get("/readyz")[0] == 200
    for part in ("postgres", "s3"):
        assert not (directory / part).exists()


def test_a_directory_that_cannot_be_made_is_refused(directory: Path) -> None:
    directory.parent.joinpath("file").write_text("")
    instance = Instance(directory.parent / "file" / "data", _free_port())
    assert "cannot be used: Not a directory" in instance.refused()


def test_a_half_made_database_is_refused_and_left_alone(start: Start, directory: Path) -> None:
    (directory / "postgres" / "base").mkdir(parents=True)
    assert "is incomplete (PG_VERSION is missing)" in start().refused()
    assert (directory / "postgres" / "base").exists()


def test_leftovers_of_an_interrupted_first_start_are_healed(start: Start, directory: Path) -> None:
    (directory / "postgres.new" / "base").mkdir(parents=True)
    (directory / "s3").mkdir()
    (directory / "secret_key").write_text("cut sh")
    (directory / "server.pid").write_text("")
    (directory / "run.json").write_text('{"DATABASE_')
    assert start().until("Ctrl-C stops it").get("/readyz")[0] == 200
    assert json.loads((directory / "run.json").read_text())["PORT"] == str(start.port)


def test_a_full_disk_is_refused(directory: Path) -> None:
    unshare = ["unshare", "-rm"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*unshare, "true"], check=False).returncode
    ):
        pytest.skip("needs a mount of its own, which this machine does not allow")
    directory.mkdir()
    script = 'mount -t tmpfs -o size=16m none "$DATA_DIR" && exec "$0" -m issue_insight.run'
    done = subprocess.run(
        [*unshare, "sh", "-c", script, sys.executable],
        env={
            **bare_environment(),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "DATA_DIR": str(directory),
            "PORT": str(_free_port()),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "is full: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_pages_are_allowed_by_their_origin_however_the_address_is_written() -> None:
    settings = Settings(_env_file=None, public_url="https://issues.example.org/")
    assert "https://issues.example.org" in _pages_of(settings)
