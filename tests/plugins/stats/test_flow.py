"""`/stats/flow` and filtered days: every number is the total of the list that it stands for."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from plugins.issues.api import count_issues, select_issues
from plugins.stats.buckets import Bucket, bucket_of, buckets_between, last_days
from plugins.stats.flow import count_flow
from tests.plugins.stats.conftest import NOW, Caller, History

FILTERS = ["", "severity:high", "label:ui OR severity:low", "age:>3d", "wrong", "is:overdue"]
INSTANTS = [None, "2020-03-08", "2020-03-04T12:00:00Z"]


@pytest.fixture
def past(history: History) -> History:
    """Three weeks with everything that can befall an issue."""
    first = history.report("2020-02-20 10:00", "high", labels=["ui"])
    second = history.report("2020-02-24 00:00", "low", due_date=date(2020, 3, 1))
    third = history.report("2020-03-01 23:59", labels=["ui"])
    history.report("2020-03-02 00:00", "high")
    gone = history.report("2020-03-05 10:00", "critical")
    history.change("2020-03-01 12:00", first, status="done")
    history.change("2020-03-04 12:00", second, status="done")
    history.change("2020-03-05 12:00", first, status="open")
    history.change("2020-03-09 00:00", third, status="done")
    history.delete("2020-03-10 11:00", gone)
    return history


def listed(caller: Caller, q: str, as_of: str | None) -> int:
    answer = caller.get("/issues", q=q, **({"as_of": as_of} if as_of else {}))
    assert not answer["total_is_estimate"]
    total: int = answer["total"]
    return total


def within(q: str, term: str) -> str:
    return f"({q}) {term}" if q else term


@pytest.mark.parametrize("as_of", INSTANTS)
@pytest.mark.parametrize("q", FILTERS)
def test_each_number_is_the_total_of_its_list(
    maintainer: Caller, past: History, q: str, as_of: str | None
) -> None:
    asked = {"as_of": as_of} if as_of else {}
    for bucket in ("day", "week", "month"):
        answer = maintainer.get("/stats/flow", q=q, from_="2020-02-19", bucket=bucket, **asked)
        for row in answer["items"]:
            days = f"{row['from']}..{row['to']}"
            assert row["created"] == listed(maintainer, within(q, f"created:{days}"), as_of)
            assert row["resolved"] == listed(maintainer, within(q, f"closed:{days}"), as_of)


def test_weeks_begin_on_monday_and_the_last_one_is_under_way(
    maintainer: Caller, past: History
) -> None:
    answer = maintainer.get("/stats/flow", from_="2020-02-26")
    assert answer["items"] == [
        {"from": "2020-02-24", "to": "2020-03-01", "so_far": False, "created": 2, "resolved": 0},
        {"from": "2020-03-02", "to": "2020-03-08", "so_far": False, "created": 1, "resolved": 1},
        {"from": "2020-03-09", "to": "2020-03-15", "so_far": True, "created": 0, "resolved": 1},
    ]
    assert len(maintainer.get("/stats/flow")["items"]) == 26
    # At the end of a Sunday its week is over.
    assert not maintainer.get("/stats/flow", as_of="2020-03-08")["items"][-1]["so_far"]


def test_what_was_reopened_counts_as_resolved_only_while_it_was(
    maintainer: Caller, past: History
) -> None:
    then = maintainer.get("/stats/flow", from_="2020-02-26", as_of="2020-03-05T11:59:59Z")
    assert [row["resolved"] for row in then["items"]] == [1, 1]
    # The deleted one was still there.
    assert [row["created"] for row in then["items"]] == [2, 2]


def test_days_of_a_flow_begin_and_end_in_the_time_zone_of_the_instance(
    session: Session, admin: Principal, past: History
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    first, last = date(2020, 3, 1), date(2020, 3, 3)
    with clock.frozen(NOW):
        everything = select_issues(session, admin, "", None, zone)
        flow = count_flow(session, everything, first=first, last=last, size="day")
        # 23:59 of 1 March in UTC is the second of March there.
        assert [row["created"] for row in flow["items"]] == [0, 2, 0]
        for row in flow["items"]:
            of_day = select_issues(session, admin, f"created:{row['from']}", None, zone)
            assert row["created"] == count_issues(session, of_day)


@pytest.mark.parametrize("as_of", INSTANTS)
@pytest.mark.parametrize("q", FILTERS)
def test_each_status_of_a_day_is_the_total_of_its_list(
    maintainer: Caller, past: History, q: str, as_of: str | None
) -> None:
    asked = {"as_of": as_of} if as_of else {}
    answer = maintainer.get("/stats/daily", q=q, from_="2020-02-28", **asked)
    assert answer["items"]
    for row in answer["items"]:
        then = as_of or None if row["so_far"] else row["day"]
        assert row["total"] == listed(maintainer, q, then)
        for status, number in row["by_status"].items():
            assert number == listed(maintainer, within(q, f"status:{status}"), then)
        for severity, number in row["by_severity"].items():
            assert number == listed(maintainer, within(q, f"severity:{severity}"), then)


def test_a_filter_of_everything_counts_days_as_the_cache_does(
    maintainer: Caller, past: History
) -> None:
    days = {"from_": "2020-02-18"}
    plain = maintainer.get("/stats/daily", **days)
    assert maintainer.get("/stats/daily", **days, q="project:WEB")["items"] == plain["items"]
    assert maintainer.get("/stats/daily", **days, project="web")["items"] == plain["items"]
    narrowed = maintainer.get("/stats/daily", **days, project="web", q="severity:high")
    assert narrowed["items"][-1]["total"] == 2


def test_nothing_is_told_of_what_came_after_the_instant(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/stats/daily", from_="2020-03-04", as_of="2020-03-05T11:00:00Z")
    assert [(row["day"], row["so_far"]) for row in answer["items"]] == [
        ("2020-03-04", False),
        ("2020-03-05", True),
    ]
    # As it was at eleven, not at the day's end: the first one was reopened at noon.
    assert answer["items"][1]["by_status"]["done"] == 2
    flow = maintainer.get("/stats/flow", as_of="2020-03-05T11:00:00Z", bucket="day")
    assert flow["items"][-1]["from"] == "2020-03-05"
    assert flow["as_of"] == "2020-03-05T11:00:00Z"


def test_only_the_last_day_of_each_week_or_month(maintainer: Caller, past: History) -> None:
    weekly = maintainer.get("/stats/daily", from_="2020-02-20", every="week")
    assert [row["day"] for row in weekly["items"]] == [
        "2020-02-23",
        "2020-03-01",
        "2020-03-08",
        "2020-03-11",
    ]
    assert [row["so_far"] for row in weekly["items"]] == [False, False, False, True]
    monthly = maintainer.get("/stats/daily", from_="2020-02-20", every="month", q="label:ui")
    assert [row["day"] for row in monthly["items"]] == ["2020-02-29", "2020-03-11"]


def test_reporters_count_only_what_they_see(app: Flask, present: None, past: History) -> None:
    reporter = Caller.of(app, "reporter")
    assert {row["created"] for row in reporter.get("/stats/flow")["items"]} == {0}
    past.report("2020-03-03 09:00", by=reporter.principal)
    assert sum(row["created"] for row in reporter.get("/stats/flow")["items"]) == 1
    assert reporter.get("/stats/daily", q="status:open")["items"][-1]["total"] == 1


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/stats/flow", {"q": "((("}, "?q"),
        ("/stats/flow", {"as_of": "yesterday"}, "?as_of"),
        ("/stats/flow", {"bucket": "year"}, "?bucket"),
        ("/stats/flow", {"from_": "2020-03-01", "to": "2020-02-01"}, "?to"),
        ("/stats/flow", {"from_": "2030-01-01"}, "?from"),
        ("/stats/flow", {"to": "1969-12-31"}, "?to"),
        ("/stats/flow", {"from_": "1970-01-01", "bucket": "day"}, "?from"),
        ("/stats/flow", {"from_": "20200301"}, "?from"),
        ("/stats/daily", {"q": "status:nonsense"}, "?q"),
        ("/stats/daily", {"q": "label:ui", "from_": "2019-01-01"}, "?from"),
        ("/stats/daily", {"q": "label:ui", "project": "NONE"}, "?project"),
        ("/stats/daily", {"every": "year"}, "?every"),
    ],
)
def test_what_cannot_be_counted_is_refused_at_its_place(
    maintainer: Caller, past: History, path: str, query: dict[str, Any], pointer: str
) -> None:
    assert pointer in maintainer.refused(path, **query)


def test_the_first_and_the_last_days_of_a_calendar_can_be_asked_for(maintainer: Caller) -> None:
    assert maintainer.get("/stats/flow", from_="1970-01-01", bucket="month")["items"]
    assert maintainer.get("/stats/flow", to="9999-12-31")["items"][-1]["so_far"]
    assert maintainer.get("/stats/flow", as_of="1970-01-02", bucket="day")["items"]
    assert maintainer.get("/stats/daily", q="label:ui", as_of="1970-01-02")["items"]


def test_buckets_are_whole_weeks_and_months() -> None:
    assert bucket_of(date(2024, 2, 29), "month") == Bucket(date(2024, 2, 1), date(2024, 2, 29))
    assert bucket_of(date(2024, 12, 31), "month").last == date(2024, 12, 31)
    weeks = buckets_between(date(2024, 12, 31), date(2025, 1, 6), "week")
    assert weeks == [
        Bucket(date(2024, 12, 30), date(2025, 1, 5)),
        Bucket(date(2025, 1, 6), date(2025, 1, 12)),
    ]
    assert last_days(date(2024, 12, 31), date(2025, 1, 7), "week") == [
        date(2025, 1, 5),
        date(2025, 1, 7),
    ]
