"""Who may do what: what one may not see is not there (404), what one may not do is refused."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from issue_insight.auth.permission import ROLES
from tests.plugins.issues.services.conftest import Caller

# Columns: what a reporter meets with an issue of their own, with another's in a project that is
# open to all ("shown"), with another's in one that is not ("hidden"); then a maintainer, an admin.
# The lines are asked in this order, so the restored issue is the deleted one.
TABLE = """
                                   own  shown  hidden  maintainer  admin
GET     issue                      200   200    404       200       200
GET     issue/events               200   200    404       200       200
GET     issue/comments             200   200    404       200       200
GET     issue/attachments          200   200    404       200       200
GET     attachment                 200   200    404       200       200
GET     attachment/content         200   200    404       200       200
GET     attachment/url             200   200    404       200       200
POST    attachment/confirm         404   404    404       404       404
PATCH   issue            title     200   403    404       200       200
PATCH   issue            triage    403   403    404       200       200
POST    issue/comments   body      201   201    404       201       201
PATCH   comment          body      200   403    404       403       403
DELETE  comment                    204   403    404       204       204
POST    issue/attachments file     201   201    404       201       201
POST    issue/attachments/uploads upload 201 201   404       201       201
DELETE  attachment                 204   403    404       204       204
DELETE  issue                      403   403    403       403       204
POST    issue/restore              403   403    403       403       200
"""

# The same for what belongs to no issue: reporter, maintainer, admin.
ELSEWHERE = """
                                reporter  maintainer  admin
GET     /me                        200        200      200
GET     /projects                  200        200      200
GET     /projects/WEB              200        200      200
POST    /projects        project   403        403      201
PATCH   /projects/WEB    name      403        403      200
GET     /issues                    200        200      200
POST    /issues          issue     201        201      201
POST    /issues          triaged   403        201      201
GET     /stats/now                 200        200      200
GET     /users                     403        403      200
PATCH   /users/0         role      403        403      404
"""

BODIES = {
    "title": {"title": "New"},
    "triage": {"status": "triaged"},
    "body": {"body": "Said"},
    "project": {"key": "NEW", "name": "New"},
    "name": {"name": "New"},
    "issue": {"project": "WEB", "title": "New"},
    "triaged": {"project": "WEB", "title": "New", "labels": ["ui"]},
    "role": {"role": "admin"},
    "upload": {"name": "x.txt", "size": 1},
}


def rows_of(table: str) -> list[tuple[str, str, str, str, int]]:
    """Return method, path, body, column and status of each cell."""
    header, *lines = table.strip("\n").splitlines()
    columns = header.split()
    cells = []
    for line in lines:
        words = line.split()
        said, statuses = words[: -len(columns)], words[-len(columns) :]
        method, path, body = (*said, "")[:3]
        cells += [
            (method, path, body, column, int(status))
            for column, status in zip(columns, statuses, strict=True)
        ]
    return cells


@dataclass
class Place:
    """An issue with a comment and a file by its reporter."""

    issue: str
    comment: int
    attachment: int

    def path(self, name: str) -> str:
        first, _, rest = name.partition("/")
        start = {
            "issue": f"/issues/{self.issue}",
            "comment": f"/comments/{self.comment}",
            "attachment": f"/attachments/{self.attachment}",
        }[first]
        return f"{start}/{rest}" if rest else start


def attach(caller: Caller, key: str) -> int:
    file = {"file": (io.BytesIO(b"log"), "log.txt")}
    answer = caller.ask("POST", f"/issues/{key}/attachments", data=file)
    assert answer.status_code == 201, answer.text
    return int((answer.json or {})["id"])


def place_of(caller: Caller, project: str) -> Place:
    key = caller.report(project)
    return Place(key, caller.comment(key), attach(caller, key))


@pytest.mark.parametrize("column", ["own", "shown", "hidden", "maintainer", "admin"])
def test_what_each_may_do_with_an_issue(
    person: Callable[..., Caller], web: str, lib: str, column: str
) -> None:
    writer = person()
    place = place_of(writer, lib if column == "shown" else web)
    caller = writer if column == "own" else person(column if column in ROLES else "reporter")
    never = Place("WEB-987", 987_654, 987_654)
    expected, met = {}, {}
    for method, name, body, which, status in rows_of(TABLE):
        if which != column:
            continue
        expected[method, name, body] = status
        answer = ask(caller, place, method, name, body)
        met[method, name, body] = answer.status_code
        if status == 404:
            # Not a word tells it from an issue that has never been.
            other = ask(caller, never, method, name, body)
            assert other.status_code == 404
            assert _words(answer, place) == _words(other, never)
    assert met == expected


def ask(caller: Caller, place: Place, method: str, name: str, body: str) -> TestResponse:
    file = {"data": {"file": (io.BytesIO(b"x"), "x.txt")}} if body == "file" else {}
    return caller.ask(method, place.path(name), BODIES.get(body), match="*", **file)


def _words(answer: TestResponse, place: Place) -> str:
    return str((answer.json or {})["detail"]).replace(place.issue, "KEY")


@pytest.mark.parametrize("role", ROLES)
def test_what_each_may_do_elsewhere(person: Callable[..., Caller], web: str, role: str) -> None:
    caller = person(role)
    rows = [row for row in rows_of(ELSEWHERE) if row[3] == role]
    met = {(m, p, b): caller.ask(m, p, BODIES.get(b)).status_code for m, p, b, _, _ in rows}
    assert met == {(m, p, b): status for m, p, b, _, status in rows}


def test_nobody_does_anything_without_signing_in(app: Flask, admin: Caller, web: str) -> None:
    stranger = Caller(app.test_client(), admin.me)
    place = Place(admin.report(web), 1, 1)
    answers = [ask(stranger, place, m, name, body) for m, name, body, _, _ in rows_of(TABLE)]
    answers += [stranger.ask(m, p, BODIES.get(b)) for m, p, b, _, _ in rows_of(ELSEWHERE)]
    assert {answer.status_code for answer in answers} == {401}


def test_a_refusal_comes_before_the_body_is_looked_at(reporter: Caller) -> None:
    answer = reporter.ask("POST", "/projects", {"nonsense": 1})
    assert answer.status_code == 403


def test_an_assignee_sees_no_more_for_being_one(
    maintainer: Caller, reporter: Caller, web: str
) -> None:
    key = maintainer.report(web, assignee=reporter.me.id)
    assert reporter.ask("GET", f"/issues/{key}").status_code == 404
    assert reporter.get("/issues", q="assignee:@me")["total"] == 0


def test_closing_a_project_to_others_takes_effect_at_once(
    admin: Caller, maintainer: Caller, reporter: Caller, lib: str
) -> None:
    key = maintainer.report(lib)
    assert reporter.ask("GET", f"/issues/{key}").status_code == 200
    admin.ask("PATCH", f"/projects/{lib}", {"visibility": "own"})
    assert reporter.ask("GET", f"/issues/{key}").status_code == 404
    assert reporter.get("/issues")["total"] == 0
