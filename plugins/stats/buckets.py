"""Stretches of whole days that numbers are put together by: days, weeks from Monday, months."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Size = Literal["day", "week", "month"]


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
