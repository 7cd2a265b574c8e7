"""Lists of issues: whole, in order, page by page, whatever happens in between."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from plugins.issues import totals
from plugins.issues.fields import Severity, Status
from plugins.issues.grammar.parse import SORTS
from plugins.issues.views import issues as views
from tests.plugins.issues.conftest import Caller, moment


@pytest.fixture
def many(admin: Caller, web: str) -> int:
    """Issues with ties and nulls in everything that can be sorted by; returns how many."""
    fields: list[dict[str, Any]] = [
        {"severity": severity, "due_date": due}
        for severity in (None, "low", "critical", "low")
        for due in (None, "2026-03-01", "2026-02-01")
    ]
    with moment("2026-01-01 12:00"):
        for place, one in enumerate(fields):
            admin.report("A crash" if place % 3 else "Crash, crash", **one)
    for day, key, status in (
        (2, "WEB-2", "done"),
        (2, "WEB-3", "done"),
        (3, "WEB-7", "done"),
        (3, "WEB-9", "triaged"),
        (3, "WEB-10", "in_progress"),
    ):
        with moment(f"2026-01-{day:02} 12:00"):
            admin.change(key, status=status)
    return len(fields)


def sort_value(item: dict[str, Any], name: str) -> Any:
    """Return what an item is ordered by; None stays None."""
    match name:
        case "key":
            return int(item["key"].partition("-")[2])
        case "status":
            return list(Status).index(item["status"])
        case "severity":
            return None if item["severity"] is None else list(Severity).index(item["severity"])
        case "due":
            return item["due_date"]
        case _:
            return item[f"{name}_at"]


class TestOrder:
    def test_pages_hold_every_issue_once_and_in_order(
        self, admin: Caller, many: int, subtests: pytest.Subtests
    ) -> None:
        for name, sign in product(sorted(set(SORTS) - {"relevance"}), ("", "-")):
            with subtests.test(sort=f"{sign}{name}"):
                whole = admin.page(f"sort:{sign}{name}", limit=200)["items"]
                keys = [item["key"] for item in whole]
                assert len(set(keys)) == len(keys) == many
                assert admin.listed(f"sort:{sign}{name}", limit=2) == keys
                values = [sort_value(item, name) for item in whole]
                # Nulls are last in both directions.
                known = [value for value in values if value is not None]
                assert values[: len(known)] == sorted(known, reverse=bool(sign))

    def test_by_relevance(self, admin: Caller, many: int) -> None:
        for q in ("crash sort:relevance", "crash sort:-relevance"):
            keys = admin.listed(q, limit=200)
            assert len(set(keys)) == len(keys) == many
            assert admin.listed(q, limit=5) == keys
        assert set(admin.listed("crash sort:relevance")[:4]) == {
            "WEB-1",
            "WEB-4",
            "WEB-7",
            "WEB-10",
        }

    def test_by_several_columns_in_their_own_directions(self, admin: Caller, many: int) -> None:
        for q in ("sort:severity,-due", "sort:-status,key", "sort:-due,-severity,-created"):
            keys = admin.listed(q, limit=200)
            assert len(set(keys)) == len(keys) == many
            assert admin.listed(q, limit=2) == keys
        assert admin.listed("sort:-status,key")[:4] == ["WEB-2", "WEB-3", "WEB-7", "WEB-10"]
        assert admin.listed("severity:none,critical sort:-severity,due") == [
            "WEB-9",
            "WEB-8",
            "WEB-7",
            "WEB-3",
            "WEB-2",
            "WEB-1",
        ]

    def test_the_newest_change_is_first_by_default(self, admin: Caller, many: int) -> None:
        assert admin.listed() == admin.listed("sort:-updated")
        assert admin.listed()[:3] == ["WEB-10", "WEB-9", "WEB-7"]

    def test_the_past_is_paged_as_well(self, admin: Caller, many: int) -> None:
        then = {"as_of": "2026-01-02T18:00:00Z", "limit": 3}
        assert admin.listed("status:done", **then) == ["WEB-3", "WEB-2"]
        assert len(admin.listed("sort:severity", **then)) == many


class TestRowsThatChangeMeanwhile:
    def test_new_ones_do_not_shift_the_pages(self, admin: Caller, many: int) -> None:
        before = admin.listed(limit=200)
        page = admin.page(limit=5)
        seen = [item["key"] for item in page["items"]]
        while page["next"]:
            admin.report("One more")
            page = admin.page(limit=5, cursor=page["next"])
            seen += [item["key"] for item in page["items"]]
        assert seen == before

    def test_the_one_that_the_cursor_stands_on_may_go(self, admin: Caller, many: int) -> None:
        before = admin.listed("sort:due", limit=200)
        page = admin.page("sort:due", limit=5)
        admin.delete(page["items"][-1]["key"])
        rest = admin.page("sort:due", limit=200, cursor=page["next"])
        assert [item["key"] for item in [*page["items"], *rest["items"]]] == before

    def test_one_that_moves_behind_is_seen_again_rather_than_others_lost(
        self, admin: Caller, many: int
    ) -> None:
        page = admin.page("sort:updated", limit=5)
        moved = page["items"][0]["key"]
        admin.change(moved, title="Moved")
        rest = admin.page("sort:updated", limit=200, cursor=page["next"])
        seen = [item["key"] for item in [*page["items"], *rest["items"]]]
        assert len(seen) == many + 1
        assert seen[-1] == moved


class TestCursors:
    @pytest.fixture
    def cursor(self, admin: Caller, many: int) -> str:
        return str(admin.page("status:open", limit=2)["next"])

    def test_are_good_for_their_own_list_alone(
        self, admin: Caller, maintainer: Caller, cursor: str
    ) -> None:
        assert admin.get("/issues", q="status:open", cursor=cursor).status_code == 200
        for answer in (
            maintainer.get("/issues", q="status:open", cursor=cursor),
            admin.get("/issues", q="status:done", cursor=cursor),
            admin.get("/issues", q="status:open sort:key", cursor=cursor),
            admin.get("/issues", q="status:open", as_of="2026-01-02", cursor=cursor),
            admin.get("/issues/WEB-1/events", cursor=cursor),
            admin.get("/projects", cursor=cursor),
        ):
            assert answer.status_code == 422, answer.text
            assert answer.content_type == "application/problem+json"
            assert (answer.json or {})["errors"][0]["pointer"] == "?cursor"

    def test_cannot_be_made_or_changed(self, admin: Caller, cursor: str) -> None:
        swapped = cursor[:-2] + cursor[-1] + cursor[-2]
        for made in (cursor[:-1], cursor[1:], swapped, cursor + "A", "x", "", "é", "0" * 2_001):
            answer = admin.get("/issues", q="status:open", cursor=made)
            assert answer.status_code == 422, made
            assert (answer.json or {})["errors"][0]["pointer"] == "?cursor"

    def test_the_last_page_has_none(self, admin: Caller, many: int) -> None:
        assert admin.page(limit=many)["next"] is None
        assert admin.page(limit=many - 1)["next"] is not None
        assert admin.page("key:WEB-999")["next"] is None


def test_a_page_is_the_same_whether_its_statement_was_kept_or_not(
    admin: Caller, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (
        "",
        "status:open severity>=low sort:due",
        "project:WEB -severity:low created:2026-01-01 sort:-status",
        "assignee:none is:open sort:severity",
        "assignee:@me",
        "label:none",
        "age:>1d",
        "severity:critical status:done,triaged sort:closed",
        "crash",
        "crash severity:low sort:relevance",
    )
    then = datetime(2026, 1, 2, 12, 30, tzinfo=UTC).isoformat()

    def pages() -> Iterator[dict[str, Any]]:
        for q, limit, as_of in product(asked, (3, 200), ({}, {"as_of": then}, {}, {"as_of": then})):
            yield (page := admin.page(q, limit=limit, **as_of))
            while page["next"]:
                yield (page := admin.page(q, limit=limit, cursor=page["next"], **as_of))

    kept = list(pages())
    monkeypatch.setattr(views, "kept_page", lambda *_, **__: None)
    assert kept == list(pages())


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cheap enough to be counted."""
    monkeypatch.setattr(totals, "DEAREST_COUNT", 0)


