"""The unit of work: one use case, one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from issue_insight.db.base import db


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Give the request's session; commit at the end of the block, roll back on any exception."""
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
