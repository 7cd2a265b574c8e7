"""One open stream: what waits to be sent, within a bound, between the hub and a connection."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from issue_insight.live import frames
from issue_insight.live.feed import Feed, Watcher

PENDING_BYTES = 256 * 1024
"""What may wait for a client that reads slowly; beyond, it is sent away and may come back."""


class Stream:
    """Filled by the hub's threads, emptied by one connection.

    An asynchronous server takes what waits whenever it is woken (`wake`); any other iterates, which
    holds one of its threads.
    """

    def __init__(self, feed: Feed, watcher: Watcher, expires_at: float | None) -> None:
        self.feed, self.watcher, self.expires_at = feed, watcher, expires_at
        self.on_close: Callable[[Stream], None] = lambda _: None
        self.wake: Callable[[], None] | None = None
        self.beat_at = 0.0
        """When the next sign of life is due, on the monotonic clock."""
        self._changed = threading.Condition()
        self._pending: deque[bytes] = deque()
        self._size = 0
        self._ended = self._closed = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will be put in."""
        return self._ended

    @property
    def pending_bytes(self) -> int:
        """How much waits to be taken."""
        return self._size

    def put(self, chunk: bytes) -> None:
        """Let `chunk` be sent. A stream that holds too much already is ended instead."""
        with self._changed:
            if self._ended:
                return
            if self._size + len(chunk) > PENDING_BYTES and self._size:
                # What waits is dropped whole: the client comes back to the last it has got.
                self._pending.clear()
                self._size = 0
                self._end("slow")
            else:
                self._pending.append(chunk)
                self._size += len(chunk)
                self._tell()

    def end(self, reason: str) -> None:
        """Let what waits be sent, then the reason, then nothing more."""
        with self._changed:
            if not self._ended:
                self._end(reason)

    def _end(self, reason: str) -> None:
        self._pending.append(frames.end(reason))
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        self._changed.notify()
        if self.wake is not None:
            self.wake()

    def take(self) -> bytes:
        """Return and forget all that waits, without waiting for more."""
        with self._changed:
            taken = b"".join(self._pending)
            self._pending.clear()
            self._size = 0
            return taken

    def __iter__(self) -> Iterator[bytes]:
        """Yield what comes until the stream ends, waiting in between."""
        while True:
            with self._changed:
                while not self._pending and not self._ended:
                    self._changed.wait()
            taken = self.take()
            if taken:
                yield taken
            elif self._ended:
                return

    def close(self) -> None:
        """Tell that the connection is gone. Any number of times, from any thread."""
        with self._changed:
            if self._closed:
                return
            self._closed = self._ended = True
            self._pending.clear()
            self._changed.notify()
        self.on_close(self)
