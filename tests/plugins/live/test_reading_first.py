"""Whoever reads and then follows from the place that the answer told has missed nothing."""

import threading
from collections.abc import Callable
from typing import Any

import urllib3
from flask import Flask

from issue_insight.serving import Server
from tests.plugins.issues.conftest import Caller
from tests.plugins.live.listening import Listener

Listen = Callable[..., Listener]
READINGS, CHANGES = 10, 40


def read(served: Server, who: Caller, path: str = "/issues") -> tuple[Any, str | None]:
    """Ask the served application; return the body, and the place that it told."""
    host, port = served.address
    answer = urllib3.request(
        "GET",
        f"http://{host}:{port}/api/v1{path}",
        headers={"Authorization": f"Bearer {who.who.token}"},
    )
    assert answer.status == 200, answer.data
    return answer.json(), answer.headers.get("Last-Event-ID")


def test_a_stream_goes_on_from_what_was_read(
    served: Server, listen: Listen, maintainer: Caller, web: str
) -> None:
    listen(maintainer).leave()
    before = maintainer.report("Before", project=web)
    page, place = read(served, maintainer)
    assert [item["key"] for item in page["items"]] == [before]
    after = maintainer.report("After", project=web)
    stream = listen(maintainer, last_event_id=place)
    stream.wait(lambda: any(message.json["key"] == after for message in stream.messages))


def test_reading_amid_changes_and_following_from_there_misses_none(
    app: Flask, served: Server, listen: Listen, maintainer: Caller, web: str
) -> None:
    listen(maintainer).leave()
    keys = [maintainer.report(f"Issue {number}", project=web) for number in range(3)]
    newest: dict[str, int] = {}

    def write(key: str) -> None:
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {maintainer.who.token}"
        writer = Caller(client, maintainer.who)
        for number in range(CHANGES):
            newest[key] = writer.change(key, title=f"Title {number}")["version"]

    writers = [threading.Thread(target=write, args=(key,)) for key in keys]
    for writer in writers:
        writer.start()
    readings = [read(served, maintainer) for _ in range(READINGS)]
    for writer in writers:
        writer.join()
    assert set(newest.values()) == {CHANGES + 1}
    seen_before_the_end = 0
    for page, place in readings:
        assert place is not None
        versions = {item["key"]: [item["version"]] for item in page["items"]}
        seen_before_the_end += min(min(versions.values())) <= CHANGES
        stream = listen(maintainer, last_event_id=place)
        mark = maintainer.report("The mark", project=web)
        stream.wait(lambda: any(m.json["key"] == mark for m in stream.messages))  # noqa: B023
        for change in stream.changes(0):
            versions.get(change["key"], []).append(change["version"])
        stream.leave()
        for key in keys:
            known = sorted(set(versions[key]))
            # Nothing is left out between what was read and the end.
            assert known[-1] == CHANGES + 1
            assert set(range(versions[key][0], CHANGES + 2)) <= set(known)
    assert seen_before_the_end


def test_what_is_no_part_of_the_api_tells_no_place(
    served: Server, listen: Listen, maintainer: Caller
) -> None:
    listen(maintainer).leave()
    host, port = served.address
    answer = urllib3.request("GET", f"http://{host}:{port}/healthz")
    assert "Last-Event-ID" not in answer.headers
