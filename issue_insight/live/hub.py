"""The hub of a process: follows the log once, for all streams, and fans out what each may see.

One thread waits for PostgreSQL's notice, reads what was committed since, asks each feed once who
sees what, and hands every stream its share. Few others bring streams that come back up to date.
"""

import select as readiness
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import structlog
from flask import Flask, Response, g, request
from sqlalchemy import Connection, Engine, Row, create_engine, select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from issue_insight import clock, metrics, tracing
from issue_insight.auth.principal import Principal
from issue_insight.auth.state import auth_of
from issue_insight.auth.tokens.resolving import tokens_in_force
from issue_insight.auth.users import User
from issue_insight.errors import TooMany, Unavailable
from issue_insight.http.blueprint import PREFIX
from issue_insight.journal.following import CHANNEL, Position, Snapshot, between, present
from issue_insight.live import frames
from issue_insight.live.feed import Feed, Watcher
from issue_insight.live.stream import Stream
from issue_insight.settings import Settings

log = structlog.get_logger("issue_insight.live")

EXTENSION = "issue_insight.live"
LAST_EVENT_ID = "Last-Event-ID"
PAGE = 500
"""Events that are read and matched at a time."""
SENDING = 0.00005
"""Seconds that one stream's share takes to be sent, about. A step waits for the shares of the one
before, so that under load more events go out together, and a quiet hub tells of each at once.
"""
AGAIN = 0.05
"""Seconds until the next look while transactions are under way that may not be told of."""
IDLE = 1.0
RECHECK = 15.0
"""Seconds between two looks at all watchers' rows; a change of a user is looked at at once."""
CATCHING_UP = 2
"""Threads that bring returning streams up to date."""

Told = Callable[[], None]


