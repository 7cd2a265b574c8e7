"""Emptying a database between tests, so that tests can commit for real.

Ids go on growing: what a process has learned of a row never comes true of another one.
"""

from sqlalchemy import Connection, text

_FILLED = text("""
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
""")


def filled_tables(connection: Connection) -> frozenset[str]:
    """Return the tables that have rows: right after migrating, those that are to keep them."""
    return frozenset(
        name
        for name in connection.execute(_FILLED).scalars().all()
        if connection.exec_driver_sql(f"SELECT EXISTS (SELECT FROM {name})").scalar()
    )


def empty(connection: Connection, keep: frozenset[str]) -> None:
    """Delete every row of every table that is not in `keep`.

    As a replica does: without triggers, since the event log refuses to forget. DELETE is faster
    than TRUNCATE on tables as small as those of tests.
    """
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for name in sorted(filled_tables(connection) - keep):
        connection.exec_driver_sql(f"DELETE FROM {name}")
