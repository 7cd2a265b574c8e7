"""Changing many issues in one change-set."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from plugins.issues.bulk import MOST
from tests.plugins.issues.conftest import Caller


def bulk(who: Caller, status: int = 200, **data: Any) -> dict[str, Any]:
    answer = who.client.post("/api/v1/issues/bulk", json=data)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json
    return body


@pytest.fixture
def keys(admin: Caller) -> list[str]:
    admin.project(visibility="all")
    return [admin.report(f"Issue {n}") for n in range(4)]


def statuses(who: Caller) -> list[str]:
    return [item["status"] for item in who.got("/issues", q="sort:key")["items"]]


def test_issues_named_by_key_change_together_and_share_one_change_set(
    admin: Caller, keys: list[str]
) -> None:
    done = bulk(admin, keys=keys[:2], set={"status": "in progress", "severity": "high"})
    assert (done["changed"], done["unchanged"], done["refused"]) == (2, 0, [])
    assert statuses(admin) == ["in_progress", "in_progress", "open", "open"]
    events = admin.got(f"/issues/{keys[0]}/events")["items"]
    assert {event["change_set"] for event in events[1:]} == {done["change_set"]}
    assert done["changes"][0] == {
        "key": keys[0],
        "field": "status",
        "old": "open",
        "new": "in_progress",
    }


def test_a_filter_selects_what_to_change(admin: Caller, keys: list[str]) -> None:
    admin.change(keys[1], severity="critical")
    assert bulk(admin, q="severity:critical", set={"status": "triaged"})["changed"] == 1
    assert statuses(admin) == ["open", "triaged", "open", "open"]


def test_what_is_like_that_already_is_counted_and_not_written(
    admin: Caller, keys: list[str]
) -> None:
    bulk(admin, keys=keys[:1], set={"severity": "low"})
    again = bulk(admin, keys=keys[:1], set={"severity": "low"})
    assert (again["change_set"], again["changed"], again["unchanged"]) == (None, 0, 1)
    assert admin.got(f"/issues/{keys[0]}")["version"] == 2


def test_what_may_not_change_is_refused_with_its_reason_and_hinders_no_other(
    admin: Caller, keys: list[str]
) -> None:
    admin.change(keys[0], status="done")
    done = bulk(admin, keys=[*keys[:2], "WEB-99"], set={"status": "in_progress"})
    assert done["changed"] == 1
    assert [one["key"] for one in done["refused"]] == ["WEB-99", keys[0]]
    assert done["refused"][0]["reason"] == "There is no issue WEB-99."
    assert "can become" in done["refused"][1]["reason"]
    assert statuses(admin) == ["done", "in_progress", "open", "open"]


def test_a_dry_run_tells_all_of_it_and_writes_nothing(
    admin: Caller, keys: list[str], session: Session
) -> None:
    admin.change(keys[0], status="done")
    before = [admin.got(f"/issues/{key}") for key in keys]
    events = session.scalar(select(func.count(Event.id)))
    wanted = {"keys": keys, "set": {"status": "in_progress", "add_labels": ["ui"]}}
    trial = bulk(admin, **wanted, dry_run=True)
    assert [admin.got(f"/issues/{key}") for key in keys] == before
    session.rollback()
    assert session.scalar(select(func.count(Event.id))) == events
    real = bulk(admin, **wanted)
    assert trial["change_set"] is None
    assert real["change_set"] is not None
    assert {**trial, "change_set": ""} == {**real, "change_set": ""}


def test_labels_are_added_to_and_taken_from_what_each_issue_has(
    admin: Caller, keys: list[str]
) -> None:
    admin.change(keys[0], labels=["a", "b"])
    admin.change(keys[1], labels=["c"])
    bulk(admin, keys=keys[:2], set={"add_labels": ["z"], "remove_labels": ["b"]})
    assert [admin.got(f"/issues/{key}")["labels"] for key in keys[:2]] == [["a", "z"], ["c", "z"]]
    admin.change(keys[0], labels=[f"l{n}" for n in range(20)])
    full = bulk(admin, keys=keys[:2], set={"add_labels": ["more"]})
    assert full["changed"] == 1
    assert full["refused"] == [{"key": keys[0], "reason": "An issue has at most 20 labels."}]


def test_only_maintainers_may_and_only_what_they_see(
    admin: Caller, reporter: Caller, keys: list[str]
) -> None:
    bulk(reporter, 403, keys=keys, set={"status": "done"})
    assert statuses(admin) == ["open"] * 4


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"keys": ["WEB-1"], "q": "", "set": {"status": "done"}}, ""),
        ({"set": {"status": "done"}}, ""),
        ({"keys": [], "set": {"status": "done"}}, "/keys"),
        ({"keys": ["what"], "set": {"status": "done"}}, "/keys/0"),
        ({"keys": ["WEB-1"] * (MOST + 1), "set": {"status": "done"}}, "/keys"),
        ({"keys": ["WEB-1"], "set": {}}, "/set"),
        ({"keys": ["WEB-1"], "set": {"title": "Same"}}, "/set/title"),
        ({"keys": ["WEB-1"], "set": {"assignee": 999_999}}, "/set/assignee"),
        ({"q": "stat:open", "set": {"status": "done"}}, "/q"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_where_the_fault_is(
    admin: Caller, keys: list[str], data: dict[str, Any], pointer: str
) -> None:
    assert bulk(admin, 422, **data)["errors"][0]["pointer"] == pointer
    assert statuses(admin) == ["open"] * 4


def test_a_filter_that_selects_too_much_changes_nothing(
    admin: Caller, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.issues.bulk.MOST", 3)
    assert bulk(admin, 422, q="", set={"status": "done"})["errors"][0]["pointer"] == "/q"
    assert statuses(admin) == ["open"] * 4
