"""Servers that are not well: nobody at the port, or somebody who never says a word."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal


def dead_endpoint() -> str:
    """Return the URL of a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def mute_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Run a server that accepts, and never answers; give its URL and the connections it got."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:  # closed: the test is over
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", held
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


@contextmanager
def ill_server(how: Literal["dead", "mute"]) -> Iterator[str]:
    """Give the URL of a server that is ill in one of these ways."""
    if how == "dead":
        yield dead_endpoint()
    else:
        with mute_server() as (endpoint, _):
            yield endpoint
