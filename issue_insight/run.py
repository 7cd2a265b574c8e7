"""`make run`: from nothing to a running instance, and back to nothing running.

Starts an embedded PostgreSQL and S3 unless DATABASE_URL and S3_ENDPOINT name others, brings the
tables up to date, fills a demo project, serves, and stops everything on Ctrl-C or SIGTERM. What a
killed earlier run left behind is stopped first. Whatever stands in the way is said in one line.
"""

import errno
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeVar

import psutil
from pydantic import ValidationError

from issue_insight import handover
from issue_insight.embedded import (
    S3,
    EmbeddedError,
    Postgres,
    start_postgres,
    start_s3,
    stop_postgres,
    stop_s3,
)
from issue_insight.embedded.locking import Held, locked
from issue_insight.embedded.processes import alive
from issue_insight.http.site import PAGE
from issue_insight.serving import Server, ServingError, refuse_taken, stop_left
from issue_insight.settings import Settings

ROOM_BYTES = 256 * 1024 * 1024
"""What a start wants free on the disk: less is soon none, and a full disk stops a database."""


Started = TypeVar("Started")


class Refused(Exception):
    """The instance cannot run; one line says why."""


class Stopped(Exception):
    """Somebody asked for the end."""


class Run:
    """One run of one instance, from the lock on its directory to the last server's end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.directory = settings.data_dir.expanduser().absolute()
        self._end = threading.Event()
        self._watched: dict[str, psutil.Process] = {}

    def ask_to_stop(self, *_: int | FrameType | None) -> None:
        """Stop at the next step; servers are never left half started."""
        self._end.set()

    def _go_on(self) -> None:
        if self._end.is_set():
            raise Stopped

    def __call__(self) -> None:
        """Start everything, serve until asked to stop, stop everything.

        Raises `Refused`, `EmbeddedError`, `ServingError` or `OSError`, each with its reason.
        """
        with ExitStack() as stack:
            stack.enter_context(_owned(self.directory))
            pid_file = self.directory / "server.pid"
            stop_left(pid_file)
            refuse_taken(self.settings.host, self.settings.port)
            _refuse_full(self.directory)
            environment = self._environment()
            environment |= self._start_database(stack)
            environment |= self._start_files(stack)
            self._prepare(environment)
            handover.publish(self.directory, environment)
            stack.callback(handover.withdraw, self.directory)
            server = Server(self.settings.host, self.settings.port, environment, pid_file)
            stack.callback(server.stop)
            server.wait_until_ready(self._go_on)
            self._say_where()
            self._watch(server)

    def _watch(self, server: Server) -> None:
        while server.running():
            for name, process in self._watched.items():
                if not alive(process):
                    raise Refused(f"The {name} ended by itself: see the logs in {self.directory}.")
            if self._end.wait(0.5):
                print("\nIssue Insight is stopping.", flush=True)
                raise Stopped
        raise ServingError("The server ended by itself; what it said stands above.")

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        environment = {
            "DATA_DIR": str(self.directory),
            "HOST": settings.host,
            "PORT": str(settings.port),
            "SCHEDULER_ENABLED": "1",
        }
        if settings.secret_key is None:
            environment["SECRET_KEY"] = _kept_secret(self.directory / "secret_key")
        if not settings.identity_provider_configured:
            environment |= {"ENVIRONMENT": "development", "LOCAL_SIGN_IN": "1"}
        return environment

    def _start_database(self, stack: ExitStack) -> dict[str, str]:
        self._go_on()
        if "database_url" in self.settings.model_fields_set:
            stop_postgres(self.directory)
            _say("database", "yours, as DATABASE_URL says")
            return {"DATABASE_URL": self.settings.database_url}
        postgres: Postgres = _timed(
            "database", "PostgreSQL 18", lambda: start_postgres(self.directory)
        )
        stack.callback(postgres.stop)
        self._watched["PostgreSQL server"] = postgres.process
        return {"DATABASE_URL": postgres.url()}

    def _start_files(self, stack: ExitStack) -> dict[str, str]:
        self._go_on()
        settings = self.settings
        if "s3_endpoint" in settings.model_fields_set:
            stop_s3(self.directory)
            _say("files", f"yours, at {settings.s3_endpoint}")
            return {
                "S3_ENDPOINT": settings.s3_endpoint,
                "S3_ACCESS_KEY": settings.s3_access_key,
                "S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
                "S3_BUCKET": settings.s3_bucket,
            }
        s3: S3 = _timed(
            "files",
            "S3 server",
            lambda: start_s3(
                self.directory, bucket=settings.s3_bucket, origins=_pages_of(settings)
            ),
        )
        stack.callback(s3.stop)
        self._watched["S3 server"] = s3.process
        return {
            "S3_ENDPOINT": s3.endpoint,
            "S3_ACCESS_KEY": s3.access_key,
            "S3_SECRET_KEY": s3.secret_key,
            "S3_BUCKET": settings.s3_bucket,
        }

    def _prepare(self, environment: dict[str, str]) -> None:
        """Let a process of its own migrate and fill; it prints its own steps and troubles."""
        self._go_on()
        preparing = subprocess.Popen(
            [sys.executable, "-m", "issue_insight.prepare"],
            # Migrations tell every revision: of interest to whoever asks for it.
            env={"LOG_LEVEL": "warning", **os.environ, **environment, "SCHEDULER_ENABLED": "0"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        while preparing.poll() is None:
            if self._end.wait(0.1):
                preparing.terminate()
                preparing.wait()
                raise Stopped
        if preparing.returncode != 0:
            raise Refused("")

    def _say_where(self) -> None:
        host = "127.0.0.1" if self.settings.host == "0.0.0.0" else self.settings.host  # noqa: S104
        base = f"http://{host}:{self.settings.port}"
        print()
        if (self.settings.frontend_dir / PAGE).is_file():
            print(f"  open      {base}")
        print(f"  API       {base}/api/v1\n  try it    {base}/docs", flush=True)
        if self.settings.identity_provider_configured:
            print("  sign in   with your identity provider", flush=True)
        else:
            print(f"  sign in   {base}/sign-in", flush=True)
        print(f"\nEverything is kept in {self.directory}. Ctrl-C stops it.", flush=True)


def _pages_of(settings: Settings) -> list[str]:
    """Return the origins that our own pages have: large files go from there straight to S3."""
    here = [f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost")]
    return [*([settings.public_url] if settings.public_url else []), *here]


@contextmanager
def _owned(directory: Path) -> Iterator[None]:
    """Make the directory and hold it for this process alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(directory / handover.LOCK))
        except Held as held:
            raise Refused(
                f"Another instance (process {held.owner}) already uses {directory}: stop it, or "
                "choose another DATA_DIR."
            ) from held
        handover.withdraw(directory)
        yield


