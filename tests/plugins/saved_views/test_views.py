"""Saved views: one's own, and what is refused."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from plugins.issues.grammar.parse import MAX_TEXT
from tests.plugins.saved_views.conftest import Caller


def test_a_view_is_kept_as_it_was_saved(reporter: Caller) -> None:
    asked = {
        "name": "Mine, the worst first",
        "q": "assignee:@me is:open sort:-severity",
        "columns": ["title", "key", "due"],
        "layout": "board",
        "density": "compact",
        "lanes": "severity",
        "shared": False,
        "position": 7,
    }
    answer = reporter.ask("POST", "/views", asked)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    view: dict[str, Any] = answer.json or {}
    assert {name: view[name] for name in asked} == asked
    assert (view["owner"]["id"], view["is_default"]) == (reporter.who.id, False)
    found = reporter.client.get(answer.headers["Location"])
    assert (found.json, found.headers["ETag"]) == (view, '"1"')


def test_only_a_name_is_needed(reporter: Caller) -> None:
    view = reporter.saved("  All \t of it ")
    assert (view["name"], view["q"], view["columns"]) == ("All of it", "", [])
    assert (view["layout"], view["shared"], view["position"]) == ("list", False, 0)
    assert (view["density"], view["lanes"]) == (None, None)


def test_views_stand_by_position_and_new_ones_last_over_all_pages(reporter: Caller) -> None:
    for name, position in (("C", 5), ("A", 1), ("B", 1)):
        reporter.saved(name, position=position)
    assert reporter.saved("D")["position"] == 6
    first = reporter.got("/views?limit=3")
    rest = reporter.got(f"/views?limit=3&cursor={first['next']}")
    names = [[view["name"] for view in page["items"]] for page in (first, rest)]
    assert names == [["A", "B", "C"], ["D"]]
    assert (first["total"], rest["next"]) == (4, None)


def test_one_s_own_come_before_those_of_others_over_all_pages(
    reporter: Caller, maintainer: Caller
) -> None:
    maintainer.saved("Theirs, first", shared=True, position=0)
    maintainer.saved("Theirs, second", shared=True, position=1)
    maintainer.saved("Nobody else's")
    reporter.saved("Mine", position=9)
    names, cursor = [], ""
    while True:
        page = reporter.got(f"/views?limit=1{cursor}")
        names += [view["name"] for view in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert names == ["Mine", "Theirs, first", "Theirs, second"]
    assert page["total"] == 3


def test_a_cursor_is_good_for_nobody_else(reporter: Caller, maintainer: Caller) -> None:
    reporter.saved("A")
    reporter.saved("B")
    cursor = reporter.got("/views?limit=1")["next"]
    assert maintainer.ask("GET", f"/views?cursor={cursor}").status_code == 422


def test_what_is_changed_differs_and_the_rest_stays(reporter: Caller) -> None:
    view = reporter.saved(q="is:open", columns=["key"])
    changed = reporter.changed(view, q="is:closed", position=3)
    assert changed["version"] == 2
    expected = view | {"q": "is:closed", "position": 3, "version": 2}
    assert changed | {"updated_at": ""} == expected | {"updated_at": ""}
    assert reporter.changed(changed, q="is:closed") == changed


def test_a_look_that_was_kept_is_given_up_again(reporter: Caller) -> None:
    view = reporter.saved(columns=["key"], density="compact", lanes="severity")
    given_up = {"columns": [], "density": None, "lanes": None}
    changed = reporter.changed(view, **given_up)
    assert {name: changed[name] for name in given_up} == given_up
    assert changed["version"] == 2


def test_a_view_of_the_version_before_stays_as_whoever_looks_has_it(
    reporter: Caller, session: Session
) -> None:
    statement = """INSERT INTO saved_views (owner_id, name, q, columns, layout, shared, position,
            version, created_at, updated_at)
        VALUES (:owner, 'Old', 'is:open', '{}', 'board', false, 0, 1, now(), now()) RETURNING id"""
    view_id = session.execute(text(statement), {"owner": reporter.who.id}).scalar_one()
    session.commit()
    view = reporter.got(f"/views/{view_id}")
    assert (view["columns"], view["density"], view["lanes"]) == ([], None, None)


def test_a_view_that_is_deleted_is_gone(reporter: Caller) -> None:
    view = reporter.saved()
    assert reporter.delete(view, '"1"') == 204
    assert not reporter.sees(view)
    assert reporter.delete(view) == 404


def test_a_change_for_another_version_is_refused(reporter: Caller) -> None:
    view = reporter.saved()
    reporter.changed(view, name="Changed")
    assert reporter.change(view, '"1"', name="Lost").status_code == 412
    assert reporter.delete(view, '"1"') == 412
    assert reporter.ask("PATCH", f"/views/{view['id']}", {"name": "Blind"}).status_code == 428
    assert reporter.ask("DELETE", f"/views/{view['id']}").status_code == 428
    assert reporter.got(f"/views/{view['id']}")["name"] == "Changed"


def test_a_creation_sent_again_makes_one_view(reporter: Caller) -> None:
    body = {"name": "Once"}
    first, again = (reporter.ask("POST", "/views", body, Idempotency_Key="once") for _ in range(2))
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert reporter.got("/views")["total"] == 1
    other = reporter.ask("POST", "/views", {"name": "Other"}, Idempotency_Key="once")
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("fields", "pointer", "position"),
    [
        ({"q": "is:open stat:done"}, "/q", 8),
        ({"q": 'is:open "never closed'}, "/q", 8),
        ({"q": "is:open severity:awful"}, "/q", 17),
        ({"q": "assignee:nobody-of-that-name"}, "/q", 9),
        ({"q": "sort:nonsense"}, "/q", 5),
        ({"q": "x" * (MAX_TEXT + 1)}, "/q", MAX_TEXT),
        ({"q": None}, "/q", None),
        ({"name": ""}, "/name", None),
        ({"name": " \u200b "}, "/name", None),
        ({"name": "x" * 101}, "/name", None),
        ({"name": "a\u202eb"}, "/name", None),
        ({"columns": ["key", "password"]}, "/columns/1", None),
        ({"columns": ["key", "key"]}, "/columns", None),
        ({"columns": "key"}, "/columns", None),
        ({"layout": "grid"}, "/layout", None),
        ({"density": "roomy"}, "/density", None),
        ({"density": ["compact"]}, "/density", None),
        ({"lanes": "assignee"}, "/lanes", None),
        ({"lanes": True}, "/lanes", None),
        ({"shared": "yes"}, "/shared", None),
        ({"position": -1}, "/position", None),
        ({"position": 10_000}, "/position", None),
        ({"owner": 1}, "/owner", None),
    ],
)
def test_what_makes_no_sense_is_refused_where_the_fault_is(
    maintainer: Caller, fields: dict[str, Any], pointer: str, position: int | None
) -> None:
    view = maintainer.saved("There already")
    for answer in (maintainer.save(**fields), maintainer.change(view, **fields)):
        assert answer.status_code == 422, answer.text
        [fault] = (answer.json or {})["errors"]
        assert (fault["pointer"], fault.get("position")) == (pointer, position)
    assert maintainer.got("/views")["items"] == [view]


def test_a_change_of_nothing_is_refused(reporter: Caller) -> None:
    assert reporter.change(reporter.saved()).status_code == 422


def test_a_view_without_a_name_is_refused(reporter: Caller) -> None:
    answer = reporter.ask("POST", "/views", {"q": "is:open"})
    assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (422, "/name")


def test_a_name_is_one_view_s_of_one_person(reporter: Caller, maintainer: Caller) -> None:
    reporter.saved("Mine")
    other = reporter.saved("Other")
    assert reporter.save("Mine").status_code == 409
    assert reporter.change(other, name=" Mine ").status_code == 409
    assert maintainer.save("Mine").status_code == 201
    assert reporter.changed(other, name="other")["name"] == "other"


def test_one_person_has_so_many_views_and_no_more(
    reporter: Caller, maintainer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.saved_views.services.MOST", 3)
    for number in range(3):
        view = reporter.saved(f"View {number}")
    assert reporter.save("One more").status_code == 409
    assert maintainer.save("One of another").status_code == 201
    reporter.delete(view)
    assert reporter.save("One more").status_code == 201


@pytest.mark.parametrize("view_id", [0, 987_654, 2**63 - 1, 2**63, 10**30])
def test_an_id_of_nothing_is_not_found(reporter: Caller, view_id: int) -> None:
    view = {"id": view_id}
    assert not reporter.sees(view)
    assert reporter.change(view, name="New").status_code == 404
    assert reporter.delete(view) == 404
    # No number of JSON is taken that has more than 64 bits.
    assert reporter.begins_with(view).status_code == (422 if view_id < 2**63 else 400)


def test_nobody_is_told_anything_without_signing_in(reporter: Caller) -> None:
    view = reporter.saved()
    del reporter.client.environ_base["HTTP_AUTHORIZATION"]
    for method, path, body in (
        ("GET", "/views", None),
        ("POST", "/views", {"name": "New"}),
        ("GET", f"/views/{view['id']}", None),
        ("PATCH", f"/views/{view['id']}", {"name": "New"}),
        ("DELETE", f"/views/{view['id']}", None),
        ("GET", "/me/default-view", None),
        ("PUT", "/me/default-view", {"view": None}),
    ):
        assert reporter.ask(method, path, body).status_code == 401
