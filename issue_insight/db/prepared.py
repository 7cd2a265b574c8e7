"""Statements that are asked for again and again, planned once by each connection.

To plan a statement often costs PostgreSQL more than to run it, and to hand it over through the
layers of SQLAlchemy costs a process more than either. Prepared statements are a connection's own
(https://www.postgresql.org/docs/current/sql-prepare.html), so one that cannot be prepared or is
not there any more, as behind a pooler that shares connections, is run as it always was.
"""

from collections import OrderedDict, namedtuple
from hashlib import sha256
from typing import Any

import psycopg2
import structlog
from psycopg2.extensions import AsIs
from sqlalchemy import Connection, Select
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

log = structlog.get_logger("issue_insight.db")

OFTEN = 20
"""After being asked for so many times is a statement prepared."""
MOST = 48
"""So many does a connection keep; PostgreSQL keeps the plan of each, some 100 kB, in memory."""

_KEPT = "prepared"
_DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]


class Prepared:
    """A statement that only reads, some of whose bound values vary.

    Types are those of the driver: no column may need one of SQLAlchemy's to be read.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], *varying: str) -> None:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self._sql = str(compiled)
        self._values = dict(compiled.params)
        self._varying = varying
        self._row: Any = namedtuple("Row", statement.selected_columns.keys())  # type: ignore[misc]
        self._asked = 0
        self._name = ""
        self._definition = b""

    def rows(self, connection: Connection, **given: Any) -> list[Any]:
        """Return the rows, as named tuples, `given` being the values that vary.

        Within a transaction, which a statement that cannot be prepared would end, it is run as it
        always was. Errors are those of SQLAlchemy.
        """
        self._asked += 1
        if self._asked > OFTEN and _may_prepare(connection):
            kept = connection.info.setdefault(_KEPT, OrderedDict())
            if kept is not None:
                try:
                    return self._run(connection.connection.cursor(), kept, given)
                except psycopg2.Error as error:
                    log.info("not_prepared", error=type(error).__name__, sqlstate=error.pgcode)
                    connection.info[_KEPT] = None  # nor will it ever be on this connection
        return [
            self._row._make(row)
            for row in connection.exec_driver_sql(self._sql, {**self._values, **given})
        ]

    def plan(self, connection: Connection, **given: Any) -> dict[str, Any]:
        """Return the plan of the statement with these values, as EXPLAIN tells it."""
        told = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {self._sql}", {**self._values, **given}
        )
        plan: dict[str, Any] = told.scalar_one()[0]["Plan"]
        return plan

    def _run(self, cursor: Any, kept: OrderedDict[str, None], given: dict[str, Any]) -> list[Any]:
        with cursor:
            if not self._name:
                self._define(cursor)
            if self._name in kept:
                kept.move_to_end(self._name)
            else:
                if len(kept) >= MOST:
                    cursor.execute(f"DEALLOCATE {kept.popitem(last=False)[0]}")
                cursor.execute(b"PREPARE %s AS %s" % (self._name.encode(), self._definition))
                kept[self._name] = None
            places = f"({', '.join(['%s'] * len(self._varying))})" if self._varying else ""
            values = [given[name] for name in self._varying]
            cursor.execute(f"EXECUTE {self._name}{places}", values or None)
            return list(map(self._row._make, cursor.fetchall()))

    def _define(self, cursor: Any) -> None:
        """Say what is prepared, and name it by what it says: equal names mean the same."""
        places = {name: AsIs(f"${n}") for n, name in enumerate(self._varying, 1)}
        self._definition = cursor.mogrify(self._sql, {**self._values, **places})
        self._name = f"kept_{sha256(self._definition).hexdigest()[:24]}"


def _may_prepare(connection: Connection) -> bool:
    # Whoever listens to statements (traces do) is to hear of all.
    heard = connection.dispatch.before_cursor_execute
    driver: Any = connection.connection.dbapi_connection
    return bool(driver.autocommit) and not heard
