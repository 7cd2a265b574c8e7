"""What issues are to each other, and that a relation tells nothing of an issue one may not see."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from issue_insight import clock
from tests.plugins.issues.services.conftest import Caller


def relate(who: Caller, key: str, kind: str, other: str, status: int = 201) -> dict[str, Any]:
    body = {"kind": kind, "issue": other}
    answer = who.ask("POST", f"/issues/{key}/relations", body)
    assert answer.status_code == status, answer.text
    return dict(answer.json or {})


def related(who: Caller, key: str) -> list[tuple[str, str]]:
    return [(r["kind"], r["key"]) for r in who.get(f"/issues/{key}/relations")["items"]]


@pytest.mark.parametrize(
    ("kind", "inverse"),
    [("duplicate_of", "duplicates"), ("blocks", "blocked_by"), ("related", "related")],
)
def test_both_ends_tell_of_a_relation_until_it_is_taken_away(
    maintainer: Caller, web: str, lib: str, kind: str, inverse: str
) -> None:
    one, other = maintainer.report(lib), maintainer.report(web, title="The other")
    made = relate(maintainer, one, kind, other)
    assert (made["kind"], made["key"], made["title"]) == (kind, other, "The other")
    assert related(maintainer, one) == [(kind, other)]
    assert related(maintainer, other) == [(inverse, one)]
    maintainer.ask("DELETE", f"/issues/{other}/relations/{made['id']}")
    assert related(maintainer, one) == related(maintainer, other) == []
    again = maintainer.ask("DELETE", f"/issues/{other}/relations/{made['id']}")
    assert again.status_code == 404
    events = [maintainer.get(f"/issues/{key}/events")["items"][1:] for key in (one, other)]
    assert [[e["kind"] for e in some] for some in events] == [["related", "unrelated"]] * 2
    assert events[0][0]["change_set"] == events[1][0]["change_set"]
    assert events[1][0]["new"] == {"relation": made["id"], "kind": inverse, "issue": one}


def test_what_makes_no_sense_is_refused(maintainer: Caller, web: str) -> None:
    a, b, c = (maintainer.report(web) for _ in range(3))
    relate(maintainer, a, "blocks", a, 409)
    relate(maintainer, a, "blocks", "WEB-99", 422)
    relate(maintainer, "WEB-99", "blocks", a, 404)
    for kind in ("blocks", "duplicate_of"):
        relate(maintainer, a, kind, b)
        relate(maintainer, a, kind, b, 409)
        relate(maintainer, b, kind, c)
        relate(maintainer, c, kind, a, 409)
    relate(maintainer, a, "related", b)
    relate(maintainer, b, "related", a, 409)


def test_an_issue_counts_its_duplicates(maintainer: Caller, web: str) -> None:
    original, *copies = (maintainer.report(web) for _ in range(3))
    for copy in copies:
        relate(maintainer, copy, "duplicate_of", original)
    assert maintainer.get(f"/issues/{original}")["duplicates"] == 2
    assert maintainer.get(f"/issues/{copies[0]}")["duplicates"] == 0


def test_a_relation_tells_nothing_of_an_issue_one_may_not_see(
    maintainer: Caller, reporter: Caller, lib: str
) -> None:
    shown, dark = maintainer.report(lib), maintainer.report(lib, confidential=True)
    paths = [f"/issues/{shown}{rest}" for rest in ("", "/relations", "/events")]
    before = [reporter.get(path) for path in [*paths, "/issues"]]
    made = relate(maintainer, dark, "duplicate_of", shown)
    maintainer.ask("DELETE", f"/issues/{shown}/relations/{made['id']}")
    relate(maintainer, dark, "duplicate_of", shown)
    assert [reporter.get(path) for path in [*paths, "/issues"]] == before
    assert maintainer.get(f"/issues/{shown}")["duplicates"] == 1


def test_reporters_relate_nothing(reporter: Caller, lib: str) -> None:
    one, other = reporter.report(lib), reporter.report(lib)
    relate(reporter, one, "blocks", other, 403)


def keys(who: Caller, q: str, **query: str) -> set[str]:
    return {issue["key"] for issue in who.all_of("/issues", q=q, **query)}


def undo(who: Caller, change_set: str, status: int = 200) -> str:
    answer = who.ask("POST", f"/change-sets/{change_set}/undo")
    assert answer.status_code == status, answer.text
    return str((answer.json or {}).get("change_set"))


def test_filters_ask_what_issues_are_to_each_other(maintainer: Caller, web: str) -> None:
    a, b, c, d = (maintainer.report(web) for _ in range(4))
    relate(maintainer, a, "duplicate_of", b)
    relate(maintainer, c, "blocks", d)
    relate(maintainer, d, "related", a)
    assert keys(maintainer, "is:duplicate") == {a}
    assert keys(maintainer, "has:duplicates") == {b}
    assert keys(maintainer, "is:blocking") == {c}
    assert keys(maintainer, "is:blocked") == {d}
    assert keys(maintainer, "has:related") == {a, d}
    assert keys(maintainer, "-has:related -is:blocking") == {b}
    maintainer.changed(c, status="done")
    assert keys(maintainer, "is:blocked OR is:blocking") == set()


def test_filters_list_what_an_issue_is_related_to(maintainer: Caller, web: str) -> None:
    a, b, c, d = (maintainer.report(web) for _ in range(4))
    relate(maintainer, a, "duplicate_of", b)
    relate(maintainer, c, "blocks", b)
    relate(maintainer, b, "blocks", d)
    relate(maintainer, d, "related", b)
    assert keys(maintainer, f"duplicate_of:{b}") == {a}
    assert keys(maintainer, f"has_duplicate:{a.lower()}") == {b}
    assert keys(maintainer, f"blocks:{b}") == {c}
    assert keys(maintainer, f"blocked_by:{b},{c}") == {b, d}
    assert keys(maintainer, f"related_to:{b}") == {d}
    assert keys(maintainer, f"related_to:{d}") == {b}
    assert keys(maintainer, f"-related_to:{d} -blocks:{b} -blocked_by:WEB-999") == {a, d}
    refused = maintainer.ask("GET", "/issues", query_string={"q": "blocks:none"})
    assert refused.status_code == 422


def test_relations_come_by_pages_those_of_which_there_may_be_many_last(
    maintainer: Caller, web: str
) -> None:
    it, original, blocker, blocked, like, *copies = (maintainer.report(web) for _ in range(8))
    for copy in copies:
        relate(maintainer, copy, "duplicate_of", it)
    relate(maintainer, it, "related", like)
    relate(maintainer, it, "blocks", blocked)
    relate(maintainer, blocker, "blocks", it)
    relate(maintainer, it, "duplicate_of", original)
    path = f"/issues/{it}/relations"
    first = maintainer.get(path, limit="3")
    assert [r["key"] for r in first["items"]] == [original, blocker, blocked]
    assert first["total"] == 7
    rest = maintainer.get(path, cursor=first["next"])
    assert [r["key"] for r in rest["items"]] == [like, *copies]
    assert rest["next"] is None
    assert [(of["kind"], of["total"]) for of in first["kinds"]] == [
        ("duplicate_of", 1),
        ("blocked_by", 1),
        ("blocks", 1),
        ("related", 1),
        ("duplicates", 3),
    ]
    # Each kind opens as a list of just as many.
    for of in first["kinds"]:
        assert len(keys(maintainer, of["q"])) == of["total"]
    elsewhere = maintainer.ask(
        "GET", f"/issues/{like}/relations", query_string={"cursor": first["next"]}
    )
    assert elsewhere.status_code == 422


def test_relations_are_those_of_the_instant(maintainer: Caller, web: str) -> None:
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    days = [begin + timedelta(days=n) for n in range(7)]
    with clock.frozen(days[0]):
        a, b = maintainer.report(web), maintainer.report(web)
    with clock.frozen(days[2]):
        made = relate(maintainer, a, "blocks", b)
        relate(maintainer, a, "duplicate_of", b)
    with clock.frozen(days[4]):
        maintainer.ask("DELETE", f"/issues/{a}/relations/{made['id']}")
    with clock.frozen(days[6]):
        for day, blocked in ((1, False), (3, True), (5, False)):
            as_of = days[day].isoformat()
            assert keys(maintainer, "is:blocked", as_of=as_of) == ({b} if blocked else set())
            there = maintainer.get(f"/issues/{b}/relations", as_of=as_of)["items"]
            assert ("blocked_by" in [r["kind"] for r in there]) is blocked
            assert maintainer.get(f"/issues/{b}", as_of=as_of)["duplicates"] == int(day > 1)
            count = maintainer.get("/stats/now", q="is:blocked", as_of=as_of)["total"]
            assert count == int(blocked)
        daily = {"from": "2026-03-02", "to": "2026-03-06", "q": "is:blocked"}
        counts = [day["total"] for day in maintainer.get("/stats/daily", **daily)["items"]]
        assert counts == [0, 1, 1, 0, 0]


def test_a_filter_on_relations_tells_nothing_of_an_issue_one_may_not_see(
    maintainer: Caller, reporter: Caller, lib: str
) -> None:
    shown, dark = maintainer.report(lib), maintainer.report(lib, confidential=True)
    for kind in ("duplicate_of", "blocks", "related"):
        relate(maintainer, dark, kind, shown)
    named = [f"{field}:{dark}" for field in ("has_duplicate", "blocked_by", "related_to")]
    for q in ("has:duplicates", "is:blocked", "has:related", *named):
        assert keys(maintainer, q) >= {shown}
        assert keys(reporter, q) == set()
        assert reporter.get("/stats/now", q=q)["total"] == 0
    maintainer.changed(dark, confidential=False)
    assert keys(reporter, "is:blocked") == {shown}


def test_relating_and_taking_away_are_undone_like_any_change(maintainer: Caller, web: str) -> None:
    a, b = maintainer.report(web), maintainer.report(web)
    added = maintainer.ask("POST", f"/issues/{a}/relations", {"kind": "blocks", "issue": b})
    before = maintainer.get(f"/issues/{a}/relations")
    said = maintainer.get(f"/change-sets/{added.headers['Change-Set']}")["changes"]
    assert [(change["key"], change["kind"]) for change in said] == [(a, "related"), (b, "related")]

    away = undo(maintainer, added.headers["Change-Set"])
    assert related(maintainer, a) == related(maintainer, b) == []
    undo(maintainer, away)
    assert maintainer.get(f"/issues/{a}/relations") == before

    path = f"/issues/{b}/relations/{before['items'][0]['id']}"
    removed = maintainer.ask("DELETE", path).headers["Change-Set"]
    undo(maintainer, removed)
    assert maintainer.get(f"/issues/{a}/relations") == before
    assert maintainer.ask("DELETE", path).status_code == 204


def test_what_was_related_otherwise_since_is_not_undone(
    maintainer: Caller, reporter: Caller, lib: str
) -> None:
    a, b = maintainer.report(lib), maintainer.report(lib)
    with clock.frozen(datetime.now(UTC)):
        # Also where all of it happens at one instant.
        added = maintainer.ask("POST", f"/issues/{a}/relations", {"kind": "blocks", "issue": b})
        path = f"/issues/{a}/relations/{(added.json or {})['id']}"
        removed = maintainer.ask("DELETE", path).headers["Change-Set"]
        undo(maintainer, added.headers["Change-Set"], 409)
        undo(reporter, removed, 403)
        undo(maintainer, removed)
        undo(maintainer, removed, 409)
        removed = maintainer.ask("DELETE", path).headers["Change-Set"]
    relate(maintainer, b, "blocks", a)
    undo(maintainer, removed, 409)
    assert related(maintainer, a) == [("blocked_by", b)]


def test_two_at_once_do_not_close_a_circle(person: Callable[..., Caller], web: str) -> None:
    # Each sees no relation yet; only one may go first.
    callers = [person("maintainer"), person("maintainer")]
    a, b = callers[0].report(web), callers[0].report(web)
    together = threading.Barrier(2)

    def block(who: Caller, key: str, other: str) -> int:
        together.wait()
        body = {"kind": "blocks", "issue": other}
        return who.ask("POST", f"/issues/{key}/relations", body).status_code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            asked = [pool.submit(block, callers[0], a, b), pool.submit(block, callers[1], b, a)]
            assert sorted(answer.result() for answer in asked) == [201, 409]
            [made] = callers[0].get(f"/issues/{a}/relations")["items"]
            callers[0].ask("DELETE", f"/issues/{a}/relations/{made['id']}")


def test_a_repeated_request_relates_once(maintainer: Caller, web: str) -> None:
    a, b, c = (maintainer.report(web) for _ in range(3))
    key = {"Idempotency-Key": "once"}
    path, body = f"/issues/{a}/relations", {"kind": "blocks", "issue": b}
    first, again = (maintainer.ask("POST", path, body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert first.headers["Change-Set"] == again.headers["Change-Set"]
    assert related(maintainer, a) == [("blocks", b)]
    assert maintainer.ask("POST", path, body | {"issue": c}, headers=key).status_code == 422


def test_the_history_tells_of_a_relation_whoever_may_see_both_issues(
    maintainer: Caller, reporter: Caller, person: Callable[..., Caller], lib: str
) -> None:
    shown = maintainer.report(lib)
    own = reporter.report(lib, confidential=True)
    change_set = maintainer.ask(
        "POST", f"/issues/{shown}/relations", {"kind": "blocks", "issue": own}
    ).headers["Change-Set"]
    other = person("reporter")

    def told(who: Caller) -> list[str]:
        events = who.get(f"/issues/{shown}/events")
        assert events["total"] == len(events["items"])
        return [event["kind"] for event in events["items"]]

    assert told(maintainer) == told(reporter) == ["created", "related"]
    assert told(other) == ["created"]
    assert reporter.get(f"/change-sets/{change_set}")["changes"][0]["new"]["issue"] == own
    assert other.ask("GET", f"/change-sets/{change_set}").status_code == 404
    maintainer.changed(own, confidential=False)
    # It was related in confidence: that stays there, what comes now is told.
    assert told(other) == ["created"]
    relate(maintainer, own, "related", shown)
    assert told(other) == ["created", "related"]
