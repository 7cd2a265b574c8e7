"""Shared views, the default view, and several people at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.journal import Event
from plugins.saved_views.models import DefaultView
from tests.plugins.saved_views.conftest import Caller


def told(session: Session) -> list[tuple[str, Any, Any]]:
    """Return what the event log holds of views."""
    session.rollback()
    rows = session.execute(
        select(Event.kind, Event.old, Event.new).where(Event.subject == "view").order_by(Event.id)
    )
    return [(row.kind, row.old, row.new) for row in rows]


def at_once(app: Flask, *calls: tuple[Caller, Callable[[Caller], Any]]) -> list[Any]:
    """Make the calls in threads that start together, each with a client of its own."""
    barrier = Barrier(len(calls))

    def run(call: tuple[Caller, Callable[[Caller], Any]]) -> Any:
        caller, do = call
        client = app.test_client()
        client.environ_base.update(caller.client.environ_base)
        barrier.wait()
        return do(Caller(client, caller.who))

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_a_view_of_one_s_own_is_not_there_for_others(
    reporter: Caller, maintainer: Caller, admin: Caller, session: Session
) -> None:
    view = reporter.saved()
    for other in (maintainer, admin):
        assert not other.sees(view)
        assert other.change(view, name="Mine now").status_code == 404
        assert other.delete(view) == 404
        assert other.begins_with(view).status_code == 422
    assert reporter.got(f"/views/{view['id']}") == view
    reporter.changed(view, name="Changed")
    reporter.delete(view)
    assert told(session) == []


def test_a_shared_view_is_there_for_everybody_and_changed_by_its_owner_alone(
    reporter: Caller, maintainer: Caller, admin: Caller
) -> None:
    view = maintainer.saved(shared=True)
    for other in (reporter, admin):
        assert other.sees(view)
        assert other.change(view, name="Mine now").status_code == 403
    assert reporter.delete(view) == 403
    assert maintainer.got(f"/views/{view['id']}") == view


def test_only_maintainers_share(reporter: Caller, maintainer: Caller) -> None:
    assert reporter.save(shared=True).status_code == 403
    view = reporter.saved()
    assert reporter.change(view, shared=True).status_code == 403
    assert not maintainer.sees(view)


def test_who_is_a_maintainer_no_longer_can_only_take_back_what_they_shared(
    maintainer: Caller, admin: Caller
) -> None:
    views = [maintainer.saved(name, shared=True) for name in ("A", "B")]
    admin.ask("PATCH", f"/users/{maintainer.who.id}", {"role": "reporter"})
    assert maintainer.change(views[0], q="is:closed").status_code == 403
    assert maintainer.change(views[0], q="is:closed", shared=False).status_code == 200
    assert maintainer.change(views[0], shared=True).status_code == 403
    assert maintainer.delete(views[1]) == 204


def test_a_shared_view_shows_each_what_they_may_see_and_me_is_whoever_looks(
    maintainer: Caller, admin: Caller, person: Callable[..., Caller]
) -> None:
    admin.ask("POST", "/projects", {"key": "WEB", "name": "Web", "visibility": "own"})
    people = [person(), person()]
    keys = []
    for one in people:
        answer = one.ask("POST", "/issues", {"project": "WEB", "title": "Broken"})
        keys.append((answer.json or {})["key"])

    def shown(caller: Caller, view: dict[str, Any]) -> list[str]:
        q = caller.got(f"/views/{view['id']}")["q"]
        answer = caller.client.get("/api/v1/issues", query_string={"q": q})
        return [issue["key"] for issue in (answer.json or {})["items"]]

    everything = maintainer.saved("All", q="project:WEB sort:key", shared=True)
    own = maintainer.saved("Mine", q="reporter:@me", shared=True)
    assert shown(maintainer, everything) == keys
    assert shown(maintainer, own) == []
    for one, key in zip(people, keys, strict=True):
        assert shown(one, everything) == shown(one, own) == [key]


def test_the_event_log_tells_of_a_view_while_it_is_shared(
    maintainer: Caller, session: Session
) -> None:
    view = maintainer.saved("Draft", q="is:open")
    maintainer.changed(view, name="Public", shared=True)
    maintainer.changed(view, columns=["key"])
    maintainer.changed(view, name="Secret", q="is:closed", shared=False)
    maintainer.changed(view, name="Again", shared=True)
    maintainer.delete(view)
    look = {"columns": [], "layout": "list", "density": None, "lanes": None}
    public = {"name": "Public", "q": "is:open", "position": 0} | look
    narrow = public | {"columns": ["key"]}
    again = narrow | {"name": "Again", "q": "is:closed"}
    assert told(session) == [
        ("shared", None, public),
        ("changed", public, narrow),
        ("unshared", narrow, None),
        ("shared", None, again),
        ("deleted", again, None),
    ]


def test_a_view_shared_from_the_beginning_is_told_of_with_its_actor(
    maintainer: Caller, session: Session
) -> None:
    view = maintainer.saved(shared=True)
    event = session.scalars(select(Event).where(Event.subject == "view")).one()
    assert (event.kind, event.subject_id) == ("created", view["id"])
    assert (event.actor_id, event.scope_id) == (maintainer.who.id, None)


def test_a_refused_change_leaves_nothing(maintainer: Caller, session: Session) -> None:
    view = maintainer.saved(shared=True)
    assert maintainer.change(view, name="New", q="stat:open").status_code == 422
    assert maintainer.got(f"/views/{view['id']}") == view
    assert [kind for kind, _, _ in told(session)] == ["created"]


def test_what_somebody_removed_had_shared_stays_until_an_admin_deletes_it(
    reporter: Caller, maintainer: Caller, admin: Caller, session: Session
) -> None:
    view, own = maintainer.saved(shared=True), maintainer.saved("Own")
    reporter.begins_with(view)
    session.execute(update(User).where(User.id == maintainer.who.id).values(removed_at=func.now()))
    session.commit()
    assert reporter.sees(view)
    assert reporter.got(f"/views/{view['id']}")["owner"]["id"] == maintainer.who.id
    assert not admin.sees(own)
    assert reporter.delete(view) == 403
    assert admin.delete(view) == 204
    assert not reporter.sees(view)
    assert reporter.default is None


def test_a_default_is_chosen_changed_and_given_up(reporter: Caller, maintainer: Caller) -> None:
    assert reporter.default is None
    own, shared = reporter.saved(), maintainer.saved(shared=True)
    for view in (own, shared):
        answer = reporter.begins_with(view)
        assert (answer.status_code, answer.json) == (200, {"view": view["id"]})
        assert reporter.default == view["id"]
    assert maintainer.default is None
    assert reporter.begins_with(None).status_code == 200
    assert reporter.default is None
    assert reporter.begins_with(None).status_code == 200


@pytest.mark.parametrize("body", [{}, {"view": "1"}, {"view": 0}, {"view": 1.5}, {"view": True}])
def test_a_default_that_is_no_view_is_refused(reporter: Caller, body: dict[str, Any]) -> None:
    answer = reporter.ask("PUT", "/me/default-view", body)
    assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (422, "/view")


def test_a_default_goes_with_its_view_and_with_its_being_shared(
    reporter: Caller, maintainer: Caller
) -> None:
    own, shared = reporter.saved(), maintainer.saved(shared=True)
    reporter.begins_with(own)
    reporter.delete(own)
    assert reporter.default is None
    for caller in (reporter, maintainer):
        caller.begins_with(shared)
    maintainer.changed(shared, shared=False)
    assert reporter.default is None
    assert maintainer.default == shared["id"]
    maintainer.changed(shared, shared=True)
    assert reporter.default is None


def test_of_two_defaults_chosen_at_once_one_holds(
    app: Flask, reporter: Caller, session: Session
) -> None:
    views = [reporter.saved(f"View {number}") for number in range(4)]
    for _ in range(5):
        answers = at_once(
            app, *[(reporter, lambda c, view=view: c.begins_with(view)) for view in views]
        )
        assert {answer.status_code for answer in answers} == {200}
        assert reporter.default in [view["id"] for view in views]
        session.rollback()
        assert session.scalar(select(func.count()).select_from(DefaultView)) == 1


def test_nobody_begins_with_what_is_taken_back_or_deleted_at_that_moment(
    app: Flask, reporter: Caller, maintainer: Caller, session: Session
) -> None:
    for number in range(8):
        view = maintainer.saved(f"View {number}", shared=True)
        end: Callable[[Caller], Any] = (
            (lambda c, view=view: c.changed(view, shared=False))
            if number % 2
            else (lambda c, view=view: c.delete(view))
        )
        chosen, _ = at_once(
            app, (reporter, lambda c, view=view: c.begins_with(view)), (maintainer, end)
        )
        assert chosen.status_code in (200, 422)
        session.rollback()
        assert session.scalar(select(func.count()).select_from(DefaultView)) == 0


def test_saving_many_at_once_does_not_go_beyond_the_bound_or_take_a_name_twice(
    app: Flask, reporter: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.saved_views.services.MOST", 3)
    for _ in range(2):
        reporter.saved(f"View {reporter.got('/views')['total']}")
    answers = at_once(app, *[(reporter, lambda c, n=n: c.save(f"Last {n % 2}")) for n in range(4)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_of_two_renamed_to_one_name_at_once_one_is(app: Flask, reporter: Caller) -> None:
    for number in range(3):
        views = [reporter.saved(f"{which} {number}") for which in "AB"]
        answers = at_once(
            app,
            *[
                (reporter, lambda c, view=view, name=f"C {number}": c.change(view, name=name))
                for view in views
            ],
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
