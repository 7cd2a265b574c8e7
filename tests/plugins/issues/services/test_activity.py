"""The activity of an issue, and that log, version and row are written together or not at all."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from issue_insight.journal import Event
from plugins.issues.models import Comment, Issue, IssueVersion, Project, SearchDocument
from tests.plugins.issues.services.conftest import Caller


def test_every_change_is_told_with_who_from_what_to_what(
    reporter: Caller, maintainer: Caller, web: str
) -> None:
    key = reporter.report(web, title="Broken", description="Text", severity="low")
    maintainer.changed(key, status="done", severity="high", assignee=reporter.me.id, labels=["ui"])
    maintainer.changed(key, status="open", due_date="2026-12-24")
    page = reporter.get(f"/issues/{key}/events")
    events = page["items"]
    assert page["total"] == len(events)
    created, *changes = events
    assert (created["kind"], created["field"], created["old"]) == ("created", None, None)
    assert created["new"] == {
        "title": "Broken",
        "description": "Text",
        "status": "open",
        "resolution": None,
        "severity": "low",
        "assignee": None,
        "labels": [],
        "due_date": None,
        "confidential": False,
        "deleted": False,
    }
    assert created["actor"] == {"id": reporter.me.id, "name": reporter.me.name}
    told = {(e["field"], str(e["old"]), str(e["new"])) for e in changes}
    assert told == {
        ("status", "open", "done"),
        ("resolution", "None", "fixed"),
        ("severity", "low", "high"),
        ("assignee", "None", str(reporter.me.id)),
        ("labels", "[]", "['ui']"),
        ("status", "done", "open"),
        ("resolution", "fixed", "None"),
        ("due_date", "None", "2026-12-24"),
    }
    assert len(changes) == len(told)
    assert {(e["actor"]["id"], e["actor_kind"], e["kind"]) for e in changes} == {
        (maintainer.me.id, "person", "changed")
    }
    # What was changed by one request bears one mark and one instant.
    assert [len({e[name] for e in changes[:5]}) for name in ("change_set", "at")] == [1, 1]
    assert [len({e[name] for e in changes[5:]}) for name in ("change_set", "at")] == [1, 1]
    assert len({e["change_set"] for e in events}) == 3
    assert [e["at"] for e in events] == sorted(e["at"] for e in events)


def test_comments_are_told_as_well(reporter: Caller, web: str) -> None:
    key = reporter.report(web)
    comment = reporter.comment(key, "First")
    reporter.ask("PATCH", f"/comments/{comment}", {"body": "Second"}, match="*")
    reporter.ask("DELETE", f"/comments/{comment}", match="*")
    events = reporter.get(f"/issues/{key}/events")["items"][1:]
    first, second = ({"comment": comment, "body": body} for body in ("First", "Second"))
    assert [(e["kind"], e["field"], e["old"], e["new"]) for e in events] == [
        ("commented", "comment", None, first),
        ("comment edited", "comment", first, second),
        ("comment deleted", "comment", second, None),
    ]


def test_activity_comes_in_pages_in_order(maintainer: Caller, web: str) -> None:
    key = maintainer.report(web)
    for severity in ("low", "high", "low", "critical"):
        maintainer.changed(key, severity=severity)
    whole = maintainer.get(f"/issues/{key}/events")["items"]
    assert maintainer.all_of(f"/issues/{key}/events", limit=2) == whole
    assert [e["new"] for e in whole[1:]] == ["low", "high", "low", "critical"]


def test_the_pages_of_one_issue_are_not_those_of_another(maintainer: Caller, web: str) -> None:
    key, other = maintainer.report(web), maintainer.report(web)
    maintainer.changed(key, severity="low")
    cursor = maintainer.get(f"/issues/{key}/events", limit=1)["next"]
    answer = maintainer.ask("GET", f"/issues/{other}/events", query_string={"cursor": cursor})
    assert answer.status_code == 422


def test_what_happens_to_a_project_is_in_the_log(admin: Caller, session: Session, web: str) -> None:
    admin.ask("PATCH", f"/projects/{web}", {"name": "New", "visibility": "all"})
    admin.ask("PATCH", f"/projects/{web}", {"name": "New"})
    project = session.scalars(select(Project.id)).one()
    events = session.scalars(select(Event).where(Event.subject == "project").order_by(Event.id))
    told = [(e.kind, e.field, e.old, e.new, e.subject_id, e.scope_id, e.actor_id) for e in events]
    who = (project, project, admin.me.id)
    created = {"key": web, "name": "A project", "visibility": "own"}
    assert told == [
        ("created", None, None, created, *who),
        ("changed", "name", "A project", "New", *who),
        ("changed", "visibility", "own", "all", *who),
    ]


TABLES: tuple[Any, ...] = (Project, Issue, IssueVersion, SearchDocument, Comment, Event)


def contents(session: Session) -> list[list[str]]:
    """Return every row of every table that a change touches."""
    session.rollback()
    return [
        sorted(str(row) for row in session.execute(select(table.__table__)).all())
        for table in TABLES
    ]


FAILING = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'out of order' USING ERRCODE = 'XX000'; END $$;
CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION fail();
"""

WRITES = [
    ("POST", "/issues", {"project": "WEB", "title": "New"}),
    ("PATCH", "/issues/{key}", {"title": "New", "status": "done"}),
    ("DELETE", "/issues/{key}", None),
    ("POST", "/issues/{key}/comments", {"body": "New"}),
    ("PATCH", "/comments/{comment}", {"body": "New"}),
    ("DELETE", "/comments/{comment}", None),
]


@pytest.mark.parametrize("table", ["events", "issue_versions", "search_documents"])
def test_a_failure_in_the_middle_leaves_nothing_of_a_change(
    admin: Caller, session: Session, engine: Engine, web: str, table: str
) -> None:
    key = admin.report(web)
    comment = admin.comment(key)
    before = contents(session)
    with engine.begin() as connection:
        connection.execute(text(FAILING.format(table=table)))
    try:
        for method, path, body in WRITES:
            # Deleting an issue writes no words.
            if (method, path, table) == ("DELETE", "/issues/{key}", "search_documents"):
                continue
            answer = admin.ask(method, path.format(key=key, comment=comment), body, match="*")
            assert answer.status_code == 500, (method, path)
            assert "out of order" not in answer.text
            assert contents(session) == before, (method, path)
    finally:
        session.rollback()
        with engine.begin() as connection:
            connection.execute(text(f"DROP TRIGGER fail ON {table}; DROP FUNCTION fail()"))
    for method, path, body in WRITES[3:] + WRITES[:3]:
        answer = admin.ask(method, path.format(key=key, comment=comment), body, match="*")
        assert answer.status_code < 300, answer.text


def test_versions_follow_each_other_without_gap_or_overlap(
    app: Flask, maintainer: Caller, session: Session, web: str
) -> None:
    key = maintainer.report(web)
    maintainer.changed(key, severity="low")
    maintainer.comment(key)
    maintainer.changed(key, status="done")
    versions = session.scalars(select(IssueVersion).order_by(IssueVersion.valid_from)).all()
    assert [(v.version, v.severity, v.status) for v in versions] == [
        (1, None, "open"),
        (2, "low", "open"),
        (2, "low", "open"),
        (3, "low", "done"),
    ]
    assert [v.valid_to for v in versions[:-1]] == [v.valid_from for v in versions[1:]]
    last = select(func.count()).where(
        IssueVersion.valid_to == text("'infinity'::timestamptz"), IssueVersion.version == 3
    )
    assert session.scalar(last) == 1
