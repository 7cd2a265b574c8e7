"""Confidential issues and relations on open streams: each change reaches those it is for, alone."""

import json
from collections.abc import Callable

import pytest

from tests.plugins.issues.conftest import Caller
from tests.plugins.live.listening import Listener

Listen = Callable[..., Listener]


@pytest.fixture
def other(person: Callable[..., Caller]) -> Caller:
    return person("reporter")


@pytest.fixture
def lib(admin: Caller) -> str:
    """A project whose issues all reporters see."""
    return admin.project("LIB", visibility="all")


Told = Callable[..., list[tuple[str, str | None]]]


@pytest.fixture
def told(admin: Caller, lib: str) -> Told:
    """Tells what has come to a stream of an issue so far: how, and of which field.

    An issue that everybody sees comes last, so that what was not sent is known not to come.
    """

    def ask(stream: Listener, key: str) -> list[tuple[str, str | None]]:
        last = admin.report("Seen by all", project=lib)
        stream.wait(lambda: any(f'"key":"{last}"' in m.data for m in stream.messages))
        changes = [m.json for m in stream.messages if m.event == "change"]
        return [(c["match"], c.get("field")) for c in changes if c["key"] == key]

    return ask


def said(stream: Listener) -> str:
    return json.dumps([message.data for message in stream.messages])


def test_a_confidential_issue_is_told_to_its_reporter_and_maintainers_alone(
    listen: Listen, told: Told, maintainer: Caller, reporter: Caller, other: Caller, lib: str
) -> None:
    inside, outside = [listen(who) for who in (maintainer, reporter)], listen(other)
    by_filter = listen(other, "is:confidential")
    key = reporter.report("The quetzal", project=lib, confidential=True)
    maintainer.change(key, severity="high")
    for stream in inside:
        assert told(stream, key) == [("entered", None), ("changed", "severity")]
    assert told(outside, key) == []
    assert "quetzal" not in said(outside)
    assert by_filter.messages == []


def test_an_issue_that_becomes_confidential_is_gone_for_the_others_until_it_is_opened(
    listen: Listen, told: Told, maintainer: Caller, reporter: Caller, other: Caller, lib: str
) -> None:
    key = reporter.report("Not yet a secret", project=lib)
    inside, outside = listen(reporter), listen(other)
    before = told(outside, key)
    reporter.change(key, confidential=True)
    assert told(outside, key) == [*before, ("gone", None)]
    maintainer.change(key, title="The quetzal")
    assert told(outside, key) == [*before, ("gone", None)]
    # What is changed along with the opening quotes what was written in confidence.
    maintainer.change(key, confidential=False, title="A bird")
    assert told(outside, key) == [*before, ("gone", None), ("entered", "confidential")]
    maintainer.change(key, severity="low")
    assert told(outside, key)[-1] == ("changed", "severity")
    assert "quetzal" not in said(outside)
    fields = [field for match, field in told(inside, key) if match == "changed"]
    assert sorted(map(str, fields)) == ["confidential"] * 2 + ["severity"] + ["title"] * 2


def test_a_role_that_changes_counts_for_confidential_issues_at_once(
    listen: Listen,
    told: Told,
    maintainer: Caller,
    admin: Caller,
    reporter: Caller,
    other: Caller,
    lib: str,
) -> None:
    key = reporter.report("The quetzal", project=lib, confidential=True)
    falling, rising = listen(maintainer), listen(other)
    admin.change(key, severity="low")
    before = told(falling, key)
    assert before[-1] == ("changed", "severity")
    for who, role in ((maintainer, "reporter"), (other, "maintainer")):
        admin.client.patch(f"/api/v1/users/{who.id}", json={"role": role})
    admin.change(key, status="triaged")
    assert told(rising, key) == [("changed", "status")]
    assert told(falling, key) == before


def test_a_relation_is_told_to_whoever_may_see_both_issues(
    listen: Listen, told: Told, maintainer: Caller, reporter: Caller, other: Caller, lib: str
) -> None:
    shown = maintainer.report("Shown", project=lib)
    own = reporter.report("Own", project=lib, confidential=True)
    both, one = listen(reporter), listen(other)
    blocked, blocked_for_one = (listen(who, "is:blocked") for who in (reporter, other))
    path = f"/api/v1/issues/{own}/relations"
    answer = maintainer.client.post(path, json={"kind": "blocks", "issue": shown})
    assert answer.status_code == 201
    for key in (own, shown):
        assert told(both, key)[-1] == ("changed", "relation")
        assert ("changed", "relation") not in told(one, key)
    assert own not in said(one)
    assert [(c["key"], c["match"]) for c in blocked.changes(1)] == [(shown, "entered")]
    maintainer.client.delete(f"{path}/{(answer.json or {})['id']}")
    assert [c["match"] for c in blocked.changes(2)] == ["entered", "left"]
    told(one, shown)
    assert blocked_for_one.messages == []
