"""Undoing a change-set: all of it exactly, or nothing."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.issues.models import INFINITY, SearchDocument
from tests.plugins.issues.conftest import Caller

FREE = {"version", "updated_at"}
"""What goes on while all else goes back: a change, also back, is a change."""


def undo(who: Caller, change_set: str, status: int = 200) -> dict[str, Any]:
    answer = who.client.post(f"/api/v1/change-sets/{change_set}/undo")
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json
    return body


def change(who: Caller, key: str, **fields: Any) -> str:
    tag = {"If-Match": "*"}
    answer = who.client.patch(f"/api/v1/issues/{key}", json=fields, headers=tag)
    assert answer.status_code == 200, answer.text
    return answer.headers["Change-Set"]


def state(who: Caller, keys: list[str]) -> list[dict[str, Any]]:
    issues = [who.got(f"/issues/{key}") for key in keys]
    return [{name: v for name, v in issue.items() if name not in FREE} for issue in issues]


@pytest.fixture
def keys(admin: Caller) -> list[str]:
    admin.project(visibility="all")
    return [admin.report(f"Issue {n}") for n in range(3)]


def test_a_change_is_undone_to_the_last_field(admin: Caller, keys: list[str]) -> None:
    labels = {"labels": ["a"], "due_date": "2026-12-24"}
    change(admin, keys[0], status="done", resolution="declined", **labels)
    before = state(admin, keys)
    change_set = change(
        admin, keys[0], status="open", labels=[], due_date=None, title="Other", description="Words"
    )
    assert state(admin, keys) != before
    assert undo(admin, change_set)["changed"] == 1
    # Also the instant at which it had been closed.
    assert state(admin, keys) == before


def test_an_undoing_is_undone_like_any_change(admin: Caller, keys: list[str]) -> None:
    change_set = change(admin, keys[0], title="Other")
    after = state(admin, keys)
    undo(admin, undo(admin, change_set)["change_set"])
    assert state(admin, keys) == after


def test_back_from_done_goes_even_where_no_move_leads(admin: Caller, keys: list[str]) -> None:
    change(admin, keys[0], status="in_progress")
    undo(admin, change(admin, keys[0], status="done"))
    assert admin.got(f"/issues/{keys[0]}")["status"] == "in_progress"


def test_words_are_found_again_as_before(admin: Caller, keys: list[str], session: Session) -> None:
    def words() -> list[Any]:
        current = select(SearchDocument.issue_id, SearchDocument.search).where(
            SearchDocument.valid_to == INFINITY
        )
        session.rollback()
        return sorted(session.execute(current).all())

    before = words()
    change_set = change(admin, keys[0], title="Zebra", description="Crossing")
    assert words() != before
    undo(admin, change_set)
    assert words() == before


def test_nothing_is_undone_where_something_was_changed_again(
    admin: Caller, keys: list[str]
) -> None:
    data = {"keys": keys, "set": {"severity": "low", "status": "triaged"}}
    change_set = admin.client.post("/api/v1/issues/bulk", json=data).json["change_set"]
    change(admin, keys[1], severity="high")
    change(admin, keys[2], title="Another field does not matter")
    before = state(admin, keys)
    problem = undo(admin, change_set, 409)
    assert problem["conflicts"] == [
        {"key": keys[1], "field": "severity", "set": "low", "found": "high"}
    ]
    assert state(admin, keys) == before


def test_a_second_undoing_finds_that_it_is_done(admin: Caller, keys: list[str]) -> None:
    change_set = change(admin, keys[0], severity="low")
    undo(admin, change_set)
    assert undo(admin, change_set, 409)["conflicts"][0]["found"] is None


def test_a_deletion_is_undone_and_a_restoration(admin: Caller, keys: list[str]) -> None:
    gone = admin.client.delete(f"/api/v1/issues/{keys[0]}", headers={"If-Match": "*"})
    undo(admin, gone.headers["Change-Set"])
    assert admin.got(f"/issues/{keys[0]}")["key"] == keys[0]
    admin.client.delete(f"/api/v1/issues/{keys[0]}", headers={"If-Match": "*"})
    back = admin.client.post(f"/api/v1/issues/{keys[0]}/restore")
    undo(admin, back.headers["Change-Set"])
    assert admin.get(f"/issues/{keys[0]}").status_code == 404


def test_a_report_and_a_comment_are_not_undone(admin: Caller, keys: list[str]) -> None:
    admin.client.post(f"/api/v1/issues/{keys[0]}/comments", json={"body": "Hello"})
    for event in admin.got(f"/issues/{keys[0]}/events")["items"]:
        assert "cannot be undone" in undo(admin, event["change_set"], 409)["detail"]


def test_who_might_not_have_done_it_may_not_undo_it(
    admin: Caller, maintainer: Caller, reporter: Caller, keys: list[str]
) -> None:
    change_set = change(maintainer, keys[0], severity="low")
    undo(reporter, change_set, 403)
    gone = admin.client.delete(f"/api/v1/issues/{keys[1]}", headers={"If-Match": "*"})
    undo(maintainer, gone.headers["Change-Set"], 404)
    undo(admin, str(uuid4()), 404)


def test_a_change_set_shows_what_one_may_see_of_it(
    admin: Caller, reporter: Caller, keys: list[str]
) -> None:
    admin.project("HID")
    hidden = admin.report("Hidden", "HID")
    data = {"keys": [keys[0], hidden], "set": {"severity": "low"}}
    change_set = admin.client.post("/api/v1/issues/bulk", json=data).json["change_set"]
    told = [c["key"] for c in admin.got(f"/change-sets/{change_set}")["changes"]]
    assert told == [keys[0], hidden]
    shown = reporter.got(f"/change-sets/{change_set}")
    assert [c["key"] for c in shown["changes"]] == [keys[0]]
    assert shown["actor"]["id"] == admin.id
    undo(reporter, change_set, 404)
    alone = change(admin, hidden, severity="high")
    assert reporter.get(f"/change-sets/{alone}").status_code == 404


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["open", "triaged", "in_progress", "done"]),
        "severity": st.sampled_from([None, "low", "critical"]),
        "labels": st.lists(st.sampled_from("abc"), unique=True),
        "add_labels": st.lists(st.sampled_from("cde"), unique=True),
        "remove_labels": st.lists(st.sampled_from("ace"), unique=True),
        "due_date": st.sampled_from([None, "2026-12-24"]),
    },
).filter(bool)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(FIELDS, min_size=1, max_size=4))
def test_any_batch_and_its_undoing_leave_the_state_equal(
    admin: Caller, keys: list[str], batches: list[dict[str, Any]]
) -> None:
    before = []
    sets = []
    for batch in batches:
        before.append(state(admin, keys))
        data = {"keys": keys, "set": batch}
        sets.append(admin.client.post("/api/v1/issues/bulk", json=data).json["change_set"])
    for was, change_set in zip(reversed(before), reversed(sets), strict=True):
        if change_set is not None:
            undo(admin, change_set)
        assert state(admin, keys) == was
