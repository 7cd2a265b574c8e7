"""Reporting issues and reading them back."""

import pytest

from tests.plugins.issues.services.conftest import Caller, pointers


def test_a_report_gets_a_key_a_location_and_an_etag(reporter: Caller, web: str) -> None:
    body = {
        "project": "web",
        "title": " search  finds nothing",
        "description": "Steps:\r\n\r\n1. Search",
        "severity": "High",
    }
    answer = reporter.ask("POST", "/issues", body)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith("/api/v1/issues/WEB-1")
    assert answer.headers["ETag"] == '"1"'
    made = answer.json or {}
    assert made["created_at"] == made["updated_at"]
    assert made["created_at"].endswith("Z")
    assert made == {
        "key": "WEB-1",
        "project": "WEB",
        "title": "Search finds nothing",
        "description": "Steps:\n\n1. Search",
        "status": "open",
        "severity": "high",
        "resolution": None,
        "reporter": {"id": reporter.me.id, "name": reporter.me.name},
        "assignee": None,
        "labels": [],
        "due_date": None,
        "confidential": False,
        "duplicates": 0,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
        "closed_at": None,
        "version": 1,
        "highlight": None,
    }
    found = reporter.ask("GET", "/issues/web-1")
    assert found.json == made
    assert found.headers["ETag"] == '"1"'
    assert reporter.ask("GET", answer.headers["Location"].partition("/api/v1")[2]).json == made


def test_each_project_counts_for_itself(reporter: Caller, web: str, lib: str) -> None:
    keys = [reporter.report(project) for project in (web, lib, web, web, lib)]
    assert keys == ["WEB-1", "LIB-1", "WEB-2", "WEB-3", "LIB-2"]


def test_a_refused_report_takes_no_number(maintainer: Caller, web: str) -> None:
    answer = maintainer.ask(
        "POST", "/issues", {"project": web, "title": "Broken", "assignee": 987_654}
    )
    assert (answer.status_code, pointers(answer)) == (422, ["/assignee"])
    assert maintainer.report(web) == "WEB-1"


def test_maintainers_report_with_everything(maintainer: Caller, reporter: Caller, web: str) -> None:
    key = maintainer.report(
        web, assignee=reporter.me.id, labels=["UI", "ui", " Search"], due_date="2026-12-24"
    )
    issue = maintainer.get(f"/issues/{key}")
    assert issue["assignee"] == {"id": reporter.me.id, "name": reporter.me.name}
    assert (issue["labels"], issue["due_date"]) == (["search", "ui"], "2026-12-24")


def test_every_fault_is_named_at_once(maintainer: Caller, web: str) -> None:
    body = {
        "project": "W",
        "title": "\u200b",
        "description": "a\u202eb",
        "severity": "urgent",
        "assignee": 0,
        "labels": ["fine", "a,b", ""],
        "due_date": 86400,
        "status": "done",
    }
    answer = maintainer.ask("POST", "/issues", body)
    assert answer.status_code == 422
    assert sorted(pointers(answer)) == [
        "/assignee",
        "/description",
        "/due_date",
        "/labels/1",
        "/labels/2",
        "/project",
        "/severity",
        "/status",
        "/title",
    ]
    details = {f["pointer"]: f["detail"] for f in (answer.json or {})["errors"]}
    assert details["/severity"] == "must be one of low, medium, high, critical"
    assert details["/description"].startswith("holds the character U+202E")
    assert details["/labels/2"] == "String should have at least 1 character"


def test_a_missing_field_is_named(reporter: Caller, web: str) -> None:
    answer = reporter.ask("POST", "/issues", {})
    assert (answer.json or {})["errors"] == [
        {"pointer": "/project", "detail": "is required"},
        {"pointer": "/title", "detail": "is required"},
    ]


def test_a_project_that_is_not_there_is_named(reporter: Caller) -> None:
    answer = reporter.ask("POST", "/issues", {"project": "NONE", "title": "Broken"})
    assert (answer.status_code, pointers(answer)) == (422, ["/project"])


@pytest.mark.parametrize(
    "fields", [{"assignee": 1}, {"labels": ["ui"]}, {"due_date": "2026-12-24"}]
)
def test_reporters_do_not_triage_their_reports(
    reporter: Caller, web: str, fields: dict[str, object]
) -> None:
    answer = reporter.ask("POST", "/issues", {"project": web, "title": "Broken", **fields})
    assert answer.status_code == 403
    assert reporter.report(web) == "WEB-1"


@pytest.mark.parametrize(
    "key",
    ["WEB-2", "WEB-0", "WEB-01", "WEB--1", "WEB-1x", "WEB", "1", "NONE-1", "WEB-99999999999999999",
     "WEB-1%00", "WEB-%D9%A1", "%20WEB-1", "WEB-1%0A"],
)  # fmt: skip
@pytest.mark.parametrize("under", ["", "/events", "/comments"])
def test_an_issue_that_is_not_there_is_not_found(
    maintainer: Caller, web: str, key: str, under: str
) -> None:
    maintainer.report(web)
    assert maintainer.ask("GET", f"/issues/{key}{under}").status_code == 404


def test_text_comes_back_as_it_was_written(reporter: Caller, web: str) -> None:
    text = "# <b>&amp;</b> '; DROP TABLE issues; -- \\u0000 %s \U0001f600 עברית\n\n```\n\t\n```"
    key = reporter.report(web, title="<script>alert('x')</script>", description=text)
    issue = reporter.get(f"/issues/{key}")
    assert (issue["title"], issue["description"]) == ("<script>alert('x')</script>", text)
