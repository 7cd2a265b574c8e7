"""How many requests with a body are let in at once: a slow sender holds a thread of the server.

Threads are few, and no WSGI server takes one back from a body that does not come. So bodies get
only a part of the threads, and one person only a part of that: slow senders, for a bad line or bad
will, keep nobody from reading, and one of them keeps nobody else from writing.
"""

import threading
from collections import Counter

from flask import Flask, g, request

from issue_insight.errors import Unavailable
from issue_insight.settings import Settings

_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Admission:
    """Counts who is inside: `limit` at most, and two thirds of that for one person."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._each = max(1, limit * 2 // 3)
        self._inside: Counter[int | None] = Counter()
        self._lock = threading.Lock()

    def enter(self, who: int | None) -> None:
        """Let a request of `who` in, None for those of nobody. Raises `Unavailable` when full."""
        with self._lock:
            if self._inside[who] >= self._each or self._inside.total() >= self._limit:
                raise Unavailable(
                    "Too many requests are being sent at the moment. Please try again shortly.",
                    retry_after=1,
                )
            self._inside[who] += 1

    def leave(self, who: int | None) -> None:
        """Let one request of `who` out again."""
        with self._lock:
            self._inside[who] -= 1
            if not self._inside[who]:
                del self._inside[who]


def register(app: Flask, settings: Settings) -> None:
    """Bound the requests with a body of `app`; to be called once the guard is in place."""
    admission = Admission(settings.bodies_at_once)

    def enter() -> None:
        # A body that comes with these is not read.
        if request.method in _WITHOUT_BODY:
            return
        who = getattr(g.get("principal"), "user_id", None)
        admission.enter(who)
        g.admitted = who

    def leave(_: BaseException | None) -> None:
        if "admitted" in g:
            admission.leave(g.pop("admitted"))

    app.before_request(enter)
    app.teardown_request(leave)
