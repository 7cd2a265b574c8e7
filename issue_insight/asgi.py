"""The application as a server sees it: requests on threads, event streams and slow bodies on none.

An ASGI application around the WSGI one, for granian (docs/decisions/0005-live.md). A request gets
one of the threads when it is whole, so that whoever sends slowly holds none. A view that answers
with a `Stream` gives its thread back at once: the stream is served by the event loop, at the pace
at which its client reads.
"""

import asyncio
import gc
import io
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout, ServiceUnavailable

from issue_insight import metrics
from issue_insight.app import create_app
from issue_insight.http.limits import REFUSAL
from issue_insight.live import Stream, hub_of
from issue_insight.settings import Settings
from issue_insight.turns import Turns

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

THREADS = 64
"""How many requests can have begun: those at work, and those that wait for something."""
UPLOADS = 16
"""How many of them may take in a body too large to be held in memory."""
BODY_SECONDS = 30.0
"""In which a body has to arrive that is held in memory; a larger one may pause that long."""
SEND_SECONDS = 30.0
"""How long a client may take in nothing before its connection is given up."""
WHOLE_BYTES = 256 * 1024
"""Answers up to this size are sent in one piece."""


class _Gone(Exception):
    """The client has left."""


class Application:
    """One WSGI application, served by one event loop and some threads."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._body_max = cast(Settings, app.extensions["issue_insight"].settings).body_max_bytes
        self._pool = ThreadPoolExecutor(THREADS, "request")
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._turns = Turns()
        self._bell: _Bell | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            with suppress(_Gone):
                await self._request(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """End open streams at the first word of a stop: the server waits for connections."""
        for number in (signal.SIGTERM, signal.SIGINT):
            # Beside the event loop's own handler, which goes on being told.
            signal.signal(number, lambda *_: hub_of(self._app).stop())
            signal.siginterrupt(number, False)
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        hub_of(self._app).stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        environ = _environ(scope)
        loop = asyncio.get_running_loop()
        length = environ.get("CONTENT_LENGTH", "")
        large = length.isdigit() and int(length) > self._body_max
        begun, more = b"", large
        if not large and (length not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    begun, more = await _body(receive, self._body_max)
            except TimeoutError:
                refusal: HTTPException = RequestTimeout("The body took too long.")
                return await self._refuse(refusal, environ, receive, send)
            except _Gone:
                # Or the body is malformed: the server says the same of both, and would answer 500.
                refusal = BadRequest("The body broke off.")
                return await self._refuse(refusal, environ, receive, send)
        if not more:
            environ["wsgi.input"] = io.BytesIO(begun)
            return await self._answer(environ, receive, send)
        if self._uploads.locked():
            text = "Too many large uploads are under way. Please try again shortly."
            refusal = ServiceUnavailable(text, retry_after=5)
            return await self._refuse(refusal, environ, receive, send)
        async with self._uploads:
            environ["wsgi.input"] = io.BufferedReader(_Incoming(begun, receive, loop))
            return await self._answer(environ, receive, send)

    async def _refuse(
        self, refusal: HTTPException, environ: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        """Let the application refuse a request before it looks at it: as every other error."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What is left of the body would be taken for the next request.
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        metrics.REFUSED.labels(str(refusal.code)).inc()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {REFUSAL: refusal, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
        await self._answer(environ, receive, closing)

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        async with self._turns.one():
            begin, stream, body = await loop.run_in_executor(
                self._pool, self._call, environ, send, loop
            )
        if stream is not None:
            await send(begin)
            if self._bell is None:
                self._bell = _Bell(loop)
            await _serve(stream, self._bell, receive, send)
        elif begin:
            await send(begin)
            await send({"type": "http.response.body", "body": body})

    def _call(
        self, environ: dict[str, Any], send: Send, loop: asyncio.AbstractEventLoop
    ) -> tuple[Message, Stream | None, bytes]:
        """Call the application, on a thread; send a long answer from here, piece by piece."""
        begin: Message = {}

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            begin.update(
                type="http.response.start",
                status=int(status[:3]),
                headers=[(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
            )
            return None

        answer = self._app.wsgi_app(environ, start)
        if isinstance(answer, Stream):
            return begin, answer, b""
        try:
            pieces = iter(answer)
            body, more = _first(pieces)
            if not more:
                return begin, None, body
            self._send_long(begin, body, pieces, send, loop)
            return {}, None, b""
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    @staticmethod
    def _send_long(
        begin: Message,
        body: bytes,
        pieces: Iterator[bytes],
        send: Send,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        def put(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(
                asyncio.wait_for(cast(Any, send(message)), SEND_SECONDS), loop
            ).result()

        try:
            put(begin)
            put({"type": "http.response.body", "body": body, "more_body": True})
            for piece in pieces:
                put({"type": "http.response.body", "body": piece, "more_body": True})
            put({"type": "http.response.body", "body": b""})
        except TimeoutError as error:
            raise _Gone from error


class _Bell:
    """Wakes what the loop serves, from other threads: many at a time by one call of the system.

    One for each of a thousand streams costs more than all that is sent, and each call lets go of
    the interpreter, for which requests then queue with the streams.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._rung = loop, deque[asyncio.Event]()
        self._under_way = False

    def ring(self, woken: asyncio.Event) -> None:
        """Set `woken`, soon. From any thread."""
        self._rung.append(woken)
        # Looked at after the append: a `_wake` that has yet to clear it finds what was appended.
        if not self._under_way:
            self._under_way = True
            with suppress(RuntimeError):  # the loop is closed: the process ends
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._under_way = False
        while self._rung:
            self._rung.popleft().set()


async def _serve(stream: Stream, bell: _Bell, receive: Receive, send: Send) -> None:
    """Send what the stream gets until it ends, its client leaves, or does not read any more."""
    woken = asyncio.Event()

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        stream.close()
        woken.set()

    stream.wake = lambda: bell.ring(woken)
    leaving = asyncio.create_task(leave())
    try:
        while True:
            woken.clear()
            ended, taken = stream.ended, stream.take()
            if taken:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": taken, "more_body": True})
            elif ended:
                break
            else:
                await woken.wait()
        if not leaving.done():
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError as error:
        raise _Gone from error
    finally:
        leaving.cancel()
        stream.close()


async def _body(receive: Receive, most: int) -> tuple[bytes, bool]:
    """Return the body, or its beginning and true where it is larger than `most`."""
    parts, size = [], 0
    while size <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts), False
    return b"".join(parts), True


class _Incoming(io.RawIOBase):
    """A large body, read on a thread while it arrives."""

    def __init__(self, begun: bytes, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._left, self._receive, self._loop = begun, receive, loop
        self._more = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and self._more:
            message = asyncio.run_coroutine_threadsafe(
                asyncio.wait_for(cast(Any, self._receive()), BODY_SECONDS), self._loop
            ).result()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client has left")
            self._left = message.get("body", b"")
            self._more = bool(message.get("more_body"))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _first(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the whole answer or, where it is long, its beginning and true."""
    begun, size = [], 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > WHOLE_BYTES:
            return b"".join(begun), True
    return b"".join(begun), False


def _environ(scope: Message) -> dict[str, Any]:
    """Return the request as PEP 3333 has it."""
    path = scope.get("raw_path") or scope["path"].encode()
    server, client = scope.get("server") or ("", ""), scope.get("client") or ("", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        # The input ends where the body does, also without a Content-Length.
        "wsgi.input_terminated": True,
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if name in environ:
            value = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + value
        environ[name] = value
    return environ


def create() -> Application:
    """Build the application from the environment's settings, as a process of a server does."""
    application = Application(create_app())
    # What stays is not looked through again each time: with it, a collection takes 180 ms, in
    # which nobody is served.
    gc.collect()
    gc.freeze()
    return application
