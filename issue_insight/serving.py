"""The server as a child process: how it is started, watched, and found again."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from issue_insight.embedded import processes

TARGET = "issue_insight.asgi:create"

_STOP_SECONDS = 10.0
_START_SECONDS = 60.0


class ServingError(Exception):
    """The address cannot be used, or the server did not start; one line says why."""


def refuse_taken(host: str, port: int) -> None:
    """Raise `ServingError` unless a server could listen there now."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            # As servers do: an address whose connections are still fading away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError as error:
        raise ServingError(f"You may not listen on port {port}: set PORT to another.") from error
    except OSError as error:
        if isinstance(error, socket.gaierror) or (error.errno != 98 and "in use" not in str(error)):
            raise ServingError(f"HOST={host} is no address of this machine.") from error
        raise ServingError(
            f"Port {port} is taken by another program: set PORT to another, "
            f"as in PORT={port + 1 if port < 65535 else port - 1} make run."
        ) from error


class Server:
    """A server with one worker process, so that scheduled jobs have one home, or with more."""

    def __init__(
        self,
        host: str,
        port: int,
        environment: Mapping[str, str],
        pid_file: Path,
        *,
        target: str = TARGET,
        workers: int = 1,
        log: IO[bytes] | None = None,
    ) -> None:
        """Start it. What it says goes to the terminal, or to `log`."""
        self.address = (host, port)
        self._pid_file, self._target = pid_file, target
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", target]
        command += ["--host", host, "--port", str(port), "--workers", str(workers)]
        command += ["--no-ws", "--log-level", "error"]
        # As many connections as there may be streams, and requests beside them.
        command += ["--backlog", "4096", "--backpressure", "4096"]
        # A worker that is killed is replaced; one that ends at its start, twice in 5.5 s, is not.
        command += ["--respawn-failed-workers"]
        # Streams end when a stop begins; requests under way are waited for this long.
        command += ["--workers-kill-timeout", "3"]
        # Threads share what they free: by default each keeps arrays of metrics to itself.
        self._process = subprocess.Popen(
            command,
            env={"MALLOC_ARENA_MAX": "2", **os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
        )
        pid_file.write_text(f"{self._process.pid}\n")

    def running(self) -> bool:
        """Tell whether the process has not ended."""
        return self._process.poll() is None

    def wait_until_ready(self, keep_waiting: Callable[[], object]) -> None:
        """Return once it answers `/healthz`; call `keep_waiting` meanwhile, which may raise."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if not self.running():
                raise ServingError("The server ended at its start; what it said stands above.")
            if time.monotonic() > deadline:
                raise ServingError(f"The server does not answer after {_START_SECONDS:.0f} s.")
            keep_waiting()
            time.sleep(0.1)

    def _answers(self) -> bool:
        host, port = self.address
        connection = http.client.HTTPConnection(
            "127.0.0.1" if host == "0.0.0.0" else host,  # noqa: S104
            port,
            timeout=5,
        )
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it and its worker; requests under way are answered first."""
        stop_left(self._pid_file, self._target)
        self._process.wait()


def stop_left(pid_file: Path, target: str = TARGET) -> None:
    """Stop the server that `pid_file` names, whoever started it."""
    noted = pid_file.read_text().strip() if pid_file.exists() else ""
    if noted.isdigit():
        found = processes.find(int(noted), target)
        if found is not None:
            processes.stop(found, patience=_STOP_SECONDS, gently=signal.SIGTERM)
        # Where the server itself was killed, its worker lives on, and holds the port.
        for worker in processes.of_session(int(noted), target):
            processes.stop(worker, patience=_STOP_SECONDS, gently=signal.SIGTERM)
    pid_file.unlink(missing_ok=True)
