"""Changing issues: which version, which moves, which resolutions."""

from itertools import product

import pytest

from plugins.issues.fields import Status
from plugins.issues.policy import MOVES
from tests.plugins.issues.services.conftest import Caller, pointers


def test_what_is_left_out_stays(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web, description="As it was", severity="low", labels=["ui"])
    before = maintainer.get(f"/issues/{key}")
    answer = maintainer.change(key, '"1"', title="another title")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    changed = answer.json or {}
    assert changed == before | {
        "title": "Another title",
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] > before["updated_at"]
    assert maintainer.get(f"/issues/{key}") == changed


def test_every_field_can_be_set_and_what_may_be_empty_can_be_emptied(
    maintainer: Caller, web: str
) -> None:
    key = maintainer.report(web)
    full = {
        "title": "New title",
        "description": "New text",
        "status": "done",
        "severity": "critical",
        "resolution": "duplicate",
        "labels": ["a", "b"],
        "due_date": "2027-01-31",
    }
    issue = maintainer.changed(key, assignee=maintainer.me.id, **full)
    assert full.items() <= issue.items()
    assert issue["assignee"]["id"] == maintainer.me.id
    assert issue["closed_at"] == issue["updated_at"]
    emptied = {"description": "", "severity": None, "labels": [], "due_date": None}
    issue = maintainer.changed(key, assignee=None, **emptied)
    assert (emptied | {"assignee": None}).items() <= issue.items()


def test_a_change_that_changes_nothing_leaves_no_trace(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web, severity="low", labels=["b", "a"])
    before = maintainer.get(f"/issues/{key}")
    same = maintainer.changed(key, title=before["title"], severity="LOW", labels=["a", "B"])
    assert same == before
    assert maintainer.get(f"/issues/{key}/events")["total"] == 1


@pytest.mark.parametrize("name", ["title", "description", "status", "labels"])
def test_what_every_issue_has_cannot_be_taken_away(maintainer: Caller, web: str, name: str) -> None:
    key = maintainer.report(web)
    answer = maintainer.change(key, **{name: None})
    assert (answer.status_code, pointers(answer)) == (422, [f"/{name}"])


def test_every_fault_of_a_change_is_named_at_once(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web)
    answer = maintainer.change(key, title="", status="gone", project="LIB", due_date="soon")
    assert answer.status_code == 422
    assert sorted(pointers(answer)) == ["/due_date", "/project", "/status", "/title"]
    answer = maintainer.change(key)
    assert answer.status_code == 422
    answer = maintainer.change(key, assignee=987_654)
    assert (answer.status_code, pointers(answer)) == (422, ["/assignee"])


def reach(maintainer: Caller, key: str, status: Status) -> None:
    if status != Status.OPEN:
        maintainer.changed(key, status=status)


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_the_moves_an_issue_can_make(
    maintainer: Caller, web: str, before: Status, after: Status
) -> None:
    key = maintainer.report(web)
    reach(maintainer, key, before)
    answer = maintainer.change(key, status=after)
    if after == before or after in MOVES[before]:
        assert answer.status_code == 200
        issue = answer.json or {}
        assert issue["status"] == after
        assert (issue["resolution"] is None) == (issue["closed_at"] is None) == (after != "done")
    else:
        assert answer.status_code == 409
        problem = answer.json or {}
        assert problem["allowed"] == sorted(MOVES[before])
        assert all(name in problem["detail"] for name in MOVES[before])
        assert maintainer.get(f"/issues/{key}")["status"] == before


def test_the_moves_are_these() -> None:
    assert {str(before): sorted(after) for before, after in MOVES.items()} == {
        "open": ["done", "in_progress", "triaged"],
        "triaged": ["done", "in_progress", "open"],
        "in_progress": ["done", "open", "triaged"],
        "done": ["open", "triaged"],
    }


def test_what_is_done_is_fixed_unless_it_says_otherwise(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web)
    assert maintainer.changed(key, status="done")["resolution"] == "fixed"
    declined = maintainer.changed(key, resolution="Declined")
    assert (declined["status"], declined["resolution"]) == ("done", "declined")
    # Said again, it keeps what it has.
    assert maintainer.changed(key, status="done")["resolution"] == "declined"