class Hub:
    """All streams of one process. Its thread starts with the first stream."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._per_user: Counter[int | None] = Counter()
        self._base: Snapshot | None = None
        self._engine: Engine | None = None
        self._stopping = threading.Event()
        self._recheck_at = 0.0
        self._sending = 0.0
        self._catching_up = ThreadPoolExecutor(CATCHING_UP, "live-catching-up")

    @property
    def place(self) -> str | None:
        """How far the log has been read, as an id of a stream; None where nothing is followed."""
        base = self._base
        return None if base is None else str(Position(base))

    def open(
        self,
        feed: Feed,
        principal: Principal,
        q: str,
        *,
        last_event_id: str | None,
        expires_at: float | None,
    ) -> Stream:
        """Open a stream from now on, or from where the client has come to.

        Raises `TooMany` beyond the bound of this person, `Unavailable` beyond that of the process
        or when it is stopping.
        """
        stream = Stream(feed, Watcher(principal, q), expires_at)
        self._admit(stream)
        try:
            base = self._follow()
            place = Position(base)
            if last_event_id:
                place = Position.parse(last_event_id)
                if (place.target or place.base).xmax > base.xmax:
                    with self._step_connection() as connection:
                        if (place.target or place.base).xmax > present(connection).xmax:
                            raise ValueError("of another log")
        except ValueError:
            stream.put(frames.reset())
            place = Position(base)
        except BaseException:
            stream.close()
            raise
        stream.put(frames.opening(place))
        if not self._join(stream, place):
            self._catching_up.submit(self._catch_up, stream, place)
        return stream

    def stop(self) -> None:
        """End every stream; no other is opened."""
        self._stopping.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.end("stopping")

    def _admit(self, stream: Stream) -> None:
        user = stream.watcher.principal.user_id
        with self._lock:
            if self._stopping.is_set() or self._per_user.total() >= self._settings.live_streams:
                raise Unavailable("There are as many open streams as this instance keeps.")
            if self._per_user[user] >= self._settings.live_streams_per_user:
                raise TooMany(
                    f"You have {self._per_user[user]} streams open; close one before the next."
                )
            self._per_user[user] += 1
        metrics.STREAMS.inc()
        stream.on_close = self._forget

    def _forget(self, stream: Stream) -> None:
        user = stream.watcher.principal.user_id
        with self._lock:
            self._streams.discard(stream)
            self._per_user[user] -= 1
            if not self._per_user[user]:
                del self._per_user[user]
        metrics.STREAMS.dec()

    def _join(self, stream: Stream, place: Position) -> bool:
        """Let the stream get what the hub reads from now on, if it has come as far as the hub."""
        with self._lock:
            if place.target is not None or place.base != self._base:
                return False
            if not stream.ended:
                self._streams.add(stream)
                self._recheck_at = 0.0  # the role may have changed since the request came in
            return True

    def _follow(self) -> Snapshot:
        with self._lock:
            if self._base is not None:
                return self._base
            # An engine of its own: streams never wait for a request, nor requests for streams.
            # Compiling its small queries anew each time would cost more than they do.
            self._engine = create_engine(
                self._settings.database_url,
                pool_size=2 + CATCHING_UP,
                connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c jit=off"},
                # Feeds look with many eyes at once, at what only PostgreSQL sees to be joined.
                enable_from_linting=False,
            ).execution_options(isolation_level="AUTOCOMMIT")
            tracing.trace_statements(self._app, self._engine)
            with self._engine.connect() as connection:
                self._base = present(connection)
            threading.Thread(target=self._run, name="live", daemon=True).start()
            return self._base

    def _step_connection(self) -> Connection:
        return cast(Engine, self._engine).connect()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._step_connection() as listening:
                    listening.execute(text(f"LISTEN {CHANNEL}"))
                    while not self._stopping.is_set():
                        self._step()
                        metrics.FOLLOWER_READ.labels("live").set_to_current_time()
                        self._wait(listening)
            except (OperationalError, InterfaceError) as error:
                log.warning("live_database_unavailable", exc_info=error)
                self._stopping.wait(1)
            except Exception as error:
                # Streams that may have missed something come back to where they were.
                log.error("live_failed", exc_info=error)
                self._end_all("failed")
                self._stopping.wait(1)

    def _wait(self, listening: Connection) -> None:
        with self._lock:
            patience = AGAIN if self._base is not None and self._base.xip else IDLE
        if self._sending:
            self._stopping.wait(self._sending)
        raw = cast(Any, listening.connection.dbapi_connection)
        raw.poll()
        if not raw.notifies and not readiness.select([raw], [], [], patience)[0]:
            return
        raw.poll()
        raw.notifies.clear()

    def _step(self) -> None:
        """Read what is new, and give every stream its share."""
        with self._step_connection() as connection:
            target = present(connection)
            self._sending = 0.0
            with self._lock:
                base, self._base = cast(Snapshot, self._base), target
                streams = list(self._streams)
            try:
                self._serve(connection, base, target, streams)
            except BaseException:
                for stream in streams:
                    stream.end("failed")
                raise

    def _serve(
        self, connection: Connection, base: Snapshot, target: Snapshot, streams: list[Stream]
    ) -> None:
        self._expire(streams)
        after = 0
        while target != base:
            events = between(connection, base, target, after=after, limit=PAGE)
            if any(event.subject in ("user", "token") for event in events):
                self._recheck_at = 0.0
            if not events:
                break
            self._check_rights(connection, streams)
            more = len(events) == PAGE
            served = self._fan_out(connection, events, streams, base, target, last=not more)
            self._sending += served * SENDING
            after = events[-1].id
            if not more:
                break
        self._check_rights(connection, streams)
        self._beat(streams, Position(target))

    def _fan_out(
        self,
        connection: Connection,
        events: Sequence[Row[Any]],
        streams: Iterable[Stream],
        base: Snapshot,
        target: Snapshot,
        *,
        last: bool,
    ) -> int:
        """Give each stream its share of the events; return how many got something."""
        there = {stream.watcher: stream for stream in streams if not stream.ended}
        feeds: dict[Feed, list[Watcher]] = {}
        for stream in there.values():
            feeds.setdefault(stream.feed, []).append(stream.watcher)
        shares: dict[Watcher, list[bytes]] = {}
        newest = events[-1].id
        with self._app.app_context(), tracing.work("live fan-out", events=len(events)) as tell:
            for feed, watchers in feeds.items():
                with Session(connection) as session:
                    for seen in feed.sightings(session, events, watchers):
                        done = last and seen.event_id == newest
                        place = Position(target) if done else Position(base, target, seen.event_id)
                        frame = frames.event(place, seen.data)
                        for watcher in seen.watchers:
                            shares.setdefault(watcher, []).append(frame)
            tell(streams=len(shares))
        joined: dict[tuple[int, ...], bytes] = {}
        for watcher, share in shares.items():
            # Most watchers see the same: one text serves them all.
            key = tuple(map(id, share))
            chunk = joined.get(key)
            if chunk is None:
                chunk = joined[key] = b"".join(share)
            there[watcher].put(chunk)
        return len(shares)

    def _catch_up(self, stream: Stream, place: Position) -> None:
        """Give a returning stream what it has missed, then let it join."""
        try:
            while not stream.ended and not self._stopping.is_set():
                with self._lock:
                    goal = cast(Snapshot, self._base)
                target = place.target or goal
                with self._step_connection() as connection:
                    events = between(connection, place.base, target, after=place.after, limit=PAGE)
                    last = len(events) < PAGE
                    if events:
                        self._fan_out(connection, events, [stream], place.base, target, last=last)
                place = Position(target) if last else Position(place.base, target, events[-1].id)
                if last and self._join(stream, place):
                    return
                while stream.pending_bytes and not stream.ended and not last:
                    time.sleep(0.01)  # as fast as the client reads, and no faster
            stream.end("stopping")
        except Exception as error:
            log.warning("live_catching_up_failed", exc_info=error)
            stream.end("failed")

    def _expire(self, streams: Iterable[Stream]) -> None:
        now = clock.now().timestamp()
        for stream in streams:
            if stream.expires_at is not None and stream.expires_at <= now:
                stream.end("expired")

    def _check_rights(self, connection: Connection, streams: Iterable[Stream]) -> None:
        """Look at the watchers' rows anew, where that is due: the guard's rules, once more."""
        now = time.monotonic()
        if now < self._recheck_at:
            return
        self._recheck_at = now + RECHECK
        there = [stream for stream in streams if not stream.ended]
        ids = {stream.watcher.principal.user_id for stream in there}
        rows = connection.execute(
            select(User.id, User.role).where(User.id.in_(ids), User.removed_at.is_(None))
        )
        roles = {row.id: row.role for row in rows}
        used = {p.token_id for s in there if (p := s.watcher.principal).token_id is not None}
        tokens = tokens_in_force(connection, used)
        for stream in there:
            principal = stream.watcher.principal
            role = roles.get(cast(int, principal.user_id))
            if (
                role is None
                or role not in stream.feed.permission.roles
                or (principal.token_id is not None and principal.token_id not in tokens)
            ):
                stream.end("rights")
            elif role != principal.role:
                granted = auth_of(self._app).granted(role, principal.scope)
                stream.watcher.principal = replace(principal, role=role, permissions=granted)

    def _beat(self, streams: Iterable[Stream], place: Position) -> None:
        beat, now = frames.heartbeat(place), time.monotonic()
        for stream in streams:
            if now >= stream.beat_at:
                stream.beat_at = now + self._settings.live_heartbeat_seconds
                if not stream.pending_bytes:
                    stream.put(beat)

    def _end_all(self, reason: str) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.end(reason)


def register(app: Flask, settings: Settings) -> None:
    """Give `app` its hub, and its answers the place from which a stream misses nothing."""
    hub = app.extensions[EXTENSION] = Hub(app, settings)

    @app.before_request
    def note_place() -> None:
        # Before anything is read: what is committed meanwhile is told twice rather than never.
        if request.method == "GET" and request.path.startswith(PREFIX):
            g.live_place = hub.place

    @app.after_request
    def tell_place(response: Response) -> Response:
        if place := g.get("live_place"):
            response.headers[LAST_EVENT_ID] = place
        return response


def hub_of(app: Flask) -> Hub:
    """Return the hub of `app`."""
    return cast(Hub, app.extensions[EXTENSION])
