"""Connections: two engines, and how one at rest is known to be good before it is used again."""

import select
from typing import Any

import psycopg2
from flask import Flask
from sqlalchemy import Engine, QueuePool, event
from sqlalchemy.exc import DisconnectionError

from issue_insight import metrics
from issue_insight.db.base import db
from issue_insight.settings import Settings

READING = "reading"
"""The engine whose connections never begin a transaction: a read costs no BEGIN and COMMIT."""

OVERFLOW = 10
"""Connections beyond those that are kept, for a rush."""


def configure(app: Flask, settings: Settings) -> None:
    """Give `app` both engines."""
    options = {
        "pool_size": settings.database_pool_size,
        "max_overflow": OVERFLOW,
        "pool_timeout": 5,
        "connect_args": {"connect_timeout": 5, "options": "-c timezone=UTC"},
    }
    # Many short reads at once share the processors best if each keeps to one, and none of them is
    # worth compiling.
    short = "-c timezone=UTC -c max_parallel_workers_per_gather=0 -c jit=off"
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=options,
        SQLALCHEMY_BINDS={
            READING: {
                "url": settings.database_url,
                "isolation_level": "AUTOCOMMIT",
                **options,
                "connect_args": {"connect_timeout": 5, "options": short},
            }
        },
    )
    db.init_app(app)
    with app.app_context():
        for name, engine in db.engines.items():
            _refuse_closed(engine)
            _count(engine, name or "writing")


def most(settings: Settings) -> int:
    """Return how many connections a process may hold at once, those of live updates aside."""
    return 2 * (settings.database_pool_size + OVERFLOW)


def reading_engine() -> Engine:
    """Return the engine for what only reads, of the current application."""
    return db.engines[READING]


def _refuse_closed(engine: Engine) -> None:
    """Replace connections that the server has closed before anybody uses them.

    A server that closes a connection says so, and what was said can be read. To look costs no
    round trip, which asking each time (`pool_pre_ping`) does; only who said something is asked.
    """

    def look(connection: Any, *_: object) -> None:
        try:
            poll = select.poll()
            poll.register(connection.fileno(), select.POLLIN)
            if poll.poll(0):
                engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise DisconnectionError("the server has closed it") from error

    event.listen(engine, "checkout", look)


def _count(engine: Engine, name: str) -> None:
    """Tell how many of the pool's connections are taken."""
    pool, taken = engine.pool, metrics.CONNECTIONS.labels(name)
    if not isinstance(pool, QueuePool):
        return
    metrics.CONNECTIONS_MOST.labels(name).set(pool.size() + OVERFLOW)
    event.listen(engine, "checkout", lambda *_: taken.set(pool.checkedout()))
    # One that comes back still counts at that moment.
    event.listen(engine, "checkin", lambda *_: taken.set(pool.checkedout() - 1))