class TestTotals:
    def test_are_of_all_pages(self, admin: Caller, many: int) -> None:
        page = admin.page(limit=1)
        assert (page["total"], page["total_is_estimate"]) == (many, False)
        assert admin.page(limit=1, cursor=page["next"])["total"] == many
        assert admin.page("status:done")["total"] == 3
        assert admin.page("key:WEB-999")["total"] == 0

    def test_follow_every_change(self, admin: Caller, many: int, session: Session) -> None:
        for key in ("WEB-1", "WEB-4"):
            admin.change(key, status="triaged", severity="high")
        admin.delete("WEB-9")
        for q in ("status:triaged", "severity:high status:triaged", "project:WEB -severity:low"):
            for folded in (False, True):
                if folded:
                    totals.fold(session)
                    session.commit()
                whole = admin.page(q, limit=200)
                assert admin.page(q, limit=1)["total"] == len(whole["items"]), (q, folded)
        assert admin.page("status:triaged", limit=1)["total"] == 2

    def test_what_is_tallied_is_exact_however_dear_counting_is(
        self, admin: Caller, many: int, dear: None
    ) -> None:
        for q in (
            "",
            "status:open,triaged,in_progress,done",
            "is:open OR is:closed",
            "-assignee:@me",
        ):
            page = admin.page(q, limit=1)
            assert (page["total"], page["total_is_estimate"]) == (many, False), q

    def test_what_is_cheap_is_counted(self, admin: Caller, many: int) -> None:
        for q in ("label:none", "created:>=2020-01-01"):
            page = admin.page(q, limit=1)
            assert (page["total"], page["total_is_estimate"]) == (many, False), q

    def test_of_a_list_that_fits_on_its_page_nothing_is_estimated(
        self, admin: Caller, many: int, dear: None
    ) -> None:
        page = admin.page("label:none", limit=many)
        assert (page["total"], page["total_is_estimate"]) == (many, False)

    def test_what_is_dear_to_count_is_marked_as_an_estimate(
        self,
        admin: Caller,
        many: int,
        dear: None,
        session: Session,
        subtests: pytest.Subtests,
    ) -> None:
        session.execute(text("ANALYZE issues"))
        session.commit()
        for q in (
            "label:none status:open,triaged,done assignee:none,@me",
            "crash sort:relevance",
            "created:>=2020-01-01 title:crash -title:other%",
        ):
            for as_of in ({}, {"as_of": "2026-01-03"}):
                with subtests.test(q=q, **as_of):
                    page = admin.page(q, limit=1, **as_of)
                    assert page["total_is_estimate"]
                    assert page["total"] >= 2


