"""Lists, issues and counts as they were: at an instant, at the end of a day, for whom."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.plugins.issues.conftest import Caller, moment


@pytest.fixture
def story(admin: Caller, web: str) -> str:
    """An issue with a past: reported on the 1st, triaged on the 2nd, done on the 3rd, at noon."""
    with moment("2026-01-01 12:00"):
        key = admin.report("Alpha", description="one", severity="low")
    with moment("2026-01-02 12:00"):
        admin.change(key, title="Beta", description="two", status="triaged", labels=["x"])
    with moment("2026-01-03 12:00"):
        admin.change(key, description="three", status="done", assignee=admin.id)
    return key


def seen(caller: Caller, as_of: str, q: str = "") -> tuple[list[str], int]:
    """Return the keys that the list shows and the number that the count tells."""
    return caller.listed(q, as_of=as_of), caller.got("/stats/now", q=q, as_of=as_of)["total"]


class TestAnInstant:
    def test_shows_an_issue_with_all_its_fields_as_they_were(
        self, admin: Caller, story: str
    ) -> None:
        def then(as_of: str, *names: str) -> list[Any]:
            issue = admin.got(f"/issues/{story}", as_of=as_of)
            return [issue[name] for name in names]

        names = ("title", "description", "status", "labels", "assignee", "version", "closed_at")
        first = ["Alpha", "one", "open", [], None, 1, None]
        second = ["Beta", "two", "triaged", ["x"], None, 2, None]
        assert then("2026-01-01T12:00:00Z", *names) == first
        assert then("2026-01-02T11:59:59.999999Z", *names) == first
        assert then("2026-01-02T12:00:00Z", *names) == second
        assert then("2026-01-02T13:00:00+01:00", *names) == second
        assert then("2026-01-03T12:00:00Z", *names)[1:3] == ["three", "done"]
        assert then("2026-01-03T12:00:00Z", "closed_at", "resolution") == [
            "2026-01-03T12:00:00Z",
            "fixed",
        ]

    def test_filters_by_what_was(self, admin: Caller, story: str) -> None:
        for as_of, q in (
            ("2026-01-01", "status:open label:none assignee:none severity:low is:open"),
            ("2026-01-02", "status:triaged label:x assignee:none updated:2026-01-02"),
            ("2026-01-03", "status:done assignee:@me closed:2026-01-03 resolution:fixed"),
        ):
            for instant in ("2026-01-01", "2026-01-02", "2026-01-03"):
                expected = ([story], 1) if instant == as_of else ([], 0)
                assert seen(admin, instant, q) == expected

    def test_measures_ages_from_then(self, admin: Caller, story: str) -> None:
        assert seen(admin, "2026-01-02T13:00:00Z", "age:>1d created:>1d") == ([story], 1)
        assert seen(admin, "2026-01-02T11:00:00Z", "age:>1d") == ([], 0)
        assert seen(admin, "2026-01-02", "created:yesterday updated:today") == ([story], 1)

    def test_counts_by_what_was(self, admin: Caller, story: str) -> None:
        counts = admin.got("/stats/now", as_of="2026-01-02")
        assert counts["by_status"] == {"open": 0, "triaged": 1, "in_progress": 0, "done": 0}
        assert counts["by_label"] == [{"label": "x", "count": 1}]
        assert counts["as_of"] == "2026-01-02T23:59:59.999999Z"

    def test_before_it_was_reported_there_is_none(self, admin: Caller, story: str) -> None:
        for as_of in ("2026-01-01T11:59:59.999999Z", "1970-01-01", "0001-01-01"):
            assert seen(admin, as_of) == ([], 0)
            assert admin.get(f"/issues/{story}", as_of=as_of).status_code == 404

    def test_a_deleted_issue_was_there(self, admin: Caller, story: str) -> None:
        with moment("2026-01-04 12:00"):
            admin.delete(story)
        with moment("2026-01-05 12:00"):
            admin.restore(story)
        with moment("2026-01-06 12:00"):
            admin.delete(story)
        days = {day: seen(admin, f"2026-01-{day:02}")[1] for day in range(3, 7)}
        assert days == {3: 1, 4: 0, 5: 1, 6: 0}
        assert admin.get(f"/issues/{story}", as_of="2026-01-04").status_code == 404
        assert admin.got(f"/issues/{story}", as_of="2026-01-05")["description"] == "three"


class TestADay:
    def test_means_its_end(self, admin: Caller, story: str) -> None:
        with moment("2026-01-04 23:59:59.999999"):
            late = admin.report()
        with moment("2026-01-05 00:00"):
            later = admin.report()
        assert seen(admin, "2026-01-04") == ([late, story], 2)
        assert seen(admin, "2026-01-05") == ([later, late, story], 3)

    def test_today_means_so_far(self, admin: Caller, story: str) -> None:
        with moment("2026-01-03 13:00"):
            assert seen(admin, "2026-01-03") == ([story], 1)
            assert admin.got("/stats/now", as_of="2026-01-03")["as_of"] == "2026-01-03T13:00:00Z"


class TestTheTimeZone:
    @pytest.fixture
    def berlin(self, app: Flask) -> Iterator[None]:
        """Let the instance's days be those of Berlin."""
        platform = app.extensions["issue_insight"]
        before = platform.settings
        changed = before.model_copy(update={"time_zone": "Europe/Berlin"})
        app.extensions["issue_insight"] = replace(platform, settings=changed)
        yield
        app.extensions["issue_insight"] = platform

    @pytest.mark.usefixtures("berlin")
    def test_says_when_a_day_ends(self, admin: Caller, web: str, subtests: pytest.Subtests) -> None:
        for day, end in (
            ("2025-01-15", "2025-01-15 23:00"),
            ("2025-03-29", "2025-03-29 23:00"),
            ("2025-03-30", "2025-03-30 22:00"),  # 23 hours long
            ("2025-10-25", "2025-10-25 22:00"),
            ("2025-10-26", "2025-10-26 23:00"),  # 25 hours long
        ):
            with subtests.test(day=day):
                with moment(end) as instant:
                    key = admin.report()
                told = datetime.fromisoformat(admin.got("/stats/now", as_of=day)["as_of"])
                assert told == instant - timedelta(microseconds=1)
                assert key not in seen(admin, day)[0]
                assert key in seen(admin, f"{instant:%Y-%m-%dT%H:%M:%SZ}")[0]
                assert key not in admin.listed(f"created:{day}")
                assert admin.listed(f"created:>{day}")[-1] == key

    @pytest.mark.usefixtures("berlin")
    def test_says_which_day_is_today(self, admin: Caller, web: str) -> None:
        with moment("2026-01-31 22:59"):
            admin.report(due_date="2026-01-31")
            assert admin.listed("is:overdue") == []
        with moment("2026-01-31 23:00"):
            assert admin.listed("is:overdue created:yesterday") == ["WEB-1"]


