"""Stretches of whole days that numbers are put together by: days, weeks from Monday, months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from issue_insight.errors import FieldError, Invalid
from plugins.stats.days import FIRST_DAY

Size = Literal["day", "week", "month"]

MOST_BUCKETS = 1_000
_LENGTHS: dict[Size, int] = {"day": 1, "week": 7, "month": 31}


@dataclass(frozen=True, slots=True)
class Bucket:
    """From `first` to `last`, both included."""

    first: date
    last: date


def bucket_of(day: date, size: Size) -> Bucket:
    """Return the bucket that `day` lies in."""
    match size:
        case "day":
            return Bucket(day, day)
        case "week":
            monday = day - timedelta(days=day.weekday())
            return Bucket(monday, monday + timedelta(days=6))
        case "month":
            first = day.replace(day=1)
            following = (first + timedelta(days=31)).replace(day=1)
            return Bucket(first, following - timedelta(days=1))


def buckets_between(first: date, last: date, size: Size) -> list[Bucket]:
    """Return the buckets that days from `first` to `last` lie in, each of them whole."""
    found = [bucket_of(first, size)]
    while found[-1].last < last:
        found.append(bucket_of(found[-1].last + timedelta(days=1), size))
    return found


def last_days(first: date, last: date, size: Size) -> list[date]:
    """Return the last day of each bucket, of the one under way `last`."""
    return [min(bucket.last, last) for bucket in buckets_between(first, last, size)]


def edges_of(buckets: Sequence[Bucket], zone: ZoneInfo) -> list[datetime]:
    """Return where each bucket begins, and where the last one ends, as a filter has it."""
    days = [*[bucket.first for bucket in buckets], buckets[-1].last + timedelta(days=1)]
    return [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]


def buckets_asked(
    reach: int,
    first: date | None,
    last: date | None,
    size: Size | None,
    today: date,
    *,
    days: int = 0,
    pointers: tuple[str, str] = ("?from", "?to"),
) -> list[Bucket]:
    """Return the buckets, none of which begins after `today`; `reach` of them by default.

    Without a size it is one, of so many `days` by default; 0: of all there ever were.
    Raises `Invalid`; `pointers` say where in the request the days stood.
    """
    from_, to = pointers
    end = min(last or today, today)
    length = _LENGTHS[size] if size else 1
    if first is None and (size or days):
        spare = timedelta(days=(reach - 1) * length if size else days - 1)
        first = end - spare if end >= FIRST_DAY + spare else FIRST_DAY
    begin = first or min(FIRST_DAY, end)
    faults = [
        FieldError(pointer, f"must not be before {FIRST_DAY}")
        for pointer, day in ((from_, first), (to, last))
        if day is not None and day < FIRST_DAY
    ]
    if last is not None and last < begin:
        faults.append(FieldError(to, "must not be before the first day"))
    elif end < begin:
        faults.append(FieldError(from_, "lies in the future, of which nothing is known"))
    elif size and (end - begin).days >= MOST_BUCKETS * length:
        faults.append(FieldError(from_, f"makes more than {MOST_BUCKETS} numbers of one kind"))
    if faults:
        raise Invalid("These days cannot be counted.", faults)
    if size is None:
        return [Bucket(begin, end)]
    return buckets_between(bucket_of(begin, size).first, end, size)
