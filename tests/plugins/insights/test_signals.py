"""Limits on weekly series, and the weeks that they mark."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from issue_insight import clock
from tests.plugins.insights.opening import assert_all_open, listed
from tests.plugins.stats.conftest import Caller, History

MONDAY = datetime(2020, 1, 6, tzinfo=UTC)
WEEKS = [2, 1, 2, 1, 2, 1, 2, 9, 2, 1, 2]
"""How many issues come each week: one week is not like the others."""


@pytest.fixture
def weeks(history: History) -> History:
    for week, number in enumerate(WEEKS):
        for hour in range(number):
            history.report(f"{MONDAY + timedelta(weeks=week, hours=hour + 1):%Y-%m-%d %H:%M}")
    return history


@pytest.fixture
def caller(app: Flask, weeks: History) -> Any:
    with clock.frozen(MONDAY + timedelta(weeks=len(WEEKS), days=1)):
        yield Caller.of(app, "maintainer")


def test_the_week_that_is_unlike_the_others_is_marked(caller: Caller) -> None:
    answer = caller.get("/insights/signals", from_="2020-01-06", of="created-resolved")
    assert_all_open(caller, answer)
    [limits] = [one for one in answer["limits"] if one["series"] == "created"]
    # By hand: mean 25/11; moving ranges 1, 1, 1, 1, 1, 1, 7, 7, 1, 1, of mean 2.2.
    assert limits["values"] == 11
    assert limits["mean"] == pytest.approx(25 / 11)
    assert limits["moving_range"] == pytest.approx(2.2)
    assert limits["upper"] == pytest.approx(25 / 11 + 2.66 * 2.2)
    assert limits["lower"] is None
    [signal] = [
        one
        for one in answer["signals"]
        if one["series"] == "created" and one["rule"] == "beyond_limits"
    ]
    assert (signal["at"], signal["value"], signal["side"]) == ("2020-02-24", 9, "above")
    assert listed(caller, signal["open"]) == 9
    [series] = [one for one in answer["series"] if one["name"] == "created"]
    assert {point["at"]: point.get("signals") for point in series["points"]}["2020-02-24"] == [
        "beyond_limits above"
    ]


def test_each_signal_opens_its_issues(caller: Caller) -> None:
    answer = caller.get("/insights/signals", from_="2020-01-06")
    assert answer["of"][0] == "created-resolved"
    assert {one["series"] for one in answer["limits"]} >= {"created", "resolved", "backlog"}
    assert {signal["series"] for signal in answer["signals"]} >= {"created", "backlog"}
    for signal in answer["signals"]:
        if signal["series"] in ("created", "resolved", "backlog"):
            assert listed(caller, signal["open"]) == signal["value"], signal


def test_the_week_under_way_is_left_out(caller: Caller) -> None:
    answer = caller.get("/insights/signals", from_="2020-01-06", of="throughput")
    [series] = answer["series"]
    assert series["points"][-1]["so_far"]
    assert answer["limits"][0]["values"] == len(series["points"]) - 1 == 11


def test_too_few_weeks_have_no_limits_and_it_says_so(caller: Caller) -> None:
    answer = caller.get("/insights/signals", from_="2020-02-24", of="throughput")
    [limits] = answer["limits"]
    assert (limits["mean"], limits["upper"], limits["lower"]) == (None, None, None)
    assert limits["says"] == "4 values so far; fewer than 10 have no limits"
    assert answer["signals"] == []


def test_signals_of_signals_are_refused(caller: Caller) -> None:
    assert "?of" in caller.refused("/insights/signals", of="signals")
    assert "?of" in caller.refused("/insights/signals", of="survival")
