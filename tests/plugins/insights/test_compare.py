"""A metric at two instants or of two periods, with the issues that make the difference."""

from typing import Any

import pytest
from flask import Flask

from tests.plugins.insights.opening import assert_all_open, listed
from tests.plugins.stats.conftest import Caller, History

FILTERS = ["", "label:ui OR severity:low", "age:>3d"]


def of(answer: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in answer["differences"] if one["series"] == name]
    return dict(found)


def keys_of(caller: Caller, link: dict[str, str]) -> dict[str, int]:
    """Return what a link lists: keys, each with its version."""
    answer = caller.get("/issues", q=link["q"], as_of=link["as_of"], limit=200)
    return {item["key"]: item["version"] for item in answer["items"]}


def assert_told(caller: Caller, answer: dict[str, Any]) -> None:
    """What entered, left and changed is what the two lists differ by."""
    assert_all_open(caller, answer)
    assert answer["differences"]
    for one in answer["differences"]:
        now, then = keys_of(caller, one["open"]), keys_of(caller, one["compared_open"])
        expected = {
            "entered": now.keys() - then.keys(),
            "left": then.keys() - now.keys(),
            "changed": {key for key in now.keys() & then.keys() if now[key] != then[key]},
        }
        for part, keys in expected.items():
            assert set(one[part]["keys"]) == keys, (one["series"], part)
            assert one[part]["count"] == len(keys)
            assert one[part]["complete"]
            if keys:
                assert listed(caller, one[part]["open"]) == len(keys)
            else:
                assert one[part]["open"] is None


@pytest.mark.parametrize("q", FILTERS)
@pytest.mark.parametrize("metric", ["created-resolved", "throughput", "cumulative-flow"])
def test_the_lists_are_what_differs(maintainer: Caller, past: History, metric: str, q: str) -> None:
    for more in (
        {"as_of": "2020-03-08", "compare_as_of": "2020-02-25T09:30:00Z"},
        {"from_": "2020-03-01", "to": "2020-03-09"},
        {"from_": "2020-03-01", "compare_from": "2020-02-20", "compare_to": "2020-02-29"},
        {"compare_q": "severity:low", "by": "severity"},
    ):
        answer = maintainer.get("/insights/compare", of=metric, q=q, **more)
        if answer["differences"]:
            assert_told(maintainer, answer)
        else:
            assert "by" in more


def test_two_instants_of_the_backlog(maintainer: Caller, past: History) -> None:
    answer = maintainer.get(
        "/insights/compare", compare_as_of="2020-03-01T23:00:00Z", from_="2020-01-01"
    )
    backlog = of(answer, "backlog")
    # Then the first was done and the second open; since, the second was declined, the first came
    # back, the third came and was done, the fourth came and the fifth came and was deleted.
    assert (backlog["compared"], backlog["value"], backlog["difference"]) == (1, 2, 1)
    assert backlog["entered"]["keys"] == ["WEB-1", "WEB-4"]
    assert backlog["left"]["keys"] == ["WEB-2"]
    assert backlog["changed"]["count"] == 0


def test_what_changed_says_which_fields(maintainer: Caller, past: History) -> None:
    answer = maintainer.get(
        "/insights/compare",
        compare_as_of="2020-02-21T09:00:00Z",
        from_="2020-01-01",
        to="2020-02-21",
    )
    created = of(answer, "created")
    assert created["changed"]["items"] == [{"key": "WEB-1", "fields": []}]
    answer = maintainer.get(
        "/insights/compare", as_of="2020-02-23", compare_as_of="2020-02-21T09:00:00Z",
        from_="2020-01-01", to="2020-02-21",
    )  # fmt: skip
    changed = of(answer, "created")["changed"]
    assert changed["items"] == [{"key": "WEB-1", "fields": ["status"]}]


def test_by_default_the_period_before_is_compared(maintainer: Caller, past: History) -> None:
    answer = maintainer.get("/insights/compare", from_="2020-03-01", to="2020-03-05")
    created = of(answer, "created")
    # The third and fourth, of those from 25 to 29 February none; the fifth is deleted.
    assert (created["value"], created["compared"]) == (2, 0)
    assert created["compared_open"]["q"] == "created:2020-02-25..2020-02-29"


def test_more_keys_than_are_named_are_counted(maintainer: Caller, history: History) -> None:
    for _ in range(103):
        history.report("2020-03-02 10:00")
    answer = maintainer.get("/insights/compare", from_="2020-03-02", to="2020-03-02")
    entered = of(answer, "created")["entered"]
    assert entered["count"] == listed(maintainer, of(answer, "created")["open"]) == 103
    assert len(entered["keys"]) == 100
    assert not entered["complete"]
    # Of one instant, a filter asks for what one number has and the other has not.
    assert entered["open"]["q"] == "created:2020-03-02 -created:2020-03-01"
    assert listed(maintainer, entered["open"]) == 103
    # Of two, none does: only the first are named.
    answer = maintainer.get(
        "/insights/compare", of="cumulative-flow", compare_as_of="2020-03-01", from_="2020-03-01"
    )
    entered = of(answer, "open")["entered"]
    assert (entered["count"], len(entered["keys"]), entered["open"]) == (103, 100, None)


def test_what_both_filters_ask_for_is_asked_for_once(maintainer: Caller, past: History) -> None:
    period = {"from_": "2020-02-20", "to": "2020-03-09"}
    answer = maintainer.get(
        "/insights/compare", q="label:ui OR severity:high", compare_q="label:ui", **period
    )
    entered = of(answer, "created")["entered"]
    assert entered["open"]["q"] == (
        "(label:ui OR severity:high) created:2020-02-20..2020-03-09 -label:ui"
    )
    assert listed(maintainer, entered["open"]) == entered["count"] == 1


def test_filters_too_long_to_be_held_together_leave_the_keys(
    maintainer: Caller, past: History
) -> None:
    q, other = (
        " OR ".join([first, *(f"label:{digit}{number:0>30}" for number in range(35))])
        for first, digit in (("severity:high", 1), ("severity:low", 2))
    )
    answer = maintainer.get("/insights/compare", q=q, compare_q=other, from_="2020-02-20")
    entered = of(answer, "created")["entered"]
    assert entered["open"]["q"] == "key:WEB-1,WEB-4"
    assert listed(maintainer, entered["open"]) == entered["count"] == 2


def test_what_cannot_be_compared_is_refused(maintainer: Caller, past: History) -> None:
    for query, pointer in (
        ({}, "?compare_from"),
        ({"from_": "2020-03-01", "of": "survival"}, "?of"),
        ({"from_": "2020-03-01", "of": "nothing"}, "?of"),
        ({"compare_q": "nothing:x"}, "?compare_q"),
        ({"compare_as_of": "2999-01-01"}, "?compare_as_of"),
        ({"from_": "2020-03-01", "of": "cumulative-flow", "by": "status"}, "?by"),
        ({"from_": "2020-03-01", "show": "scatter"}, "?show"),
    ):
        assert pointer in maintainer.refused("/insights/compare", **query), query


def test_reporters_are_told_of_their_own_issues(app: Flask, past: History) -> None:
    caller = Caller.of(app, "reporter")
    key = past.report("2020-03-05 10:00", by=caller.principal)
    answer = caller.get("/insights/compare", compare_as_of="2020-03-01")
    assert of(answer, "created")["entered"]["keys"] == [key]
    assert_told(caller, answer)
