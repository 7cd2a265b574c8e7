"""Comments: written, edited, removed, listed, now and then."""

import pytest

from tests.plugins.issues.services.conftest import Caller, pointers


@pytest.fixture
def issue(reporter: Caller, web: str) -> str:
    """An issue of the reporter's."""
    return reporter.report(web)


def test_a_comment_is_written_and_listed(reporter: Caller, issue: str) -> None:
    answer = reporter.ask("POST", f"/issues/{issue}/comments", {"body": "  *First*\r\nline "})
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    made = answer.json or {}
    assert made == {
        "id": made["id"],
        "author": {"id": reporter.me.id, "name": reporter.me.name},
        "body": "  *First*\nline ",
        "version": 1,
        "created_at": made["created_at"],
        "edited_at": None,
    }
    assert reporter.get(f"/issues/{issue}/comments") == {
        "items": [made],
        "next": None,
        "total": 1,
        "total_is_estimate": False,
    }


def test_a_comment_is_news_of_the_issue_but_no_new_version(reporter: Caller, issue: str) -> None:
    before = reporter.get(f"/issues/{issue}")
    reporter.comment(issue)
    after = reporter.get(f"/issues/{issue}")
    assert after["updated_at"] > before["updated_at"]
    assert after["version"] == before["version"]


@pytest.mark.parametrize("body", ["", " \n", "\u200b", "a\x00b", "a\u202eb", "x" * 65_537, None, 1])
def test_a_comment_has_something_to_say(reporter: Caller, issue: str, body: object) -> None:
    comment = reporter.comment(issue)
    for method, path in (("POST", f"/issues/{issue}/comments"), ("PATCH", f"/comments/{comment}")):
        answer = reporter.ask(method, path, {"body": body}, match="*")
        assert (answer.status_code, pointers(answer)) == (422, ["/body"])


def test_one_edits_ones_own_comment(reporter: Caller, maintainer: Caller, issue: str) -> None:
    comment = reporter.comment(issue)
    answer = reporter.ask("PATCH", f"/comments/{comment}", {"body": "Better"}, match='"1"')
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    edited = answer.json or {}
    assert (edited["body"], edited["version"]) == ("Better", 2)
    assert edited["edited_at"] > edited["created_at"]
    assert maintainer.get(f"/issues/{issue}/comments")["items"] == [edited]
    # The same text again is no edit.
    answer = reporter.ask("PATCH", f"/comments/{comment}", {"body": "Better"}, match='"2"')
    assert answer.json == edited


def test_nobody_edits_what_another_wrote(
    reporter: Caller, maintainer: Caller, admin: Caller, issue: str
) -> None:
    comment = reporter.comment(issue, "Mine")
    for caller in (maintainer, admin):
        answer = caller.ask("PATCH", f"/comments/{comment}", {"body": "Theirs"}, match="*")
        assert answer.status_code == 403
    assert reporter.get(f"/issues/{issue}/comments")["items"][0]["body"] == "Mine"


def test_one_deletes_ones_own_comment_and_maintainers_delete_any(
    reporter: Caller, maintainer: Caller, issue: str
) -> None:
    of_reporter = [reporter.comment(issue) for _ in range(2)]
    of_maintainer = maintainer.comment(issue)
    assert reporter.ask("DELETE", f"/comments/{of_reporter[0]}", match='"1"').status_code == 204
    assert maintainer.ask("DELETE", f"/comments/{of_reporter[1]}", match="*").status_code == 204
    assert reporter.ask("DELETE", f"/comments/{of_maintainer}", match="*").status_code == 403
    left = reporter.get(f"/issues/{issue}/comments")
    assert ([c["id"] for c in left["items"]], left["total"]) == ([of_maintainer], 1)
    for method, body in (("PATCH", {"body": "Hi"}), ("DELETE", None)):
        answer = reporter.ask(method, f"/comments/{of_reporter[0]}", body, match="*")
        assert answer.status_code == 404


@pytest.mark.parametrize("number", ["0", "987654", "9" * 30])
def test_a_comment_that_is_not_there_is_not_found(
    reporter: Caller, issue: str, number: str
) -> None:
    for method, body in (("PATCH", {"body": "Hi"}), ("DELETE", None)):
        answer = reporter.ask(method, f"/comments/{number}", body, match="*")
        assert answer.status_code == 404


def test_comments_are_listed_in_pages_the_oldest_first(reporter: Caller, issue: str) -> None:
    written = [reporter.comment(issue, f"Comment {n}") for n in range(5)]
    assert [c["id"] for c in reporter.all_of(f"/issues/{issue}/comments", limit=2)] == written


def test_comments_as_of_an_instant(reporter: Caller, issue: str) -> None:
    before = reporter.get(f"/issues/{issue}")["created_at"]
    edited, deleted = reporter.comment(issue, "As it was"), reporter.comment(issue, "Soon gone")
    then = reporter.get(f"/issues/{issue}")["updated_at"]
    for body in ("Second", "Third"):
        reporter.ask("PATCH", f"/comments/{edited}", {"body": body}, match="*")
    reporter.ask("DELETE", f"/comments/{deleted}", match="*")
    later = reporter.comment(issue, "New")

    def at(instant: str | None) -> list[tuple[int, str, bool]]:
        query = {"as_of": instant} if instant else {}
        page = reporter.get(f"/issues/{issue}/comments", **query)
        assert page["total"] == len(page["items"])
        return [(c["id"], c["body"], c["edited_at"] is not None) for c in page["items"]]

    assert at(before) == []
    assert at(then) == [(edited, "As it was", False), (deleted, "Soon gone", False)]
    assert at(None) == [(edited, "Third", True), (later, "New", False)]


def test_the_words_of_a_comment_are_found_as_long_as_it_says_them(
    reporter: Caller, issue: str
) -> None:
    comment = reporter.comment(issue, "It is the printer")
    assert reporter.get("/issues", q="printer")["total"] == 1
    reporter.ask("PATCH", f"/comments/{comment}", {"body": "It is the scanner"}, match="*")
    assert reporter.get("/issues", q="printer")["total"] == 0
    assert reporter.get("/issues", q="scanner")["total"] == 1
    reporter.ask("DELETE", f"/comments/{comment}", match="*")
    assert reporter.get("/issues", q="scanner")["total"] == 0
