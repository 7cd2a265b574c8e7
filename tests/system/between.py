"""A server between the application and S3, which can stop passing things on, or say it is full."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

Mood = Literal["well", "gone", "cuts", "slow", "507", "503"]

_FULL = (
    b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s"
)
_SAID = b"<?xml version='1.0'?><Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>"
_REASONS = {"507": b"507 Insufficient Storage", "503": b"503 Service Unavailable"}


class Between:
    """Passes bytes on to a server as its `mood` is: a context manager.

    - `gone`: closes every connection at once
    - `cuts`: passes the beginning of what is sent, then breaks off
    - `slow`: holds each piece for a tenth of a second
    - `507`, `503`: answers every writing request so, and passes the others on
    """

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._server = (parts.hostname or "", parts.port or 80)
        self.mood: Mood = "well"
        self.requests = 0
        """How many requests came while it was not well."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.mood == "gone":
                self.requests += 1
                return
            with socket.create_connection(self._server) as server:
                back = threading.Thread(target=self._back, args=(server, client), daemon=True)
                back.start()
                while piece := client.recv(65536):
                    mood = self.mood
                    self.requests += mood != "well"
                    if mood == "gone":
                        break
                    if mood == "cuts":
                        server.sendall(piece[: len(piece) // 2])
                        break
                    if mood in _REASONS and piece.startswith((b"PUT ", b"POST ")):
                        client.sendall(_FULL % (_REASONS[mood], len(_SAID), _SAID))
                        client.shutdown(socket.SHUT_WR)
                        while client.recv(65536):
                            pass
                        break
                    if mood == "slow":
                        time.sleep(0.1)
                    server.sendall(piece)
                for end in (server, client):
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join()

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(65536):
                if self.mood == "slow":
                    time.sleep(0.1)
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
