"""Durations in working days: what is left out, where days begin, and who knows nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from plugins.insights import services
from plugins.insights.fields import Calendar
from plugins.insights.table import METRICS
from tests.plugins.insights.opening import assert_all_open, only, values
from tests.plugins.stats.conftest import Caller, History, at

HOUR, DAY = 3_600, 86_400
WEEKEND = ("sat", "sun")
BERLIN = "Europe/Berlin"


@pytest.fixture
def history_of(history: History, admin: Principal, session: Session) -> "Asking":
    """A project in which a test says when its one issue was reported and done."""
    return Asking(history, admin, session)


class Asking:
    """Tells how long an issue took by a calendar."""

    def __init__(self, history: History, admin: Principal, session: Session) -> None:
        self._history, self._admin, self._session = history, admin, session

    def lead_time(
        self, reported: str, done: str, days_off: tuple[str, ...] = WEEKEND, zone: str = "UTC"
    ) -> float:
        """Return the seconds of work from one instant of UTC to another."""
        key = self._history.report(reported)
        self._history.change(done, key, status="done")
        with self._asked_after(done):
            answer = services.answer(
                self._session,
                self._admin,
                ZoneInfo(zone),
                "lead-time",
                first=date(2019, 1, 1),
                pieces="all",
                calendar=Calendar.BUSINESS,
                days_off=days_off,
            )
        found: float = only(answer, "p50")["value"]
        return found

    @contextmanager
    def _asked_after(self, text: str) -> Iterator[None]:
        with clock.frozen(at(text)):
            yield
        self._session.rollback()


def test_a_weekend_is_left_out(history_of: Asking) -> None:
    assert history_of.lead_time("2020-02-21 10:00", "2020-02-24 12:00") == 26 * HOUR


def test_what_begins_and_ends_on_days_off_took_no_work(history_of: Asking) -> None:
    assert history_of.lead_time("2020-02-22 10:00", "2020-02-23 12:00") == 0


def test_work_begins_with_the_first_working_day(history_of: Asking) -> None:
    assert history_of.lead_time("2020-02-22 10:00", "2020-02-24 01:00") == HOUR


def test_a_holiday_is_left_out_and_so_is_one_that_falls_on_a_weekend(history_of: Asking) -> None:
    off = (*WEEKEND, "2020-02-26", "2020-02-29")
    assert history_of.lead_time("2020-02-25 12:00", "2020-03-02 12:00", off) == 3 * DAY


def test_weeks_that_begin_on_sunday_are_a_setting_away(history_of: Asking) -> None:
    assert history_of.lead_time("2020-02-20 00:00", "2020-02-24 00:00", ("fri", "sat")) == 2 * DAY


def test_days_off_are_those_of_the_zone_of_the_instance(history_of: Asking) -> None:
    # From 23:00 UTC on Friday on it is Saturday in Berlin.
    assert history_of.lead_time("2020-02-21 22:00", "2020-02-22 12:00", zone=BERLIN) == HOUR


@pytest.mark.parametrize(
    ("reported", "done", "hours"),
    [
        pytest.param("2020-03-28 23:00", "2020-03-29 22:00", 23, id="clocks go forward"),
        pytest.param("2019-10-26 22:00", "2019-10-27 23:00", 25, id="clocks go back"),
    ],
)
def test_a_day_on_which_clocks_change_has_the_hours_that_it_had(
    history_of: Asking, reported: str, done: str, hours: int
) -> None:
    worked = history_of.lead_time(reported, done, ("sat",), BERLIN)
    assert worked == hours * HOUR
    assert history_of.lead_time(reported, done, ("sun",), BERLIN) == 0


def test_after_a_change_of_clocks_a_weekend_still_ends_at_midnight(history_of: Asking) -> None:
    # Monday begins at 22:00 UTC in summer, at 23:00 in winter.
    assert history_of.lead_time("2020-03-27 22:00", "2020-03-29 23:00", zone=BERLIN) == 2 * HOUR


BUSINESS = {"calendar": "business", "from_": "2020-02-20", "bucket": "all"}


@pytest.mark.parametrize(
    "metric", [name for name in METRICS if Calendar.BUSINESS in METRICS[name].calendars]
)
def test_numbers_of_working_days_open_their_issues_too(
    maintainer: Caller, past: History, metric: str
) -> None:
    of = {"of": "lead-time"} if metric in ("compare", "signals") else {}
    answer = maintainer.get(f"/insights/{metric}", **BUSINESS, **of)
    assert answer["calendar"] == "business"
    if metric != "compare":
        assert_all_open(maintainer, answer)


def test_time_in_status_and_ages_leave_the_weekend_out(maintainer: Caller, past: History) -> None:
    # WEB-3 is in progress from Sunday noon until it is done at midnight of Monday.
    query = {**BUSINESS, "q": "key:WEB-3"}
    assert values(maintainer.get("/insights/time-in-status", **query), "in_progress") == {
        "2020-02-20": 0
    }
    # Now it is Wednesday, 15:00; WEB-4 has been open since Monday of the week before.
    aging = maintainer.get("/insights/aging", **{**BUSINESS, "q": "key:WEB-4", "bucket": "week"})
    assert only(aging, "open: age")["value"] == 7 * DAY + 15 * HOUR


def test_what_has_no_working_days_says_so(maintainer: Caller, past: History) -> None:
    for metric, more in (
        ("throughput", {}),
        ("survival", {}),
        ("lead-time", {"show": "histogram"}),
        ("compare", {"of": "throughput"}),
        ("signals", {"of": "severity-mix"}),
    ):
        assert "?calendar" in maintainer.refused(f"/insights/{metric}", calendar="business", **more)


def test_the_catalogue_says_which_days_are_off_and_who_can_leave_them_out(
    maintainer: Caller,
) -> None:
    answer = maintainer.get("/insights")
    assert answer["days_off"] == ["sat", "sun"]
    calendars = {one["name"]: one["calendars"] for one in answer["items"]}
    assert calendars["lead-time"] == ["all", "business"]
    assert calendars["throughput"] == ["all"]
