"""Downloading and listing: ranges, conditions, visibility, the past."""

import os
from collections.abc import Callable

import pytest

from issue_insight.storage import Storage
from tests.plugins.attachments.conftest import Caller, keys

DATA = os.urandom(1000)


@pytest.fixture
def made(reporter: Caller, issue: str) -> int:
    return int(reporter.attached(issue, DATA, "data.bin")["id"])


def test_a_download_says_what_it_is(reporter: Caller, issue: str) -> None:
    made = reporter.attached(issue, "Grüße".encode(), "grüße.txt")
    answer = reporter.content(made["id"])
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len("Grüße".encode()))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{made["sha256"]}"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"grue.txt\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt"
    )


def test_what_is_known_is_not_sent_again(reporter: Caller, made: int) -> None:
    tag = reporter.content(made).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = reporter.content(made, If_None_Match=known)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert reporter.content(made, If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=990-", 990, 1000),
        ("bytes=-5", 995, 1000),
        ("bytes=0-", 0, 1000),
        ("bytes=0-5000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=999-999", 999, 1000),
    ],
)
def test_a_range_is_sent_alone(
    reporter: Caller, made: int, asked: str, start: int, stop: int
) -> None:
    answer = reporter.content(made, Range=asked)
    assert answer.status_code == 206
    assert answer.data == DATA[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/1000"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-2000", "bytes=999999999999-"])
def test_a_range_beyond_the_end_is_416(reporter: Caller, made: int, asked: str) -> None:
    answer = reporter.content(made, Range=asked)
    assert answer.status_code == 416
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Content-Range"] == "bytes */1000"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=a-b", "bytes", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 5000],
)
def test_a_range_that_makes_no_sense_gets_the_whole(
    reporter: Caller, made: int, asked: str
) -> None:
    answer = reporter.content(made, Range=asked)
    assert (answer.status_code, answer.data) == (200, DATA)


def test_a_range_of_another_version_gets_the_whole(reporter: Caller, made: int) -> None:
    tag = reporter.content(made).headers["ETag"]
    assert reporter.content(made, Range="bytes=0-1", If_Range=tag).status_code == 206
    for other in ('"other"', f"W/{tag}", "Tue, 24 Nov 2026 00:00:00 GMT"):
        assert reporter.content(made, Range="bytes=0-1", If_Range=other).status_code == 200


def test_head_tells_all_without_the_bytes(reporter: Caller, storage: Storage, made: int) -> None:
    got, head = reporter.content(made), reporter.content(made, "HEAD")
    names = ("ETag", "Content-Length", "Content-Type", "Content-Disposition", "Accept-Ranges")
    assert [head.headers[n] for n in names] == [got.headers[n] for n in names]
    assert (head.status_code, head.data) == (200, b"")
    for key in keys(storage):
        storage.delete(key)
    assert reporter.content(made, "HEAD").status_code == 200
    assert reporter.content(made).status_code == 404


def test_large_files_come_whole(reporter: Caller, issue: str) -> None:
    data = os.urandom(12_000_001)
    made = reporter.attached(issue, data)
    assert reporter.content(made["id"]).data == data


def test_what_one_may_not_see_is_404_everywhere(
    person: Callable[..., Caller], issue: str, made: int
) -> None:
    stranger, maintainer = person(), person("maintainer")
    for path in (
        f"attachments/{made}",
        f"attachments/{made}/content",
        f"issues/{issue}/attachments",
    ):
        assert stranger.client.get(f"/api/v1/{path}").status_code == 404
        assert maintainer.client.get(f"/api/v1/{path}").status_code == 200
    assert stranger.client.delete(f"/api/v1/attachments/{made}").status_code == 404


@pytest.mark.parametrize("wrong", ["0", "-1", "x", "9" * 40, "1.0"])
def test_ids_that_are_none_are_404(reporter: Caller, wrong: str) -> None:
    assert reporter.client.get(f"/api/v1/attachments/{wrong}").status_code == 404
    assert reporter.client.get(f"/api/v1/attachments/{wrong}/content").status_code == 404


def test_with_the_issue_go_its_files_and_come_back(
    admin: Caller, reporter: Caller, issue: str, made: int
) -> None:
    deleted = admin.client.delete(f"/api/v1/issues/{issue}", headers={"If-Match": "*"})
    assert deleted.status_code == 204
    assert reporter.content(made).status_code == 404
    assert admin.content(made).status_code == 404
    assert admin.client.post(f"/api/v1/issues/{issue}/restore").status_code == 200
    assert reporter.content(made).data == DATA


def test_a_list_comes_in_pages(reporter: Caller, issue: str) -> None:
    for number in range(5):
        reporter.attached(issue, name=f"{number}.txt")
    path, cursor, names = f"/api/v1/issues/{issue}/attachments", None, []
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = reporter.client.get(path, query_string=query).json or {}
        assert page["total"] == 5
        names += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert (names, cursor) == ([f"{n}.txt" for n in range(5)], None)


def test_a_cursor_of_another_list_is_refused(reporter: Caller, issue: str) -> None:
    for _ in range(2):
        reporter.attached(issue)
    path = f"/api/v1/issues/{issue}/attachments"
    cursor = (reporter.client.get(path, query_string={"limit": 1}).json or {})["next"]
    other = reporter.client.post("/api/v1/issues", json={"project": "WEB", "title": "2"}).json or {}
    for where, given in (
        (path, cursor[:-2]),
        (f"/api/v1/issues/{other['key']}/attachments", cursor),
    ):
        assert reporter.client.get(where, query_string={"cursor": given}).status_code == 422


def test_a_list_of_the_past_has_what_was_there_then(reporter: Caller, issue: str) -> None:
    first = reporter.attached(issue, name="first.txt")
    second = reporter.attached(issue, name="second.txt")
    assert reporter.client.delete(f"/api/v1/attachments/{first['id']}").status_code == 204

    def names(as_of: str) -> list[str]:
        return [item["name"] for item in reporter.files(issue, as_of=as_of)]

    assert [item["name"] for item in reporter.files(issue)] == ["second.txt"]
    assert names(first["created_at"]) == ["first.txt"]
    assert names(second["created_at"]) == ["first.txt", "second.txt"]
    then = reporter.files(issue, as_of=second["created_at"])[0]
    assert then["removed_at"] is not None
    path = f"/api/v1/issues/{issue}/attachments"
    # There was no issue yet.
    assert reporter.client.get(path, query_string={"as_of": "2020-01-01"}).status_code == 404
    assert reporter.client.get(path, query_string={"as_of": "yesterday"}).status_code == 422
