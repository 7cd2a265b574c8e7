"""Labels that are offered: those one may know of, and no others."""

from tests.plugins.issues.conftest import Caller


def names(caller: Caller, **query: str) -> list[str]:
    """Return the names of the labels that somebody is offered."""
    page = caller.got("/labels", **query)
    assert page["total"] >= len(page["items"])
    return [item["name"] for item in page["items"]]


class TestLabels:
    def test_are_those_of_all_projects_or_of_one(self, admin: Caller, web: str) -> None:
        admin.report(labels=["ui", "search"])
        admin.report(project=admin.project("APP"), labels=["api", "ui"])
        assert names(admin) == ["api", "search", "ui"]
        assert names(admin, project="app") == ["api", "ui"]
        assert admin.get("/labels", project="NOPE").status_code == 404

    def test_begin_with_a_prefix_in_any_case_taken_as_it_stands(
        self, admin: Caller, web: str
    ) -> None:
        admin.report(labels=["100%", "search", "seen_by", "ui"])
        assert names(admin, prefix="SE") == ["search", "seen_by"]
        assert names(admin, prefix="%") == []
        assert names(admin, prefix="seen_") == ["seen_by"]
        page = admin.got("/labels", limit=1)
        assert [item["name"] for item in page["items"]] == ["100%"]
        assert page["total"] == 4

    def test_are_still_known_when_no_issue_has_them(self, maintainer: Caller, web: str) -> None:
        maintainer.change(maintainer.report(labels=["gone"]), labels=[])
        assert names(maintainer) == ["gone"]


class TestReporters:
    def test_are_offered_only_labels_of_issues_that_they_see(
        self, admin: Caller, reporter: Caller, web: str
    ) -> None:
        admin.report(labels=["secret-launch"])
        mine = reporter.report()
        assert names(reporter) == []
        admin.change(mine, labels=["ui"])
        assert names(reporter) == names(reporter, project="WEB") == ["ui"]

    def test_are_offered_all_labels_of_a_project_open_to_them(
        self, admin: Caller, reporter: Caller, web: str
    ) -> None:
        admin.report(project=admin.project("APP", "all"), labels=["api"])
        admin.report(labels=["secret-launch"])
        assert names(reporter) == ["api"]

    def test_are_not_told_of_labels_of_deleted_issues_of_their_own(
        self, admin: Caller, reporter: Caller, web: str
    ) -> None:
        mine = reporter.report()
        admin.change(mine, labels=["ui"])
        admin.delete(mine)
        assert names(reporter) == []
