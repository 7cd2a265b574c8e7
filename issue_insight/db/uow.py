"""The unit of work: one use case, one transaction. What only reads needs none."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.orm import Session

from issue_insight.db.base import db
from issue_insight.db.connections import reading_engine

_UNDER_WAY = "unit_of_work"


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Give the request's session; commit at the end of the block, roll back on any exception.

    A unit within a unit is a part of it: what it wrote stands or falls with the outer one.
    """
    session = db.session()
    if _UNDER_WAY in session.info:
        yield session
        return
    session.info[_UNDER_WAY] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info[_UNDER_WAY]


def transactions() -> Callable[[], AbstractContextManager[Session]]:
    """Return what opens a reading transaction, for as long as the process runs.

    For an answer that is still being made when its request is over: sent in parts, each read in a
    transaction of its own.
    """
    engine = db.engine
    return lambda: Session(engine)


@contextmanager
def reading() -> Iterator[Session]:
    """Give a session that only reads, without a transaction: each statement sees what stands then.

    That is what statements of a transaction see as well (READ COMMITTED), for two round trips more.
    Within a unit of work it is that one's session, which sees its own changes.
    """
    session = db.session()
    if _UNDER_WAY in session.info:
        yield session
        return
    with Session(reading_engine()) as made:
        yield made
