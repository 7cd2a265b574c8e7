"""Stays and milestones: making them anew from the event log, and holding them to it.

A trigger keeps them with every event; views tell the same from the events alone.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_KEPT = {
    "issue_stays": ("issue_id, number, project_id, status, entered_at, left_at, last_before"),
    "issue_milestones": ("issue_id, project_id, triaged_at, started_at, responded_at"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """How many rows there are of a table, and how many of them are not what the log says."""

    table: str
    rows: int
    wrong: int


def rebuild_facts(session: Session) -> list[Facts]:
    """Make all rows anew; changes of issues wait until it is done. Returns how many there are."""
    session.execute(text("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"))
    found = []
    for table, columns in _KEPT.items():
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 (names of our own)
        session.execute(
            text(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}_told")  # noqa: S608
        )
        rows = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
        found.append(Facts(table, rows, 0))
    return found


def verify_facts(session: Session) -> list[Facts]:
    """Compare every row with what the event log tells; a row that is missing is wrong as well."""
    return [
        Facts(
            table,
            session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one(),  # noqa: S608
            session.execute(
                text(
                    "SELECT count(*) FROM ("  # noqa: S608
                    f"(SELECT {columns} FROM {table} EXCEPT SELECT {columns} FROM {table}_told)"
                    " UNION ALL "
                    f"(SELECT {columns} FROM {table}_told EXCEPT SELECT {columns} FROM {table})"
                    ") AS wrong"
                )
            ).scalar_one(),
        )
        for table, columns in _KEPT.items()
    ]
