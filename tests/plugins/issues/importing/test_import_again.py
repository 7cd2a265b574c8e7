"""A second run: what differs in the file changes, what was done here stays, nothing else moves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from issue_insight.auth.principal import Principal
from issue_insight.testing.tokens import sign_in
from plugins.issues import policy
from plugins.issues.services import change_issue, delete_issue
from tests.plugins.issues.importing.conftest import Importing, change, comment, row

OPEN = row(
    reporter="bea",
    severity="low",
    description="As it was.",
    labels=["ui"],
    updated_at="2021-01-02T09:00:00Z",
    comments=[comment(2, "Here too.")],
)


@pytest.fixture
def admin(importing: Importing, session: Session) -> Principal:
    """Somebody who works here."""
    user = sign_in(importing.app.test_client(), "admin")
    permissions = frozenset(p.name for p in policy.PERMISSIONS)
    return Principal(user.id, "Admin", None, "admin", "person", permissions)


def again(importing: Importing, **members: Any) -> str:
    """Import the row as it reads by now; return the report."""
    result = importing(importing.jsonl(OPEN | members), "jsonl")
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_second_run_changes_not_a_row(importing: Importing) -> None:
    again(importing)
    before = importing.everything()
    assert "0 made, 0 changed, 1 as they were" in again(importing)
    assert importing.everything() == before


@pytest.mark.parametrize("options", [("--create-project",), ("--project-name", "Web")])
def test_a_dry_run_writes_nothing_and_foresees_what_the_run_does(
    importing: Importing, options: tuple[str, ...]
) -> None:
    again(importing)
    file = importing.jsonl(
        OPEN | {"title": "Renamed"},
        row(number=4, reporter="new", comments=[comment(2, "a"), comment(3, "b")]),
        row(number=5, status="limbo"),
    )
    before = importing.everything()
    dry = importing(file, "jsonl", *options, "--dry-run")
    assert importing.everything() == before
    assert dry.exit_code == 3
    assert "1 would be made, 1 would be changed, 0 as they were, 1 left out" in dry.stdout
    assert "2 would be added" in dry.stdout
    assert "1 unknown here so far" in dry.stdout
    real = importing(file, "jsonl", *options)
    assert "1 made, 1 changed, 0 as they were, 1 left out" in real.stdout
    assert "2 added" in real.stdout


def test_a_dry_run_makes_no_project(importing: Importing) -> None:
    before = importing.everything()
    dry = importing(importing.jsonl(OPEN), "jsonl", "--create-project", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "1 would be made" in dry.stdout
    assert importing.everything() == before


def test_what_happened_since_is_told_at_its_own_instant(importing: Importing) -> None:
    again(importing)
    report = again(
        importing, status="done", severity="low", changes=[change(4, "status", "open", "done")]
    )
    assert "0 made, 1 changed" in report
    closed = datetime(2021, 1, 4, 9, tzinfo=UTC)
    assert importing.rows("SELECT status, resolution, closed_at, version FROM issues") == [
        ("done", "fixed", closed, 2)
    ]
    assert importing.rows("SELECT at, field FROM events WHERE kind = 'changed' ORDER BY id") == [
        (closed, "status"),
        (closed, "resolution"),
    ]
    assert importing.rows(
        "SELECT status FROM issue_versions WHERE valid_from <= :at AND valid_to > :at",
        at=datetime(2021, 1, 3, tzinfo=UTC),
    ) == ["open"]


def test_a_reopening_is_told_too(importing: Importing) -> None:
    again(importing, status="done", changes=[change(4, "status", "open", "done")])
    again(
        importing,
        changes=[change(4, "status", "open", "done"), change(6, "status", "done", "open")],
    )
    assert importing.rows("SELECT status, resolution, closed_at FROM issues") == [
        ("open", None, None)
    ]


def test_only_what_differs_is_changed(importing: Importing) -> None:
    again(importing)
    again(
        importing,
        title="It still breaks",
        description="As it is.",
        due_on="2021-02-01",
        updated_at="2021-01-05T09:00:00Z",
    )
    at = datetime(2021, 1, 5, 9, tzinfo=UTC)
    assert importing.rows(
        "SELECT at, field, old #>> '{}', new #>> '{}' FROM events WHERE kind = 'changed'"
        " ORDER BY field"
    ) == [
        (at, "description", "As it was.", "As it is."),
        (at, "due_date", None, "2021-02-01"),
        (at, "title", "It breaks", "It still breaks"),
    ]
    assert "1 of 1" in importing.flask("issues", "list", "still").output
    assert importing.rows("SELECT severity, labels FROM issues") == [("low", ["ui"])]


def test_an_update_brought_in_twice_is_brought_in_once(importing: Importing) -> None:
    again(importing)
    again(importing, title="It still breaks", comments=[comment(2, "Here too."), comment(3, "!")])
    before = importing.everything()
    again(importing, title="It still breaks", comments=[comment(2, "Here too."), comment(3, "!")])
    assert importing.everything() == before


def test_a_comment_that_came_is_added_and_one_that_reads_otherwise_is_rewritten(
    importing: Importing,
) -> None:
    again(importing)
    report = again(importing, comments=[comment(2, "Here, too."), comment(4, "Gone now.", None)])
    assert "comments  1 added" in report
    assert importing.rows("SELECT body, version FROM comments ORDER BY id") == [
        ("Here, too.", 2),
        ("Gone now.", 1),
    ]
    assert importing.rows("SELECT kind FROM events WHERE field = 'comment' ORDER BY id") == [
        "commented",
        "comment edited",
        "commented",
    ]
    assert importing.rows("SELECT updated_at FROM issues") == [datetime(2021, 1, 4, 9, tzinfo=UTC)]


def test_a_comment_edited_or_removed_here_stays_so(importing: Importing) -> None:
    again(importing)
    client = importing.app.test_client()
    headers = sign_in(client, "admin").headers
    (comment_id,) = importing.rows("SELECT id FROM comments")
    answer = client.delete(f"/api/v1/comments/{comment_id}", headers={**headers, "If-Match": '"1"'})
    assert answer.status_code == 204, answer.json
    assert "a comment was changed here too" in again(importing, comments=[comment(2, "New.")])
    assert importing.rows("SELECT body FROM comments") == ["Here too."]


def test_what_was_changed_here_stays_and_the_report_says_so(
    importing: Importing, session: Session, admin: Principal
) -> None:
    again(importing)
    change_issue(session, admin, "WEB-3", {"status": "in_progress", "title": "Ours"}, expected=None)
    change_issue(session, admin, "WEB-3", {"description": "Ours."}, expected=None)
    session.commit()
    report = again(
        importing,
        title="Theirs",
        description="Theirs.",
        severity="high",
        status="done",
        changes=[change(4, "status", "open", "done")],
    )
    for field in ("status", "resolution", "title", "description"):
        assert f"{field} was changed here too: left as it is" in report
    assert importing.rows("SELECT title, status, resolution, severity FROM issues") == [
        ("Ours", "in_progress", None, "high")
    ]
    # The past that was shown already is not made another: what the file tells late comes last.
    (last,) = importing.rows("SELECT max(valid_from) FROM issue_versions")
    assert importing.rows("SELECT at FROM events WHERE field = 'severity'") == [last]


def test_what_was_deleted_here_stays_deleted(
    importing: Importing, session: Session, admin: Principal
) -> None:
    again(importing)
    delete_issue(session, admin, "WEB-3", expected=None)
    session.commit()
    before = importing.everything()
    assert "it was deleted here: left as it is" in again(importing, title="Back?")
    assert importing.everything() == before


def test_an_assignee_who_changes_is_found_on_both_sides(importing: Importing) -> None:
    again(importing, assignee="ada")
    again(importing, assignee="chen")
    assert importing.rows("SELECT u.subject FROM issues i JOIN users u ON u.id = assignee_id") == [
        "chen"
    ]
    assert importing.rows("SELECT count(*) FROM events WHERE field = 'assignee'") == [1]
