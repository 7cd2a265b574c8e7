"""`/stats/now`: how many issues there are, by everything one would group them by."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from plugins.issues import services
from tests.plugins.stats.conftest import Caller, History, person

NOTHING = {"open": 0, "triaged": 0, "in_progress": 0, "done": 0}


@pytest.fixture
def maintainer(app: Flask) -> Caller:
    return Caller.of(app, "maintainer")


@pytest.fixture
def past(history: History, session: Session) -> History:
    """Five issues of the first week of 2020, one of them deleted at its end."""
    first = history.report("2020-01-01 10:00", "high", labels=["ui", "slow"])
    second = history.report("2020-01-02 10:00", "low", labels=["ui"])
    history.report("2020-01-03 10:00")
    history.report("2020-01-04 10:00", "high")
    gone = history.report("2020-01-05 10:00", "critical", labels=["ui"])
    someone = person(session, "maintainer")
    history.change("2020-01-05 11:00", first, assignee=someone.user_id, status="triaged")
    history.change("2020-01-06 11:00", second, status="done")
    history.delete("2020-01-07 11:00", gone)
    return history


def test_issues_are_counted_by_status_severity_assignee_and_label(
    maintainer: Caller, past: History
) -> None:
    counts = maintainer.get("/stats/now")
    assert counts["total"] == 4
    assert counts["by_status"] == {**NOTHING, "open": 2, "triaged": 1, "done": 1}
    assert counts["by_severity"] == {"low": 1, "medium": 0, "high": 2, "critical": 0, "none": 1}
    assert [
        (c["assignee"] and c["assignee"]["name"][:10], c["count"]) for c in counts["by_assignee"]
    ] == [(None, 3), ("maintainer", 1)]
    assert counts["by_label"] == [{"label": "ui", "count": 2}, {"label": "slow", "count": 1}]


def test_counts_of_nothing_are_all_there(maintainer: Caller, past: History) -> None:
    counts = maintainer.get("/stats/now", q="label:nowhere")
    assert counts["total"] == 0
    assert counts["by_status"] == NOTHING
    assert set(counts["by_severity"].values()) == {0}
    assert (counts["by_assignee"], counts["by_label"]) == ([], [])


def test_counts_can_be_rewound(maintainer: Caller, past: History) -> None:
    counts = maintainer.get("/stats/now", as_of="2020-01-05")
    assert counts["total"] == 5
    assert counts["by_status"] == {**NOTHING, "open": 4, "triaged": 1}
    assert counts["by_label"][0] == {"label": "ui", "count": 3}
    assert counts["as_of"] == "2020-01-05T23:59:59.999999Z"
    before = maintainer.get("/stats/now", as_of="2020-01-05T10:59:59Z")
    assert before["by_status"] == {**NOTHING, "open": 5}


FILTERS = [
    "",
    "status:open",
    "severity>=high -label:slow",
    "assignee:none",
    "wrong",
    '"something is"',
    "created:<2020-01-04 sort:-updated",
    "label:ui,slow",
    "project:WEB",
    "project:NONE",
]


@pytest.mark.parametrize("role", ["reporter", "maintainer"])
def test_the_total_is_that_of_the_list(app: Flask, past: History, role: str) -> None:
    caller = Caller.of(app, role)
    past.report("2020-01-05 09:00", "high", by=caller.principal)
    seen = set()
    for q in FILTERS:
        for as_of in (None, "2020-01-01", "2020-01-05", "2020-01-06T11:00:00Z"):
            query = {"q": q} | ({"as_of": as_of} if as_of else {})
            counts = caller.get("/stats/now", **query)
            page = caller.get("/issues", **query, limit=200)
            compare(counts, page)
            seen.add(counts["total"])
    assert len(seen) > 1


def compare(counts: Any, page: Any) -> None:
    """Hold every number to the list of issues it is of."""
    items = page["items"]
    assert counts["total"] == page["total"] == len(items)
    for kind in ("by_status", "by_severity"):
        assert sum(counts[kind].values()) == counts["total"]
    assert sum(count["count"] for count in counts["by_assignee"]) == counts["total"]
    for status, number in counts["by_status"].items():
        assert number == sum(item["status"] == status for item in items)
    for severity, number in counts["by_severity"].items():
        assert number == sum((item["severity"] or "none") == severity for item in items)
    for count in counts["by_assignee"]:
        assert count["count"] == sum(item["assignee"] == count["assignee"] for item in items)
    for label in counts["by_label"]:
        assert label["count"] == sum(label["label"] in item["labels"] for item in items)


def test_reporters_count_only_what_they_may_see(app: Flask, past: History) -> None:
    reporter, other = Caller.of(app, "reporter"), Caller.of(app, "reporter")
    past.report("2020-01-05 09:00", "high", by=reporter.principal)
    assert reporter.get("/stats/now")["total"] == 1
    assert other.get("/stats/now")["total"] == 0
    assert other.get("/stats/now")["by_label"] == []
    services.change_project(past.session, past.admin, "WEB", {"visibility": "all"})
    past.session.commit()
    assert other.get("/stats/now")["total"] == 5
    # Opening a project does not open its past.
    assert other.get("/stats/now", as_of="2020-01-02")["total"] == 0


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"q": "status:nonsense"}, "?q"),
        ({"q": "((("}, "?q"),
        ({"as_of": "yesterday"}, "?as_of"),
        ({"as_of": "9999-12-31"}, "?as_of"),
        ({"as_of": "2020-W01-1"}, "?as_of"),
        ({"limit": "3"}, "?limit"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(
    maintainer: Caller, query: dict[str, Any], pointer: str
) -> None:
    assert set(maintainer.refused("/stats/now", **query)) == {pointer}


def test_somebody_who_is_removed_still_has_their_count(
    maintainer: Caller, history: History, admin: Principal
) -> None:
    history.report("2020-01-01 10:00", assignee=admin.user_id)
    [count] = maintainer.get("/stats/now")["by_assignee"]
    assert count == {"assignee": {"id": admin.user_id, "name": admin.name}, "count": 1}
