"""Issues now, and issues as of an instant: two relations with the same columns.

Filters, lists and counts take either, and nothing else knows the difference.
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, FromClause, and_, select

from issue_insight import clock
from issue_insight.errors import FieldError, Invalid
from plugins.issues.models import INFINITY, Instant, Issue, IssueVersion

CURRENT: FromClause = Issue.__table__

AsOf = Annotated[
    str | None,
    Field(
        description="Show the state at this instant (RFC 3339), or at the end of this day in the "
        "instance's time zone.",
        examples=["2026-01-31", "2026-01-31T12:00:00Z"],
    ),
]


def relation_at(instant: Instant | None) -> FromClause:
    """Return the issues as of `instant`, or as they are now where it is None."""
    if instant is None:
        return CURRENT
    versions = IssueVersion.__table__
    columns = [versions.c[column.name] for column in CURRENT.c]
    return (
        select(*columns)
        # A version begins when the issue was updated. Said of both, as lists of the newest change
        # first then begin at the instant, and most of what they meet still stands there.
        .where(
            versions.c.valid_from <= instant,
            versions.c.updated_at <= instant,
            versions.c.valid_to > instant,
        )
        .subquery("issues_then")
    )


def related_at(links: FromClause, instant: Instant | None) -> ColumnElement[bool]:
    """Return which rows of `issue_relations` stood at `instant`, or stand now where it is None."""
    if instant is None:
        return links.c.valid_to == INFINITY
    return and_(links.c.valid_from <= instant, links.c.valid_to > instant)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last instant that belongs to `day` in `zone`."""
    following = datetime.combine(day + timedelta(days=1), time(), zone)
    return following.astimezone(ZoneInfo("UTC")) - timedelta(microseconds=1)


def parse_as_of(text: str | None, zone: ZoneInfo, *, pointer: str = "?as_of") -> datetime | None:
    """Read `as_of`: None stays None (now), a date means its end, today means so far.

    Raises `Invalid` for anything else and for the future, of which nothing is known; `pointer`
    says where in the request it stood.
    """
    if text is None:
        return None
    now = clock.now()
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            if day.isoformat() != text:
                raise ValueError("a week of a year")
            if day == now.astimezone(zone).date():
                return now
            instant = end_of_day(day, zone)
        else:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None:
                raise _refused(pointer, "needs an offset, such as Z")
            instant = instant.astimezone(ZoneInfo("UTC"))
    except (ValueError, OverflowError) as error:
        raise _refused(
            pointer, "is a date like 2026-01-31 or an instant like 2026-01-31T12:00:00Z"
        ) from error
    if instant > now + timedelta(seconds=60):
        raise _refused(pointer, "lies in the future")
    return min(instant, now)


def _refused(pointer: str, detail: str) -> Invalid:
    return Invalid(f"{pointer.removeprefix('?')} {detail}.", [FieldError(pointer, detail)])
