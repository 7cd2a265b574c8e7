"""A served application: a process of its own on a port of its own, for what no test client shows.

Open streams, a kill in the middle of writes, two requests at once.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from issue_insight.serving import Server
from issue_insight.settings import Settings


@contextmanager
def live(
    settings: Settings, directory: Path, port: int | None = None, *, workers: int = 1
) -> Iterator[Server]:
    """Serve the application with `settings` and so many workers until the end of the block.

    `server.address` is where; `directory` gets a file that names the process.
    """
    port = port or free_port()
    environment = environment_of(settings) | {"HOST": "127.0.0.1", "PORT": str(port)}
    server = Server("127.0.0.1", port, environment, directory / "server.pid", workers=workers)
    try:
        server.wait_until_ready(lambda: None)
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a process these settings."""
    return {name.upper(): _as_text(value) for name, value in settings if value is not None}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value)
