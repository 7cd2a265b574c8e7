"""Lengths, days and ranges as a filter writes them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LENGTH = re.compile(r"([0-9]{1,6})(min|h|d|w|mo|y)", re.IGNORECASE)
# Seconds may have decimals, down to what an instant knows: for durations that were computed.
_SECONDS = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?s", re.IGNORECASE)
# A month and a year are the averages of the Gregorian calendar: ages need no calendar.
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=30.436875),
    "y": timedelta(days=365.2425),
}
_BACKWARDS = "this range ends before it begins"
_EXPECTED = "write a day (2026-01-31, today), an instant, a range (2026-01-01..2026-01-31) or 30d"


def duration(text: str) -> timedelta | None:
    """Return the length that `30d`, `2w`, `6mo`, `1.5s` names; None for what is no length."""
    if exact := _SECONDS.fullmatch(text):
        decimals = (exact[2] or "").ljust(6, "0")
        return timedelta(seconds=int(exact[1]), microseconds=int(decimals))
    found = _LENGTH.fullmatch(text)
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


def day_range(text: str, today: date) -> tuple[date | None, date | None]:
    """Return first and last day of a day or of a range; None where it is open.

    Raises `ValueError`.
    """
    if ".." in text:
        first, _, last = text.partition("..")
        ends = (
            None if first in ("", "*") else _day(first, today),
            None if last in ("", "*") else _day(last, today),
        )
        if ends == (None, None):
            raise ValueError(_EXPECTED)
        if ends[0] is not None and ends[1] is not None and ends[1] < ends[0]:
            raise ValueError(_BACKWARDS)
        return ends
    day = _day(text, today)
    return day, day


def span(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the stretch of time, half-open, of a day, an instant or a range.

    A day is the whole day in `zone`. Raises `ValueError`.
    """
    if ".." in text:
        first, _, last = text.partition("..")
        start = None if first in ("", "*") else _stretch(first, now, zone)[0]
        end = None if last in ("", "*") else _stretch(last, now, zone)[1]
        if start is None and end is None:
            raise ValueError(_EXPECTED)
        if start is not None and end is not None and end <= start:
            raise ValueError(_BACKWARDS)
        return start, end
    return _stretch(text, now, zone)


def _stretch(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        if "T" in text.upper() and text[:1].isdigit():
            instant = _instant(text)
            if instant.tzinfo is None:
                instant = instant.replace(tzinfo=zone)
            instant = instant.astimezone(UTC)
            return instant, instant + timedelta(microseconds=1)
        day = _day(text, now.astimezone(zone).date())
        return (
            datetime.combine(day, time(), zone).astimezone(UTC),
            datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC),
        )
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no instant: {_EXPECTED}") from error


def _day(text: str, today: date) -> date:
    if text.lower() == "today":
        return today
    if text.lower() == "yesterday":
        return today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date: {_EXPECTED}") from error
