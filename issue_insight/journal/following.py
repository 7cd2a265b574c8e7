"""Following the event log in the order of commits: nothing is skipped, nothing comes twice.

Ids are taken before the commit, so a reader who goes on after the largest id misses whoever commits
late. A reader's place is therefore a snapshot of PostgreSQL: exactly the transactions it has seen.
What comes next is what a later snapshot sees and that one did not, in whatever order it committed,
and a transaction that is held open delays nobody else's.
https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, text

from issue_insight.journal.models import Event

CHANNEL = "issue_insight_events"
"""Notified when events are committed; see the trigger `events_are_told`."""
LONGEST = 4000
"""Characters of a written position: room for some hundred transactions under way."""

_SNAPSHOT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):([0-9]{1,19}(?:,[0-9]{1,19})*)?")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions are seen: those below `xmax`, without those under way (`xip`)."""

    xmin: int
    xmax: int
    xip: frozenset[int]

    @classmethod
    def parse(cls, written: str) -> "Snapshot":
        """Read PostgreSQL's text of a `pg_snapshot`. Raises `ValueError` for any other text."""
        found = _SNAPSHOT.fullmatch(written)
        if found is None:
            raise ValueError("not a snapshot")
        xip = frozenset(int(part) for part in (found[3] or "").split(",") if part)
        return cls(int(found[1]), int(found[2]), xip)

    def __str__(self) -> str:
        """Write it as PostgreSQL does."""
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.xip)))}"


@dataclass(frozen=True, slots=True)
class Position:
    """A reader's place: all that `base` sees and, of what `target` sees beyond it, ids to `after`.

    `target` is None where the reader is between two steps.
    """

    base: Snapshot
    target: Snapshot | None = None
    after: int = 0

    @classmethod
    def parse(cls, written: str) -> "Position":
        """Read what `str` wrote. Raises `ValueError` for any other text."""
        if len(written) > LONGEST:
            raise ValueError("too long")
        base, *rest = written.split("~")
        if not rest:
            return cls(Snapshot.parse(base))
        target, after = rest
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise ValueError("not an id")
        return cls(Snapshot.parse(base), Snapshot.parse(target), int(after))

    def __str__(self) -> str:
        """Write it in characters that a header can bear."""
        return str(self.base) if self.target is None else f"{self.base}~{self.target}~{self.after}"


def present(connection: Connection) -> Snapshot:
    """Return what is committed now. The connection must be in autocommit."""
    return Snapshot.parse(connection.scalar(text("SELECT pg_current_snapshot()::text")) or "")


_FRESH = text(
    "((events.tx >= CAST(:first AS xid8) AND events.tx < CAST(:end AS xid8)"
    " AND events.tx <> ALL (CAST(:running AS xid8[])))"
    " OR events.tx = ANY (CAST(:ended AS xid8[])))"
)


def between(
    connection: Connection, base: Snapshot, target: Snapshot, *, after: int = 0, limit: int = 1000
) -> Sequence[Row[Any]]:
    """Return the events that `target` sees and `base` does not, by id, those beyond `after`."""
    table = Event.__table__
    rows = (
        select(*[column for column in table.c if column.name != "tx"])
        .where(_FRESH, table.c.id > bindparam("after"))
        .order_by(table.c.id)
        .limit(limit)
    )
    return connection.execute(
        rows,
        {
            "first": str(base.xmax),
            "end": str(target.xmax),
            "running": _array(target.xip),
            # Under way then and not any more; those still under way have nothing to show.
            "ended": _array(x for x in base.xip if x not in target.xip),
            "after": after,
        },
    ).all()


def _array(numbers: Any) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