class TestLimits:
    def test_out_of_bounds_are_refused(self, admin: Caller) -> None:
        for limit in ("0", "-1", "201", "1e3", "x", "", "9" * 30, "1.5"):
            answer = admin.get("/issues", limit=limit)
            assert answer.status_code == 422, limit
            assert (answer.json or {})["errors"][0]["pointer"] == "?limit"

    def test_a_page_has_fifty_by_default_and_two_hundred_at_most(
        self, admin: Caller, session: Session, web: str
    ) -> None:
        admin.report()
        copied = "project_id, reporter_id, title, status, version, created_at, updated_at"
        session.execute(
            text(
                f"INSERT INTO issues (number, {copied})"
                f" SELECT n, {copied} FROM issues, generate_series(2, 201) n"
            )
        )
        session.commit()
        assert len(admin.page()["items"]) == 50
        assert len(admin.page(limit=200)["items"]) == 200
        assert len(admin.listed(limit=200)) == 201


class TestFaultyFilters:
    def test_are_problems_that_say_where(self, admin: Caller) -> None:
        for q in (
            "status:",
            "status:closed",
            "label:a created:>2026-13-01",
            "a OR",
            "x" * 2_001,
            "a\x01b",
        ):
            for path in ("/issues", "/stats/now"):
                answer = admin.get(path, q=q)
                assert answer.status_code == 422, (q, answer.text)
                assert answer.content_type == "application/problem+json"
                [error] = (answer.json or {})["errors"]
                assert error["pointer"] == "?q"
                assert 0 <= error["position"] <= len(q)
