"""The text of server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import orjson

from issue_insight.journal.following import Position

RETRY_MS = 2000
"""How long a client waits before it comes back to a stream that broke."""


def opening(position: Position) -> bytes:
    """Return what a stream begins with: from here on nothing is missed."""
    return f"retry: {RETRY_MS}\nid: {position}\n\n".encode()


def event(position: Position, data: bytes) -> bytes:
    """Return one change; `data` is JSON on one line."""
    return b"id: " + str(position).encode() + b"\nevent: change\ndata: " + data + b"\n\n"


def heartbeat(position: Position) -> bytes:
    """Return a sign of life that also tells how far the stream has come."""
    return f": here\nid: {position}\n\n".encode()


def end(reason: str) -> bytes:
    """Return the last event of a stream that the server ends, with the reason."""
    return b"event: end\ndata: " + orjson.dumps({"reason": reason}) + b"\n\n"


def reset() -> bytes:
    """Return the event that says: the place you ask for is not of this log, read everything anew.

    The empty id makes a browser forget the place.
    """
    return b"id:\nevent: reset\ndata: {}\n\n"
