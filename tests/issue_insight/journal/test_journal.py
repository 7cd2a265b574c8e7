"""The event log: what is written stays, with the change it tells of or not at all."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import system
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.journal import Event, record

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def happen(session: Session, **changes: object) -> None:
    told = {"subject": "thing", "subject_id": 1, "scope_id": None, "kind": "changed", **changes}
    record(session, system(), **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET new = '1'",
        "UPDATE events SET actor_id = NULL WHERE id > 0",
        "DELETE FROM events",
        "TRUNCATE events",
        "TRUNCATE events, users CASCADE",
    ],
)
def test_what_is_written_is_neither_changed_nor_removed(session: Session, statement: str) -> None:
    happen(session, old=0, new=1)
    session.commit()
    with pytest.raises(DBAPIError, match="events are append-only"):
        session.execute(text(statement))
    session.rollback()
    assert session.execute(select(Event.old, Event.new)).all() == [(0, 1)]


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "", "é\u2028'\"\\", [], ["a", None], {"a": 1}]
)
def test_values_come_back_as_they_were(session: Session, value: object) -> None:
    happen(session, field="thing", old=value, new=value)
    session.commit()
    assert session.execute(select(Event.old, Event.new)).one() == (value, value)


def test_no_value_is_null_of_sql(session: Session) -> None:
    happen(session)
    assert session.scalar(select(func.count()).where(Event.new.is_(None))) == 1


def test_an_event_tells_when_it_happened_and_when_it_was_written(session: Session) -> None:
    with clock.frozen(NOON):
        happen(session)
    happen(session, at=datetime(2001, 2, 3, tzinfo=UTC))
    session.commit()
    now, imported = session.scalars(select(Event).order_by(Event.id)).all()
    assert now.at == NOON
    assert imported.at == datetime(2001, 2, 3, tzinfo=UTC)
    assert now.recorded_at <= imported.recorded_at
    assert imported.recorded_at.year > 2001


def test_events_of_one_act_bear_one_mark(session: Session) -> None:
    act = uuid4()
    happen(session, change_set=act)
    happen(session, change_set=act)
    happen(session)
    marks = session.scalars(select(Event.change_set).order_by(Event.id)).all()
    assert marks[:2] == [act, act]
    assert marks[2] != act


def test_an_event_bears_the_transaction_it_was_written_in(session: Session) -> None:
    happen(session)
    happen(session)
    own = session.scalar(text("SELECT pg_current_xact_id()::text"))
    assert set(session.scalars(text("SELECT tx::text FROM events"))) == {own}
    session.commit()
    happen(session)
    assert len(set(session.scalars(text("SELECT tx::text FROM events")).all())) == 2


@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "SELECT FROM nowhere"])
def test_an_event_goes_with_the_change_that_fails(
    app: Flask, session: Session, statement: str
) -> None:
    def act() -> None:
        with app.app_context(), unit_of_work() as own:
            own.add(User(issuer="tests", subject="one", name="One"))
            own.flush()
            happen(own)
            own.execute(text(statement))

    with pytest.raises(DBAPIError):
        act()
    assert session.scalar(select(func.count(Event.id))) == 0
    assert session.scalar(select(func.count(User.id))) == 0


def test_a_role_as_the_decision_shows_it_writes_events_and_changes_none(
    session: Session, repository: Path
) -> None:
    decision = repository / "docs/decisions/0003-what-keeps-the-event-log.md"
    lines = decision.read_text().splitlines()
    session.execute(text("\n".join(line for line in lines if line.startswith("    "))))
    session.execute(text("SET LOCAL ROLE issue_insight_app"))
    session.add(User(issuer="tests", subject="one", name="One"))
    happen(session)
    session.execute(text("UPDATE users SET name = 'Two'"))
    for statement in ("UPDATE events SET new = '1'", "DELETE FROM events", "TRUNCATE events"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))
    assert session.scalar(select(func.count(Event.id))) == 1
    session.rollback()  # the role goes, too


def test_an_actor_there_never_was_is_refused(session: Session, engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="fk_events_actor_id"), engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (at, actor_id, actor_kind, change_set, subject, subject_id, "
                "kind) VALUES (now(), 987654, 'person', gen_random_uuid(), 'thing', 1, 'changed')"
            )
        )
