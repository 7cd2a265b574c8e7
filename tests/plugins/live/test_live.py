"""Changes come as they are committed: to whoever may see them, by their filter, once."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.testing.tokens import token_for
from tests.plugins.issues.conftest import Caller
from tests.plugins.live.listening import Listener

Listen = Callable[..., Listener]


def test_everybody_gets_what_they_may_see_and_nothing_else(
    listen: Listen, maintainer: Caller, reporter: Caller, web: str
) -> None:
    all_of_it, own = listen(maintainer), listen(reporter)
    hidden = maintainer.report("Not for reporters", project=web)
    mine = reporter.report("Mine", project=web)
    maintainer.change(mine, severity="high")
    assert [c["key"] for c in all_of_it.changes(3)] == [hidden, mine, mine]
    first, second = own.changes(2)
    assert (first["key"], first["match"], first["kind"]) == (mine, "entered", "created")
    assert second["match"] == "changed"
    assert (second["field"], second["old"], second["new"]) == ("severity", None, "high")
    assert second["version"] == 2
    assert second["actor"] == {"id": maintainer.id, "name": maintainer.who.name}
    assert hidden not in json.dumps([m.data for m in own.messages])


def test_an_issue_enters_a_filter_changes_in_it_and_leaves_it(
    listen: Listen, maintainer: Caller, web: str
) -> None:
    stream = listen(maintainer, "severity:high word")
    key = maintainer.report("A word", project=web)
    maintainer.report("A sentence", project=web, severity="high")
    maintainer.change(key, severity="high")
    maintainer.change(key, status="triaged")
    maintainer.change(key, title="Nothing")
    changes = stream.changes(3)
    assert [(c["key"], c["match"], c["field"]) for c in changes] == [
        (key, "entered", "severity"),
        (key, "changed", "status"),
        (key, "left", "title"),
    ]


def test_me_in_a_filter_is_whoever_listens(
    listen: Listen, maintainer: Caller, person: Callable[..., Caller], web: str
) -> None:
    other = person("maintainer")
    hers, theirs = listen(maintainer, "assignee:@me"), listen(other, "assignee:@me")
    one = maintainer.report("One", project=web, assignee=maintainer.id)
    two = maintainer.report("Two", project=web, assignee=other.id)
    maintainer.change(two, assignee=maintainer.id)
    assert [(c["key"], c["match"]) for c in hers.changes(2)] == [(one, "entered"), (two, "entered")]
    assert [(c["key"], c["match"]) for c in theirs.changes(2)] == [(two, "entered"), (two, "left")]


def test_of_an_issue_that_is_gone_nothing_more_is_told(
    listen: Listen, admin: Caller, web: str
) -> None:
    stream = listen(admin)
    key = admin.report("Soon gone", project=web)
    stream.changes(1)
    admin.delete(key)
    assert stream.changes(2)[1] == {"match": "gone", "key": key, "project": web}
    admin.restore(key)
    assert stream.changes(3)[2]["match"] == "entered"


def test_long_texts_are_left_out(listen: Listen, maintainer: Caller, web: str) -> None:
    stream = listen(maintainer)
    maintainer.report("Long", project=web, description="x" * 5_000)
    [change] = stream.changes(1)
    assert change["new"]["title"] == "Long"
    assert change["new"]["description"] is None
    assert change["shortened"] is True


def test_a_transaction_held_open_is_skipped_by_nobody(
    listen: Listen, maintainer: Caller, web: str, session: Session
) -> None:
    stream = listen(maintainer)
    key = maintainer.report("Held", project=web)
    stream.changes(1)
    # The event is written, and its id taken, long before the commit.
    session.execute(
        text(
            "INSERT INTO events (at, actor_kind, change_set, scope_id, subject, subject_id, kind,"
            " field, new) SELECT now(), 'person', gen_random_uuid(), project_id, 'issue', id,"
            " 'changed', 'title', '\"late\"' FROM issues"
        )
    )
    later = [maintainer.report(f"Later {n}", project=web) for n in range(3)]
    assert [c["key"] for c in stream.changes(4)][1:] == later
    away = stream.last_id
    session.commit()
    assert stream.changes(5)[4]["new"] == "late"
    # Whoever was away while it was open gets it too, and once.
    back = listen(maintainer, last_event_id=away)
    maintainer.change(key, title="After")
    assert [c["new"] for c in back.changes(2)] == ["late", "After"]


def test_it_goes_on_after_the_last_event_that_was_received(
    listen: Listen, maintainer: Caller, web: str
) -> None:
    first = listen(maintainer)
    keys = [maintainer.report(f"Issue {n}", project=web) for n in range(4)]
    first.changes(4)
    ids = [m.id for m in first.messages]
    for missing in range(4):
        again = listen(maintainer, last_event_id=ids[missing])
        maintainer.change(keys[0], title=f"Mark {missing}")
        got = [c["key"] for c in again.changes(4)]
        assert got == [*keys[missing + 1 :], *[keys[0]] * (missing + 1)]
        again.leave()


def test_a_place_of_another_log_or_of_none_is_told_to_begin_anew(
    listen: Listen, maintainer: Caller
) -> None:
    for place in ("nonsense", "1:2", "900000000:900000000:", "1:1:~1:1:~" + "9" * 30):
        stream = listen(maintainer, last_event_id=place)
        assert stream.messages[0].event == "reset", place
        stream.leave()


def test_signs_of_life_come_and_carry_the_place(listen: Listen, maintainer: Caller) -> None:
    stream = listen(maintainer)
    stream.wait(lambda: stream.beats >= 2)
    assert stream.last_id
    assert stream.messages == []


def test_one_person_has_so_many_streams_and_no_more(
    listen: Listen, maintainer: Caller, reporter: Caller
) -> None:
    streams = [listen(maintainer) for _ in range(3)]
    refused = listen(maintainer)
    assert refused.status == 429
    assert "application/problem+json" in refused.headers
    assert listen(reporter).status == 200
    streams[0].leave()
    for _ in range(100):
        again = listen(maintainer)
        if again.status == 200:
            break
    assert again.status == 200


def test_a_role_that_is_taken_away_counts_at_once(
    listen: Listen, maintainer: Caller, admin: Caller, web: str
) -> None:
    stream, other = listen(maintainer), listen(admin)
    admin.client.patch(f"/api/v1/users/{maintainer.id}", json={"role": "reporter"})
    hidden = admin.report("Not for reporters any more", project=web)
    other.changes(1)
    mine = maintainer.report("Mine", project=web)
    assert [c["key"] for c in stream.changes(1)] == [mine]
    assert hidden != mine


def test_the_stream_of_a_removed_user_ends(
    listen: Listen, maintainer: Caller, admin: Caller, session: Session
) -> None:
    stream = listen(maintainer)
    session.execute(update(User).where(User.id == maintainer.id).values(removed_at=text("now()")))
    session.commit()
    # The rows are looked at anew when somebody comes; else every quarter of a minute.
    listen(admin)
    assert stream.ended() == "rights"


def test_a_stream_ends_with_its_token(
    listen: Listen, client: FlaskClient, maintainer: Caller
) -> None:
    brief = token_for(client, maintainer.who.email, timedelta(seconds=-3))
    stream = listen(Caller(client, replace(maintainer.who, token=brief)))
    assert stream.ended() == "expired"


def test_an_api_token_listens_until_it_is_revoked(
    listen: Listen, client: FlaskClient, maintainer: Caller, web: str
) -> None:
    asked = {"name": "Listener", "expires_in_days": 1}
    made = client.post("/api/v1/me/tokens", json=asked, headers=maintainer.who.headers).json
    stream = listen(Caller(client, replace(maintainer.who, token=made["token"])))
    key = maintainer.report("Broken", project=web)
    assert [change["key"] for change in stream.changes(1)] == [key]
    gone = client.delete(f"/api/v1/me/tokens/{made['id']}", headers=maintainer.who.headers)
    assert gone.status_code == 204
    assert stream.ended() == "rights"


def test_what_cannot_be_streamed_is_a_problem(maintainer: Caller, client: FlaskClient) -> None:
    answer = maintainer.get("/live", q="nosuchfield:x")
    assert answer.status_code == 422
    assert (answer.json or {})["errors"][0]["pointer"] == "?q"
    assert client.get("/api/v1/live", headers={"Authorization": ""}).status_code == 401
