"""Projects: made, found, changed, listed."""

from collections.abc import Callable

import pytest

from tests.plugins.issues.services.conftest import Caller, pointers


def test_a_project_is_made_and_found(admin: Caller, reporter: Caller) -> None:
    body = {"key": " web ", "name": " The  Website", "visibility": "All"}
    answer = admin.ask("POST", "/projects", body)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith("/api/v1/projects/WEB")
    made = answer.json or {}
    assert {k: made[k] for k in ("key", "name", "visibility")} == {
        "key": "WEB",
        "name": "The Website",
        "visibility": "all",
    }
    assert reporter.get("/projects/WEB") == reporter.get("/projects/web") == made


def test_reporters_see_only_their_own_issues_unless_a_project_says_otherwise(admin: Caller) -> None:
    answer = admin.ask("POST", "/projects", {"key": "WEB", "name": "Website"})
    assert (answer.json or {})["visibility"] == "own"


def test_a_key_is_taken_once(admin: Caller, web: str) -> None:
    answer = admin.ask("POST", "/projects", {"key": "web", "name": "Another"})
    assert answer.status_code == 409
    assert "WEB" in (answer.json or {})["detail"]
    assert admin.get("/projects/WEB")["name"] == "A project"


def test_every_fault_of_a_project_is_named_at_once(admin: Caller) -> None:
    answer = admin.ask("POST", "/projects", {"key": "W", "name": "\u200b", "visibility": "none"})
    assert answer.status_code == 422
    assert pointers(answer) == ["/key", "/name", "/visibility"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"name": None}, "/name"),
        ({"visibility": None}, "/visibility"),
        ({"key": "NEW"}, "/key"),
    ],
)
def test_a_change_of_a_project_names_what_can_be_changed(
    admin: Caller, web: str, body: dict[str, object], pointer: str
) -> None:
    answer = admin.ask("PATCH", f"/projects/{web}", body)
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]


def test_name_and_visibility_are_changed(admin: Caller, web: str) -> None:
    answer = admin.ask("PATCH", "/projects/web", {"name": "Site", "visibility": "all"})
    assert answer.status_code == 200
    assert admin.get(f"/projects/{web}") == answer.json
    assert ((answer.json or {})["name"], (answer.json or {})["visibility"]) == ("Site", "all")


@pytest.mark.parametrize("key", ["NONE", "n", "W%00B", "%F0%9F%98%80", "WEB-1"])
def test_a_project_that_is_not_there_is_not_found(admin: Caller, web: str, key: str) -> None:
    assert admin.ask("GET", f"/projects/{key}").status_code == 404
    assert admin.ask("PATCH", f"/projects/{key}", {"name": "New"}).status_code == 404


def test_projects_are_listed_by_key_in_pages(
    reporter: Caller, make_project: Callable[..., str]
) -> None:
    for key in ("CC", "AA", "BB"):
        make_project(key)
    page = reporter.get("/projects", limit=2)
    assert ([p["key"] for p in page["items"]], page["total"]) == (["AA", "BB"], 3)
    page = reporter.get("/projects", limit=2, cursor=page["next"])
    assert ([p["key"] for p in page["items"]], page["next"]) == (["CC"], None)


def test_a_cursor_of_another_list_is_refused(
    reporter: Caller, make_project: Callable[..., str]
) -> None:
    make_project("AA")
    make_project("BB", visibility="all")
    reporter.report("BB")
    reporter.report("BB")
    cursor = reporter.get("/issues", limit=1)["next"]
    answer = reporter.ask("GET", "/projects", query_string={"cursor": cursor})
    assert (answer.status_code, pointers(answer)) == (422, ["?cursor"])
