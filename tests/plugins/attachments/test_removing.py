"""Removing: who may, what goes, what stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.storage import Storage
from plugins.attachments.models import Attachment
from tests.plugins.attachments.conftest import Caller, keys


def remove(caller: Caller, attachment_id: int) -> int:
    return caller.client.delete(f"/api/v1/attachments/{attachment_id}").status_code


def test_one_removes_one_s_own(
    reporter: Caller, issue: str, storage: Storage, session: Session
) -> None:
    made = reporter.attached(issue)
    assert remove(reporter, made["id"]) == 204
    assert reporter.files(issue) == []
    assert reporter.content(made["id"]).status_code == 404
    assert reporter.client.get(f"/api/v1/attachments/{made['id']}").status_code == 404
    assert keys(storage) == set()
    row = session.scalars(select(Attachment)).one()
    assert row.removed_at is not None
    assert row.purged_at is not None


@pytest.mark.parametrize("role", ["maintainer", "admin"])
def test_maintainers_and_admins_remove_any(
    person: Callable[..., Caller], reporter: Caller, issue: str, role: str
) -> None:
    made = reporter.attached(issue)
    assert remove(person(role), made["id"]) == 204


def test_reporters_do_not_remove_what_others_attached(
    admin: Caller, reporter: Caller, issue: str
) -> None:
    made = admin.attached(issue)
    assert remove(reporter, made["id"]) == 403
    assert reporter.content(made["id"]).status_code == 200


def test_twice_is_404(reporter: Caller, issue: str) -> None:
    made = reporter.attached(issue)
    assert [remove(reporter, made["id"]) for _ in range(2)] == [204, 404]
    assert remove(reporter, 999_999) == 404


def test_a_removal_is_in_the_issue_s_activity_with_who_did_it(
    admin: Caller, reporter: Caller, issue: str
) -> None:
    made = reporter.attached(issue)
    remove(admin, made["id"])
    *_, attached, detached = reporter.events(issue)
    assert (attached["kind"], detached["kind"]) == ("attached", "detached")
    assert detached["old"] == attached["new"]
    assert detached["new"] is None
    assert detached["actor"] != attached["actor"]


def test_of_two_at_once_one_removes_it(app: Flask, reporter: Caller, issue: str) -> None:
    for _ in range(5):
        made = reporter.attached(issue)
        with ThreadPoolExecutor(4) as pool:
            found = sorted(pool.map(lambda _, i=made["id"]: remove(reporter, i), range(4)))
        assert found == [204, 404, 404, 404]
    assert len([e for e in reporter.events(issue) if e["kind"] == "detached"]) == 5
