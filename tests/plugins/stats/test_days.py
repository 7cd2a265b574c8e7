"""Days of time zones: where they end, and which one an instant belongs to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins.stats.days import FIRST_DAY, day_of, days_from

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def ends(zone: str, first: date, last: date, until: datetime = FAR) -> list[str]:
    """Return when each day ends, in UTC, in short."""
    return [f"{end:%d %H:%M:%S.%f}" for end in days_from(first, last, ZoneInfo(zone), until).ends]


def test_the_count_of_a_day_is_taken_before_the_next_one_begins() -> None:
    assert ends("UTC", date(2026, 1, 30), date(2026, 1, 31)) == [
        "31 00:00:00.000000",
        "01 00:00:00.000000",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # its midnight was left out
        ("America/Havana", date(2026, 11, 1), 25),  # its midnight comes twice
        ("Pacific/Apia", date(2011, 12, 30), 0),  # left out altogether
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_days_are_as_long_as_the_zone_makes_them(zone: str, day: date, hours: float) -> None:
    before, end = days_from(day - timedelta(days=1), day, ZoneInfo(zone), FAR).ends
    assert end - before == timedelta(hours=hours)


def test_a_day_under_way_ends_with_the_present_instant() -> None:
    until = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert ends("UTC", date(2026, 1, 31), date(2026, 1, 31), until) == ["31 12:00:00.000001"]


def test_instants_before_the_first_day_belong_to_it() -> None:
    assert day_of(datetime(1, 1, 2, tzinfo=UTC), ZoneInfo("UTC")) == FIRST_DAY


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, 59, 999_999, UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, 0, 0, UTC), date(2026, 3, 29)),
    ],
)
def test_midnight_is_that_of_the_zone(instant: datetime, day: date) -> None:
    assert day_of(instant, ZoneInfo("Europe/Berlin")) == day
