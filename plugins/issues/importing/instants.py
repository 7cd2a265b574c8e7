"""Reading instants as trackers write them."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from plugins.issues.importing.records import ImportProblem

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_JIRA = re.compile(
    r"(\d{1,2})/([A-Za-z]{3})/(\d{4}|\d{2})"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?",
    re.ASCII,
)
# Years outside are slips of the keyboard, and the edges overflow on conversion between zones.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def instant(name: str, text: str, zone: tzinfo, line: int) -> datetime:
    """Read an instant: RFC 3339 / ISO 8601, or Jira's `30/Sep/21 17:20` (also with AM or PM).

    One without an offset is taken in `zone`; the answer is in UTC. `name` and `line` are for the
    `ImportProblem` raised for anything else.
    """
    text = text.strip()
    try:
        found = _jira(text) or datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ImportProblem(f"{name} {text[:40]!r} is no instant that can be read", line) from error
    if not _FIRST <= found < _LAST:
        raise ImportProblem(f"{name} {text[:40]!r} is not between 1970 and 2200", line)
    return found


def day(name: str, text: str, line: int) -> date:
    """Read a date: `2021-09-30`, or Jira's `30/Sep/21`, a time of day being left aside."""
    text = text.strip()
    try:
        return (_jira(text) or datetime.fromisoformat(text)).date()
    except ValueError as error:
        raise ImportProblem(f"{name} {text[:40]!r} is no date that can be read", line) from error


def _jira(text: str) -> datetime | None:
    match = _JIRA.fullmatch(text)
    if match is None:
        return None
    day_of_month, month, year, hour, minute, second, half = match.groups()
    if month.lower() not in _MONTHS:
        raise ValueError("no such month")
    years = int(year)
    if len(year) == 2:
        years += 2000 if years < 70 else 1900
    hours = int(hour or 0)
    if half is not None:
        if not 1 <= hours <= 12:
            raise ValueError("no such hour")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    start = datetime(years, _MONTHS[month.lower()], int(day_of_month))
    if hours > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        raise ValueError("no such time of day")
    return start + timedelta(hours=hours, minutes=int(minute or 0), seconds=int(second or 0))