def _refuse_full(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < ROOM_BYTES:
        raise Refused(
            f"The disk that holds {directory} is full: {free // 1024**2} MB are free, "
            f"{ROOM_BYTES // 1024**2} MB are needed."
        )


def _kept_secret(path: Path) -> str:
    """Return the secret kept in `path`; make it if absent or cut short."""
    kept = path.read_text().strip() if path.exists() else ""
    if len(kept) < 32:
        kept = secrets.token_urlsafe(48)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(kept)
    return kept


def _say(step: str, what: str) -> None:
    print(f"  {step:<9} {what}", flush=True)


def _timed(step: str, what: str, start: Callable[[], Started]) -> Started:
    began = time.monotonic()
    started = start()
    _say(step, f"{what}, ready after {time.monotonic() - began:.1f} s")
    return started


def main() -> int:
    """Run; print one line and return 1 for whatever stands in the way."""
    try:
        run = Run(Settings())
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"]).upper()
            print(f"error: {name}: {fault['msg']}", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, run.ask_to_stop)
    print("Issue Insight is starting.", flush=True)
    try:
        run()
    except Stopped:
        print("Issue Insight has stopped.", flush=True)
        return 0
    except OSError as error:
        full = error.errno == errno.ENOSPC
        problem = (
            f"The disk that holds {run.directory} is full."
            if full
            else f"{run.directory} cannot be used: {error.strerror} ({error.filename})."
        )
    except (Refused, EmbeddedError, ServingError) as error:
        problem = str(error)
    if problem:
        print(f"error: {problem}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
