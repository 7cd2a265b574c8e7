"""The test bed itself: real commits, and nothing of one test in the next."""

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issue_insight.auth.principal import system
from issue_insight.auth.users import User
from issue_insight.journal import record
from issue_insight.journal.models import Event


def _someone() -> User:
    return User(issuer="tests", subject="someone", name="Someone", role="reporter")


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_commits_is_gone_in_the_next(session: Session, turn: int) -> None:
    assert session.scalar(select(func.count()).select_from(User)) == 0
    session.add(_someone())
    record(session, system(), subject="user", subject_id=1, scope_id=None, kind="created")
    session.commit()


def test_what_is_committed_is_seen_by_another_connection(session: Session, engine: Engine) -> None:
    session.add(_someone())
    session.commit()
    with engine.connect() as other:
        assert other.scalar(select(func.count()).select_from(User)) == 1


def test_the_event_log_still_refuses_to_forget(session: Session) -> None:
    record(session, system(), subject="user", subject_id=1, scope_id=None, kind="created")
    session.commit()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("DELETE FROM events"))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_the_server_is_postgresql_18(session: Session) -> None:
    assert session.scalar(text("SHOW server_version")).startswith("18")
