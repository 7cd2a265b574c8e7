"""What issues are to each other, and that a relation tells nothing of an issue one may not see."""

from typing import Any

import pytest

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
