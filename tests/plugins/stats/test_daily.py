"""`/stats/daily`: the counts of each day, for the one who asks."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.settings import Settings
from plugins.issues import services as issues
from plugins.stats import queries, services
from tests.plugins.stats.conftest import Caller, History, at

UTC = ZoneInfo("UTC")
NOW = at("2020-03-10 15:00")


@pytest.fixture
def present(app: Flask) -> Iterator[None]:
    """Let it be the afternoon of 10 March 2020."""
    with clock.frozen(NOW):
        yield


def totals(answer: Any) -> dict[str, int]:
    """Return the totals by day, without the year."""
    return {item["day"][5:]: item["total"] for item in answer["items"]}


def test_each_day_tells_how_many_stood_where_at_its_end(
    maintainer: Caller, history: History
) -> None:
    key = history.report("2020-03-07 10:00", "high")
    history.report("2020-03-08 23:59", "low")
    history.change("2020-03-09 00:00", key, status="done")
    answer = maintainer.get("/stats/daily", from_="2020-03-06")
    assert totals(answer) == {"03-06": 0, "03-07": 1, "03-08": 2, "03-09": 2, "03-10": 2}
    assert answer["items"][2] == {
        "day": "2020-03-08",
        "so_far": False,
        "total": 2,
        "by_status": {"open": 2, "triaged": 0, "in_progress": 0, "done": 0},
        "by_severity": {"low": 1, "medium": 0, "high": 1, "critical": 0, "none": 0},
    }
    assert answer["items"][3]["by_status"]["done"] == 1
    assert answer["time_zone"] == "UTC"


def test_only_today_is_so_far(maintainer: Caller) -> None:
    answer = maintainer.get("/stats/daily", from_="2020-03-08", to="2020-03-12")
    assert [(item["day"], item["so_far"]) for item in answer["items"]] == [
        ("2020-03-08", False),
        ("2020-03-09", False),
        ("2020-03-10", True),
    ]


def test_without_a_range_it_is_the_last_thirty_days(maintainer: Caller) -> None:
    items = maintainer.get("/stats/daily")["items"]
    assert (items[0]["day"], items[-1]["day"], len(items)) == ("2020-02-10", "2020-03-10", 30)
    items = maintainer.get("/stats/daily", to="2020-01-31")["items"]
    assert (items[0]["day"], items[-1]["day"], len(items)) == ("2020-01-02", "2020-01-31", 30)


def test_of_the_future_nothing_is_known(maintainer: Caller) -> None:
    assert maintainer.get("/stats/daily", from_="2020-03-11", to="2020-03-20")["items"] == []
    assert maintainer.get("/stats/daily", to="9999-12-31")["items"] == []


def test_the_longest_range_is_ten_years(maintainer: Caller) -> None:
    first = date(2020, 3, 10).toordinal() - queries.MOST_DAYS + 1
    assert (
        len(maintainer.get("/stats/daily", from_=date.fromordinal(first).isoformat())["items"])
        == queries.MOST_DAYS
    )
    faults = maintainer.refused("/stats/daily", from_=date.fromordinal(first - 1).isoformat())
    assert set(faults) == {"?from"}


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"from_": "2020-02-30"}, {"?from"}),
        ({"from_": "20200101"}, {"?from"}),
        ({"from_": "2020-W01-1"}, {"?from"}),
        ({"from_": "1577836800"}, {"?from"}),
        ({"from_": "2020-01-01T00:00:00Z"}, {"?from"}),
        ({"from_": ""}, {"?from"}),
        ({"to": "tomorrow"}, {"?to"}),
        ({"from_": "2020-03-02", "to": "2020-03-01"}, {"?to"}),
        ({"from_": "2020-03-11"}, {"?from"}),
        ({"from_": "1969-12-31", "to": "1970-01-02"}, {"?from"}),
        ({"from_": "0001-01-01", "to": "0001-01-01"}, {"?from", "?to"}),
        ({"to": "0001-01-01"}, {"?to"}),
        ({"to": "1969-12-31"}, {"?to"}),
        ({"project": "NONE"}, {"?project"}),
        ({"project": "x" * 21}, {"?project"}),
        ({"from_": "x", "to": "y"}, {"?from", "?to"}),
        ({"day": "2020-01-01"}, {"?day"}),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(
    maintainer: Caller, query: dict[str, Any], pointers: set[str]
) -> None:
    assert set(maintainer.refused("/stats/daily", **query)) == pointers


def test_the_first_of_all_days_can_be_asked_for(maintainer: Caller) -> None:
    assert totals(maintainer.get("/stats/daily", to="1970-01-01")) == {"01-01": 0}


def test_one_project_or_all(maintainer: Caller, history: History) -> None:
    issues.create_project(history.session, history.admin, key="APP", name="App", visibility="own")
    history.report("2020-03-09 10:00")
    history.report("2020-03-09 10:00", project="APP")
    history.report("2020-03-10 10:00", project="APP")
    days = {"from_": "2020-03-09"}
    for _ in range(2):
        assert totals(maintainer.get("/stats/daily", **days)) == {"03-09": 2, "03-10": 3}
        for_app = maintainer.get("/stats/daily", **days, project=" app ")
        assert totals(for_app) == {"03-09": 1, "03-10": 2}
        services.aggregate(history.session, UTC)
        history.session.commit()


def test_reporters_see_counts_of_their_own_issues_only(app: Flask, history: History) -> None:
    with clock.frozen(NOW):
        caller, other = Caller.of(app, "reporter"), Caller.of(app, "reporter")
        history.report("2020-03-08 10:00", by=caller.principal)
        history.report("2020-03-09 10:00")
        services.aggregate(history.session, UTC)
        history.session.commit()
        assert totals(caller.get("/stats/daily", from_="2020-03-08")) == {
            "03-08": 1,
            "03-09": 1,
            "03-10": 1,
        }
        assert totals(other.get("/stats/daily", from_="2020-03-10")) == {"03-10": 0}
        issues.change_project(history.session, history.admin, "WEB", {"visibility": "all"})
        history.session.commit()
        assert totals(other.get("/stats/daily", from_="2020-03-10")) == {"03-10": 2}


@pytest.mark.parametrize("counted", [False, True])
def test_opening_a_project_does_not_open_its_past(
    app: Flask, history: History, counted: bool
) -> None:
    with clock.frozen(NOW):
        caller = Caller.of(app, "reporter")
        history.report("2020-03-06 10:00")
        history.report("2020-03-07 10:00", by=caller.principal)
        with history.moment("2020-03-09 10:00"):
            issues.change_project(history.session, history.admin, "WEB", {"visibility": "all"})
        if counted:
            services.aggregate(history.session, UTC)
            history.session.commit()
        answer = caller.get("/stats/daily", from_="2020-03-06")
        assert totals(answer) == {"03-06": 0, "03-07": 1, "03-08": 1, "03-09": 2, "03-10": 2}
        for item in answer["items"]:
            assert caller.get("/stats/now", as_of=item["day"])["total"] == item["total"]


def test_what_is_deleted_counts_up_to_its_deletion(maintainer: Caller, history: History) -> None:
    key = history.report("2020-03-07 10:00")
    history.delete("2020-03-08 10:00", key)
    history.restore("2020-03-10 10:00", key)
    expected = {"03-07": 1, "03-08": 0, "03-09": 0, "03-10": 1}
    assert totals(maintainer.get("/stats/daily", from_="2020-03-07")) == expected
    services.aggregate(history.session, UTC)
    history.session.commit()
    assert totals(maintainer.get("/stats/daily", from_="2020-03-07")) == expected


@pytest.mark.parametrize("counted", [False, True])
def test_every_day_is_the_list_as_of_that_day(
    maintainer: Caller, history: History, counted: bool
) -> None:
    key = history.report("2020-03-07 10:00")
    history.report("2020-03-08 10:00", "low")
    history.change("2020-03-09 10:00", key, status="done")
    history.delete("2020-03-10 10:00", key)
    if counted:
        services.aggregate(history.session, UTC)
        history.session.commit()
    for item in maintainer.get("/stats/daily", from_="2020-03-06")["items"]:
        then = maintainer.get("/stats/now", as_of=item["day"])
        assert {k: then[k] for k in ("total", "by_status", "by_severity")} == {
            k: item[k] for k in ("total", "by_status", "by_severity")
        }


def test_the_answer_says_when_its_oldest_number_was_counted(
    maintainer: Caller, history: History
) -> None:
    history.report("2020-03-09 10:00")
    with history.moment("2020-03-10 12:00"):
        services.aggregate(history.session, UTC)
    assert maintainer.get("/stats/daily")["computed_at"] == "2020-03-10T12:00:00Z"
    # Today has changed since, the days before it have not.
    history.report("2020-03-10 13:00")
    answer = maintainer.get("/stats/daily", from_="2020-03-09")
    assert (answer["computed_at"], totals(answer)) == (
        "2020-03-10T12:00:00Z",
        {"03-09": 1, "03-10": 2},
    )
    answer = maintainer.get("/stats/daily", from_="2020-03-10")
    assert (answer["computed_at"], totals(answer)) == ("2020-03-10T15:00:00Z", {"03-10": 2})


def test_unchanged_days_come_from_the_cache(maintainer: Caller, history: History) -> None:
    history.report("2020-03-09 10:00")
    services.aggregate(history.session, UTC)
    history.session.execute(text("UPDATE daily_stats SET count = 77 WHERE day = '2020-03-09'"))
    history.session.commit()
    answer = maintainer.get("/stats/daily", from_="2020-03-09")
    assert totals(answer) == {"03-09": 77, "03-10": 1}


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", {date(2020, 3, 8): 0, date(2020, 3, 9): 2}),
        ("Asia/Tokyo", {date(2020, 3, 8): 0, date(2020, 3, 9): 1, date(2020, 3, 10): 2}),
        ("America/Los_Angeles", {date(2020, 3, 8): 1, date(2020, 3, 9): 2}),
    ],
)
def test_days_are_those_of_the_zone(
    session: Session, admin: Principal, history: History, zone: str, days: dict[date, int]
) -> None:
    history.report("2020-03-09 05:00")
    history.report("2020-03-09 20:00")
    for counted in (False, True):
        with history.moment("2020-03-11 00:00"):
            if counted:
                services.aggregate(session, ZoneInfo(zone))
            answer = queries.count_days(
                session, admin, ZoneInfo(zone), first=min(days), last=max(days), project=None
            )
        assert {item["day"]: item["total"] for item in answer["items"]} == days


def test_a_day_that_the_zone_left_out_holds_what_the_day_before_it_held(
    session: Session, admin: Principal
) -> None:
    apia = ZoneInfo("Pacific/Apia")
    with clock.frozen(at("2011-12-01 00:00")):
        issues.create_project(session, admin, key="OLD", name="Old", visibility="all")
    written = History(session, admin, "OLD")
    written.report("2011-12-30 09:59")  # the last minute of the 29th
    written.report("2011-12-30 10:00")  # the first one of the 31st
    for counted in (False, True):
        with written.moment("2012-01-02 00:00"):
            if counted:
                services.aggregate(session, apia)
            answer = queries.count_days(
                session,
                admin,
                apia,
                first=date(2011, 12, 28),
                last=date(2011, 12, 31),
                project=None,
            )
        assert [item["total"] for item in answer["items"]] == [0, 1, 1, 2]


def test_signing_in_is_needed(app: Flask, settings: Settings) -> None:
    for path in ("now", "daily"):
        assert app.test_client().get(f"/api/v1/stats/{path}").status_code == 401