class TestRefusal:
    def test_of_the_future(self, admin: Caller, story: str, subtests: pytest.Subtests) -> None:
        for as_of in (
            "2999-01-01",
            "2999-01-01T00:00:00Z",
            "9999-12-31",
            "9999-12-31T23:59:59-23:59",
        ):
            with subtests.test(as_of=as_of):
                self.refused(admin, story, as_of)

    def test_of_what_is_no_instant(
        self, admin: Caller, story: str, subtests: pytest.Subtests
    ) -> None:
        for as_of in (
            "",
            "yesterday",
            "2026-02-30",
            "2026-01-31T12:00:00",
            "2026-01-31T25:00:00Z",
            "1",
            "-1",
            "2026-01-31T12:00:00+99:00",
            "0001-01-01T00:00:00+14:00",
            "2026-01-31\x01",
            "٢٠٢٦-٠١-٠١",
            "9" * 5_000,
        ):
            with subtests.test(as_of=as_of):
                self.refused(admin, story, as_of)

    @staticmethod
    def refused(admin: Caller, key: str, as_of: str) -> None:
        for path in ("/issues", f"/issues/{key}", "/stats/now", f"/issues/{key}/comments"):
            answer = admin.get(path, as_of=as_of)
            assert answer.status_code == 422, (path, answer.text)
            assert (answer.json or {})["errors"][0]["pointer"] == "?as_of"


class TestWhoSees:
    """Today's rights count, and of then and now the stricter visibility."""

    @pytest.fixture
    def others(self, admin: Caller, web: str) -> str:
        """An issue of somebody else's."""
        with moment("2026-01-01 12:00"):
            return admin.report("A secret")

    def open_to(self, admin: Caller, who: str, when: str) -> None:
        with moment(when):
            answer = admin.client.patch("/api/v1/projects/WEB", json={"visibility": who})
            assert answer.status_code == 200, answer.text

    def sees(self, caller: Caller, key: str, as_of: str | None = None) -> bool:
        """Whether list, count, search, issue and comments show it: all of them, or none."""
        query = {} if as_of is None else {"as_of": as_of}
        answers = {
            caller.listed(**query) == [key],
            caller.got("/stats/now", **query)["total"] == 1,
            caller.listed("secret", **query) == [key],
            caller.get(f"/issues/{key}", **query).status_code == 200,
            caller.get(f"/issues/{key}/comments", **query).status_code == 200,
        }
        [answer] = answers
        return answer

    def test_a_project_that_was_opened_keeps_its_past_closed(
        self, admin: Caller, reporter: Caller, others: str
    ) -> None:
        self.open_to(admin, "all", "2026-01-03 12:00")
        assert self.sees(reporter, others)
        assert self.sees(reporter, others, "2026-01-03T12:00:00Z")
        assert not self.sees(reporter, others, "2026-01-02")
        assert self.sees(admin, others, "2026-01-02")

    def test_a_project_that_was_closed_has_closed_its_past(
        self, admin: Caller, reporter: Caller, others: str
    ) -> None:
        self.open_to(admin, "all", "2026-01-03 12:00")
        self.open_to(admin, "own", "2026-01-05 12:00")
        for as_of in (None, "2026-01-02", "2026-01-04", "2026-01-06"):
            assert not self.sees(reporter, others, as_of)

    def test_opened_twice_it_shows_both_times(
        self, admin: Caller, reporter: Caller, others: str
    ) -> None:
        self.open_to(admin, "all", "2026-01-03 12:00")
        self.open_to(admin, "own", "2026-01-05 12:00")
        self.open_to(admin, "all", "2026-01-07 12:00")
        days = {day: self.sees(reporter, others, f"2026-01-{day:02}") for day in range(2, 8)}
        assert days == {2: False, 3: True, 4: True, 5: False, 6: False, 7: True}

    def test_ones_own_issues_are_always_there(
        self, admin: Caller, reporter: Caller, web: str
    ) -> None:
        with moment("2026-01-01 12:00"):
            mine = reporter.report("My secret")
        self.open_to(admin, "all", "2026-01-03 12:00")
        assert self.sees(reporter, mine, "2026-01-02")

    def test_the_role_is_that_of_today(self, admin: Caller, person: Any, others: str) -> None:
        somebody = person("maintainer")
        assert self.sees(somebody, others, "2026-01-02")
        answer = admin.client.patch(f"/api/v1/users/{somebody.id}", json={"role": "reporter"})
        assert answer.status_code == 200, answer.text
        assert not self.sees(somebody, others, "2026-01-02")