def test_reopening_clears_resolution_and_closing_instant(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web)
    closed = maintainer.changed(key, status="done", resolution="invalid")
    reopened = maintainer.changed(key, status="open")
    assert (reopened["resolution"], reopened["closed_at"]) == (None, None)
    again = maintainer.changed(key, status="done")
    assert again["resolution"] == "fixed"
    assert again["closed_at"] > closed["closed_at"]


@pytest.mark.parametrize(
    "fields", [{"resolution": "fixed"}, {"resolution": "fixed", "status": "triaged"}]
)
def test_only_what_is_done_has_a_resolution(
    maintainer: Caller, web: str, fields: dict[str, str]
) -> None:
    key = maintainer.report(web)
    answer = maintainer.change(key, **fields)
    assert (answer.status_code, pointers(answer)) == (422, ["/resolution"])
    maintainer.changed(key, status="done")
    answer = maintainer.change(key, status="open", resolution="fixed")
    assert (answer.status_code, pointers(answer)) == (422, ["/resolution"])
    answer = maintainer.change(key, resolution=None)
    assert (answer.status_code, pointers(answer)) == (422, ["/resolution"])
    assert maintainer.get(f"/issues/{key}")["version"] == 2


CONDITIONAL = [
    ("PATCH", "/issues/{key}", {"title": "New"}),
    ("DELETE", "/issues/{key}", None),
    ("PATCH", "/comments/{comment}", {"body": "New"}),
    ("DELETE", "/comments/{comment}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CONDITIONAL)
@pytest.mark.parametrize(
    ("match", "status"),
    [
        (None, 428),
        ("", 428),
        (" ", 428),
        ('"2"', 412),
        ('"0"', 412),
        ('W/"1"', 412),
        ('"1", "2"', 412),
        ("1", 412),
        ('"1', 412),
        ('"-1"', 412),
        ('"\u0661"', 412),
        ('"99999999999999999999"', 412),
        ("garbage", 412),
        ("**", 412),
    ],
)
def test_nothing_changes_without_the_version_it_is_for(
    admin: Caller, web: str, method: str, path: str, body: object, match: str | None, status: int
) -> None:
    key = admin.report(web)
    comment = admin.comment(key)
    before = admin.get(f"/issues/{key}"), admin.get(f"/issues/{key}/events")["items"]
    named = {} if match is None else {"match": match}
    answer = admin.ask(method, path.format(key=key, comment=comment), body, **named)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert (admin.get(f"/issues/{key}"), admin.get(f"/issues/{key}/events")["items"]) == before


@pytest.mark.parametrize(("method", "path", "body"), CONDITIONAL)
@pytest.mark.parametrize("match", ["*", '"1"', ' "1" '])
def test_the_newest_version_or_any_is_changed(
    admin: Caller, web: str, method: str, path: str, body: object, match: str
) -> None:
    key = admin.report(web)
    comment = admin.comment(key)
    answer = admin.ask(method, path.format(key=key, comment=comment), body, match=match)
    assert answer.status_code == (200 if body else 204)


def test_a_lost_update_is_refused_and_says_so(
    maintainer: Caller, reporter: Caller, web: str
) -> None:
    key = reporter.report(web)
    assert reporter.change(key, '"1"', title="Mine").status_code == 200
    answer = maintainer.change(key, '"1"', title="Theirs")
    assert answer.status_code == 412
    assert "version 2" in (answer.json or {})["detail"]
    assert maintainer.get(f"/issues/{key}")["title"] == "Mine"


def test_the_moves_that_are_told_are_those_that_are_made(reporter: Caller) -> None:
    told = {item["name"]: item["moves"] for item in reporter.get("/statuses")["items"]}
    assert list(told) == ["open", "triaged", "in_progress", "done"]
    assert {name: set(moves) for name, moves in told.items()} == MOVES
