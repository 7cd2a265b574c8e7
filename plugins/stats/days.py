"""Days of a time zone, each with the instant at which its count is taken."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plugins.issues.api import end_of_day

FIRST_DAY = date(1970, 1, 1)
"""Nothing is counted for days before it: instants there are mistakes of what was imported."""


@dataclass(frozen=True, slots=True)
class Days:
    """Consecutive days; the count of `days[i]` is of the last microsecond before `ends[i]`.

    `ends` never falls. A day that a zone left out (such as 30 December 2011 in Samoa) ends with
    the one before it.
    """

    days: list[date]
    ends: list[datetime]


def days_from(first: date, last: date, zone: ZoneInfo, until: datetime) -> Days:
    """Return the days from `first` to `last`, none of which ends after `until` (inclusive)."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Days(
        days, [min(end_of_day(day, zone), until) + timedelta(microseconds=1) for day in days]
    )


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day that `instant` lies in, `FIRST_DAY` for those before it."""
    return max(instant.astimezone(zone).date(), FIRST_DAY)
