"""How long an issue took from one instant to another, and which instants that takes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func

from plugins.issues.models import Instant, IssueMilestones

BOUNCED = timedelta(days=30)
"""What is taken up again within this time of being done has bounced."""
DURATIONS = {
    "lead": ("created", "closed"),
    "cycle": ("started", "closed"),
    "triage": ("created", "triaged"),
    "response": ("created", "responded"),
}
"""From what to what each duration reaches."""
MEASURED = {"cycle": ("started", "closed"), "triage": ("triaged",), "response": ("responded",)}
"""Which instants there have to be for a duration."""
_MILESTONES = IssueMilestones.__table__


def instant_of(name: str, relation: Any) -> ColumnElement[Any]:
    """Return when something happened: a column of the relation, or of the milestones beside it."""
    column = f"{name}_at"
    found: ColumnElement[Any] = (_MILESTONES.c if column in _MILESTONES.c else relation)[column]
    return found


def reached(name: str, relation: Any, as_of: Instant | None) -> ColumnElement[bool]:
    """Return whether that has happened, as of an instant."""
    instant = instant_of(name, relation)
    if as_of is None or instant.table is not _MILESTONES:
        return instant.is_not(None)
    return instant <= as_of


def elapsed(name: str, relation: Any) -> ColumnElement[Any]:
    """Return how long an issue took: `lead`, `cycle`, `triage` or `response`, as an interval.

    What another tracker has put into the wrong order took no time at all.
    """
    begin, end = DURATIONS[name]
    return func.greatest(instant_of(end, relation), instant_of(begin, relation)) - instant_of(
        begin, relation
    )
