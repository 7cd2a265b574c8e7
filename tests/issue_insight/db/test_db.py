"""Instants in the database, and the unit of work."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.db import unit_of_work


def someone(subject: str = "one", **known: object) -> User:
    return User(issuer="tests", subject=subject, name="Someone", **known)


def test_an_instant_without_a_time_zone_is_refused(session: Session) -> None:
    session.add(someone(last_seen_at=datetime(2026, 1, 31, 12)))
    with pytest.raises(StatementError, match="needs a time zone"):
        session.flush()


def test_instants_come_back_in_utc_whatever_the_connection_says(
    session: Session, engine: Engine
) -> None:
    tokyo = timezone(timedelta(hours=9))
    session.add(someone(last_seen_at=datetime(2026, 1, 31, 21, tzinfo=tokyo)))
    session.commit()
    with Session(engine) as other:
        other.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
        found = other.scalars(select(User.last_seen_at)).one()
        assert found == datetime(2026, 1, 31, 12, tzinfo=UTC)
        assert found is not None
        assert found.tzinfo is UTC


def test_constraints_have_names_that_migrations_can_rely_on(session: Session) -> None:
    session.add(someone())
    session.commit()
    session.add(someone())
    with pytest.raises(IntegrityError, match='"uq_users_issuer_subject"'):
        session.flush()
    session.rollback()
    session.add(someone("two", role="owner"))
    with pytest.raises(IntegrityError, match='"ck_users_role"'):
        session.flush()


def test_a_unit_of_work_is_kept_at_its_end_and_only_then(app: Flask, session: Session) -> None:
    with app.app_context(), unit_of_work() as own:
        own.add(someone())
        own.flush()
        assert session.scalar(select(func.count(User.id))) == 0
        session.rollback()
    assert session.scalar(select(func.count(User.id))) == 1


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_it_early_undoes_it(
    app: Flask, session: Session, failure: type[BaseException]
) -> None:
    def work() -> None:
        with app.app_context(), unit_of_work() as own:
            own.add(someone())
            own.flush()
            raise failure

    with pytest.raises(failure):
        work()
    assert session.scalar(select(func.count(User.id))) == 0


def test_a_commit_that_fails_leaves_a_session_that_works(app: Flask, session: Session) -> None:
    session.add(someone())
    session.commit()
    with app.app_context():
        with pytest.raises(DBAPIError), unit_of_work() as own:
            own.add(someone())
        with unit_of_work() as own:
            own.add(someone("two"))
    assert session.scalar(select(func.count(User.id))) == 2
