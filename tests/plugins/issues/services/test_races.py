"""Several people at once: nothing is lost, nothing half done. Real threads and transactions."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.plugins.issues.services.conftest import Caller

API_CALL = Callable[[Caller], TestResponse]


def at_once(app: Flask, caller: Caller, *calls: API_CALL) -> list[TestResponse]:
    """Make the calls in threads that start together, each with a client of its own."""
    barrier = Barrier(len(calls))

    def run(call: API_CALL) -> TestResponse:
        client = app.test_client()
        client.environ_base.update(caller.client.environ_base)
        barrier.wait()
        return call(Caller(client, caller.me))

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def statuses(answers: list[TestResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_of_two_who_change_one_version_one_wins(app: Flask, maintainer: Caller, web: str) -> None:
    for _ in range(5):
        key = maintainer.report(web)
        answers = at_once(
            app,
            maintainer,
            lambda c, key=key: c.change(key, '"1"', severity="low"),
            lambda c, key=key: c.change(key, '"1"', severity="high"),
        )
        assert statuses(answers) == {200: 1, 412: 1}
        winner = next(a.json for a in answers if a.status_code == 200)
        assert maintainer.get(f"/issues/{key}") == winner
        events = maintainer.get(f"/issues/{key}/events")["items"]
        assert [e["new"] for e in events[1:]] == [(winner or {})["severity"]]


def test_of_100_increments_none_is_lost(app: Flask, maintainer: Caller, web: str) -> None:
    """Each reads a number, adds one and writes it for the version it read, until that holds."""
    key = maintainer.report(web, description="0")

    def add_some(caller: Caller) -> TestResponse:
        answer = caller.ask("GET", f"/issues/{key}")
        for _ in range(25):
            while True:
                issue: dict[str, Any] = answer.json or {}
                more = str(int(issue["description"]) + 1)
                answer = caller.change(key, answer.headers["ETag"], description=more)
                if answer.status_code == 200:
                    break
                assert answer.status_code == 412
                answer = caller.ask("GET", f"/issues/{key}")
        return answer

    at_once(app, maintainer, *[add_some] * 4)
    issue = maintainer.get(f"/issues/{key}")
    assert (issue["description"], issue["version"]) == ("100", 101)
    events = maintainer.all_of(f"/issues/{key}/events", limit=200)
    steps = [(int(e["old"]), int(e["new"])) for e in events[1:]]
    assert steps == [(n, n + 1) for n in range(100)]


def test_writers_without_a_version_change_nothing(app: Flask, maintainer: Caller, web: str) -> None:
    key = maintainer.report(web)

    def blindly(caller: Caller) -> TestResponse:
        return caller.ask("PATCH", f"/issues/{key}", {"severity": "low"})

    assert statuses(at_once(app, maintainer, *[blindly] * 4)) == {428: 4}
    assert maintainer.get(f"/issues/{key}")["version"] == 1


def test_writers_of_any_version_come_one_after_the_other(
    app: Flask, maintainer: Caller, web: str
) -> None:
    key = maintainer.report(web)
    titles = [f"Title {n}" for n in range(8)]
    calls = [lambda c, t=title: c.change(key, "*", title=t) for title in titles]
    assert statuses(at_once(app, maintainer, *calls)) == {200: 8}
    issue = maintainer.get(f"/issues/{key}")
    assert issue["version"] == 9
    events = maintainer.get(f"/issues/{key}/events")["items"][1:]
    # Each started from what the one before it had left.
    assert [e["old"] for e in events] == ["Something broke", *(e["new"] for e in events[:-1])]
    assert sorted(e["new"] for e in events) == titles
    assert events[-1]["new"] == issue["title"]


def test_numbers_have_no_gaps_and_no_doubles(app: Flask, maintainer: Caller, web: str) -> None:
    def report_some(caller: Caller) -> TestResponse:
        for n in range(6):
            # One in three is refused after it has taken its number, and gives it back.
            fields = {"assignee": 987_654} if n % 3 == 2 else {}
            answer = caller.ask("POST", "/issues", {"project": web, "title": "New", **fields})
            assert answer.status_code == (422 if fields else 201)
        return answer

    at_once(app, maintainer, *[report_some] * 8)
    keys = {item["key"] for item in maintainer.all_of("/issues", limit=200)}
    assert keys == {f"WEB-{n}" for n in range(1, 33)}


def test_a_comment_comes_before_a_deletion_or_not_at_all(
    app: Flask, admin: Caller, web: str
) -> None:
    for _ in range(6):
        key = admin.report(web)
        comment, deletion = at_once(
            app,
            admin,
            lambda c, key=key: c.ask("POST", f"/issues/{key}/comments", {"body": "Late"}),
            lambda c, key=key: c.ask("DELETE", f"/issues/{key}", match="*"),
        )
        assert deletion.status_code == 204
        assert comment.status_code in (201, 404)
        admin.ask("POST", f"/issues/{key}/restore")
        told = [e["kind"] for e in admin.get(f"/issues/{key}/events")["items"]]
        written = comment.status_code == 201
        assert told == ["created", *["commented"] * written, "changed", "changed"]
        assert admin.get(f"/issues/{key}/comments")["total"] == written


def test_a_comment_waits_for_a_deletion_under_way(
    app: Flask, admin: Caller, engine: Engine, web: str
) -> None:
    key = admin.report(web)
    with engine.connect() as other, ThreadPoolExecutor(1) as threads:
        other.execute(text("UPDATE issues SET deleted_at = now()"))
        answer = threads.submit(
            at_once,
            app,
            admin,
            lambda c: c.ask("POST", f"/issues/{key}/comments", {"body": "Late"}),
        )
        while not other.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")):
            assert not answer.done(), answer.result()
        other.commit()
        assert answer.result()[0].status_code == 404


def test_of_two_who_edit_one_comment_one_wins(app: Flask, reporter: Caller, web: str) -> None:
    comment = reporter.comment(reporter.report(web))
    calls = [
        lambda c, body=body: c.ask("PATCH", f"/comments/{comment}", {"body": body}, match='"1"')
        for body in ("One", "Two")
    ]
    assert statuses(at_once(app, reporter, *calls)) == {200: 1, 412: 1}


def test_of_two_who_delete_one_issue_one_has_done_it(app: Flask, admin: Caller, web: str) -> None:
    key = admin.report(web)
    calls = [lambda c: c.ask("DELETE", f"/issues/{key}", match="*")] * 2
    assert statuses(at_once(app, admin, *calls)) == {204: 1, 404: 1}


def test_a_project_key_is_taken_once_under_a_race(app: Flask, admin: Caller) -> None:
    calls = [lambda c: c.ask("POST", "/projects", {"key": "NEW", "name": "New"})] * 4
    assert statuses(at_once(app, admin, *calls)) == {201: 1, 409: 3}
