"""Statements that connections prepare, and what happens where they cannot."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, bindparam, create_engine, event, func, literal, select, text
from sqlalchemy.exc import DBAPIError

from issue_insight.db import prepared
from issue_insight.db.connections import reading_engine
from issue_insight.db.prepared import OFTEN, Prepared

PREPARED = text("SELECT name FROM pg_prepared_statements ORDER BY name")


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    """One as those that read, which nobody has asked for anything."""
    with app.app_context():
        engine = create_engine(reading_engine().url, isolation_level="AUTOCOMMIT")
    with engine.connect() as made:
        yield made
    engine.dispose()


def number(value: int) -> Prepared:
    """Return a statement that selects a number, and whatever is given beside it."""
    given = bindparam("given")
    return Prepared(
        select(literal(value).label("value"), func.upper(given).label("given")), "given"
    )


def names(connection: Connection) -> list[str]:
    return list(connection.scalars(PREPARED))


def often(statement: Prepared, connection: Connection) -> list[Any]:
    """Ask until it has been prepared; return what came, each time."""
    return [statement.rows(connection, given=f"'{n}%s") for n in range(OFTEN + 3)]


def test_a_statement_that_is_asked_for_often_is_prepared_and_answers_the_same(
    connection: Connection,
) -> None:
    statement = number(7)
    for n in range(OFTEN):
        assert statement.rows(connection, given=f"'{n}%s") == [(7, f"'{n}%S")]
    assert names(connection) == []
    for n in range(OFTEN):
        (row,) = statement.rows(connection, given=f"'{n}%s")
        assert (row.value, row.given) == (7, f"'{n}%S")
    assert len(names(connection)) == 1


def test_equal_statements_share_what_is_prepared(connection: Connection) -> None:
    often(number(7), connection)
    often(number(7), connection)
    often(number(8), connection)
    assert len(names(connection)) == 2


def test_a_connection_keeps_those_that_were_asked_for_last(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MOST", 2)
    first, second, third = number(1), number(2), number(3)
    often(first, connection)
    kept = names(connection)
    often(second, connection)
    first.rows(connection, given="")
    often(third, connection)
    assert len(names(connection)) == 2
    assert set(kept) < set(names(connection))
    assert second.rows(connection, given="again") == [(2, "AGAIN")]


@pytest.mark.parametrize("elsewhere", ["DEALLOCATE ALL", "DISCARD ALL"])
def test_one_that_is_gone_is_run_as_ever_and_nothing_is_prepared_there_again(
    connection: Connection, elsewhere: str
) -> None:
    statement = number(7)
    often(statement, connection)
    connection.execute(text(elsewhere))
    assert often(statement, connection) == [[(7, f"'{n}%S")] for n in range(OFTEN + 3)]
    often(number(8), connection)
    assert names(connection) == []


def test_one_that_somebody_else_has_prepared_there_is_run_as_ever(connection: Connection) -> None:
    often(number(7), connection)
    connection.info.clear()  # as for another process behind a pooler of connections
    assert often(number(7), connection) == [[(7, f"'{n}%S")] for n in range(OFTEN + 3)]


def test_who_listens_to_statements_hears_of_all(connection: Connection) -> None:
    heard: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(connection, "before_cursor_execute", hear)
    often(number(7), connection)
    event.remove(connection, "before_cursor_execute", hear)
    assert len(heard) == OFTEN + 3


def test_a_connection_that_has_died_is_told_of_as_ever(app: Flask, connection: Connection) -> None:
    statement = number(7)
    often(statement, connection)
    pid = connection.scalar(select(func.pg_backend_pid()))
    with app.app_context(), reading_engine().connect() as other:
        other.execute(select(func.pg_terminate_backend(pid, 5_000)))
    with pytest.raises(DBAPIError) as told:
        statement.rows(connection, given="")
    assert told.value.connection_invalidated
