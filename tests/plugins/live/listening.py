"""A client of the stream: a raw connection, read on a thread, as a browser's `fetch` would."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from issue_insight.serving import Server

PATIENCE = 20.0
"""Seconds until a test gives up; nothing is expected to take this long."""


@dataclass
class Message:
    """One server-sent event."""

    id: str | None = None
    event: str = "message"
    data: str = ""

    @property
    def json(self) -> Any:
        """The data, read."""
        return json.loads(self.data)


@dataclass
class Listener:
    """One open stream; a context manager that leaves it."""

    server: Server
    token: str
    q: str = ""
    last_event_id: str | None = None
    status: int = 0
    headers: str = ""
    messages: list[Message] = field(default_factory=list)
    last_id: str | None = None
    beats: int = 0
    over: bool = False

    def __enter__(self) -> Self:
        self._changed = threading.Condition()
        self._socket = socket.create_connection(self.server.address, timeout=PATIENCE)
        lines = [f"GET /api/v1/live?q={quote(self.q)} HTTP/1.1", "Host: 127.0.0.1"]
        lines.append(f"Authorization: Bearer {self.token}")
        if self.last_event_id is not None:
            lines.append(f"Last-Event-ID: {self.last_event_id}")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = "".join(line.decode() for line in iter(self._file.readline, b"\r\n"))
        self._thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self._thread.start()
            self.wait(lambda: self.last_id is not None or self.over)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        left, message = b"", Message()
        try:
            while size := int(self._file.readline() or b"0", 16):
                left += self._file.read(size)
                self._file.readline()
                *lines, left = left.split(b"\n")
                with self._changed:
                    for line in lines:
                        message = self._line(line.decode(), message)
                    self._changed.notify_all()
        except (OSError, ValueError):
            pass
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def _line(self, line: str, message: Message) -> Message:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "id":
                    message.id = value
                case "event":
                    message.event = value
                case "data":
                    message.data += value
                case "":
                    self.beats += 1
            return message
        if message.id is not None:
            self.last_id = message.id
        if message.data:
            self.messages.append(message)
        return Message()

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until something holds of what has come."""
        with self._changed:
            assert self._changed.wait_for(until, PATIENCE), self.messages[-5:]

    def changes(self, count: int) -> list[Any]:
        """Wait for so many changes; return all there are by then."""
        self.wait(lambda: sum(m.event == "change" for m in self.messages) >= count)
        return [m.json for m in self.messages if m.event == "change"]

    def ended(self) -> str:
        """Wait for the end; return the reason that was given."""
        self.wait(lambda: self.over)
        assert self.messages[-1].event == "end"
        return str(self.messages[-1].json["reason"])
