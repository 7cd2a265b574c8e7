"""Deleting issues and bringing them back."""

import pytest

from tests.plugins.issues.services.conftest import Caller


def test_a_deleted_issue_is_nowhere_and_comes_back_as_it_was(
    admin: Caller, reporter: Caller, web: str
) -> None:
    key = reporter.report(web, title="Printing fails", description="Words of mine")
    comment = reporter.comment(key)
    before = reporter.get(f"/issues/{key}")
    assert admin.ask("DELETE", f"/issues/{key}", match='"1"').status_code == 204
    for caller in (admin, reporter):
        for path in (f"/issues/{key}", f"/issues/{key}/events", f"/issues/{key}/comments"):
            assert caller.ask("GET", path).status_code == 404
        assert caller.get("/issues")["total"] == 0
        assert caller.get("/issues", q="printing")["total"] == 0
        assert caller.get("/stats/now")["total"] == 0
        assert caller.change(key, title="New").status_code == 404
        assert caller.ask("POST", f"/issues/{key}/comments", {"body": "Hi"}).status_code == 404
        for method, body in (("PATCH", {"body": "Hi"}), ("DELETE", None)):
            answer = caller.ask(method, f"/comments/{comment}", body, match="*")
            assert answer.status_code == 404
    assert admin.ask("DELETE", f"/issues/{key}", match="*").status_code == 404

    answer = admin.ask("POST", f"/issues/{key}/restore")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"3"'
    after = answer.json or {}
    assert after == before | {"version": 3, "updated_at": after["updated_at"]}
    assert reporter.get("/issues", q="printing")["total"] == 1
    assert [c["id"] for c in reporter.get(f"/issues/{key}/comments")["items"]] == [comment]
    events = reporter.get(f"/issues/{key}/events")["items"]
    assert [(e["field"], e["old"], e["new"]) for e in events[2:]] == [
        ("deleted", False, True),
        ("deleted", True, False),
    ]


def test_what_is_there_cannot_be_restored(admin: Caller, web: str) -> None:
    key = admin.report(web)
    assert admin.ask("POST", f"/issues/{key}/restore").status_code == 409
    assert admin.ask("POST", "/issues/WEB-99/restore").status_code == 404


def test_the_number_of_a_deleted_issue_is_not_given_again(admin: Caller, web: str) -> None:
    key = admin.report(web)
    assert admin.ask("DELETE", f"/issues/{key}", match="*").status_code == 204
    assert admin.report(web) == "WEB-2"


def test_a_deleted_issue_is_still_part_of_the_past(admin: Caller, web: str) -> None:
    key = admin.report(web)
    then = admin.get(f"/issues/{key}")["created_at"]
    admin.ask("DELETE", f"/issues/{key}", match="*")
    assert [i["key"] for i in admin.get("/issues", as_of=then)["items"]] == [key]
    assert admin.get(f"/issues/{key}", as_of=then)["version"] == 1


@pytest.mark.parametrize("path", ["/issues/WEB-1/restore", "/issues/WEB-1"])
def test_only_admins_delete_and_restore(maintainer: Caller, web: str, path: str) -> None:
    maintainer.report(web)
    method = "POST" if path.endswith("restore") else "DELETE"
    assert maintainer.ask(method, path, match="*").status_code == 403


def test_only_who_may_restore_it_is_told_that_it_was_deleted(
    admin: Caller, maintainer: Caller, web: str
) -> None:
    key = admin.report(web)
    assert admin.ask("DELETE", f"/issues/{key}", match="*").status_code == 204
    gone = admin.ask("GET", f"/issues/{key}").json or {}
    assert (gone["restorable"], gone["detail"]) == (True, f"{key} was deleted.")
    assert "restorable" not in (admin.ask("GET", "/issues/WEB-99").json or {})
    hidden = maintainer.ask("GET", f"/issues/{key}").json or {}
    assert hidden["detail"] == f"There is no issue {key}."
    assert "restorable" not in hidden
