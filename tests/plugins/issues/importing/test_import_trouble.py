"""An import that is killed, two at once, files that are no such files."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of
from plugins.issues.importing import reading
from tests.environment import bare_environment
from tests.plugins.issues.importing.conftest import Importing, comment, row

PATIENCE = 120.0
STATE = """
    SELECT number, title, i.status, i.created_at, i.updated_at, description, u.subject,
        (SELECT array_agg((c.created_at, body) ORDER BY c.id) FROM comments c
         WHERE c.issue_id = i.id)::text,
        (SELECT array_agg((valid_from, valid_to, v.status) ORDER BY valid_from)
         FROM issue_versions v WHERE v.id = i.id)::text,
        (SELECT array_agg((at, kind, field) ORDER BY e.id) FROM events e
         WHERE subject = 'issue' AND subject_id = i.id)::text,
        (SELECT count(*) FROM search_documents s WHERE s.issue_id = i.id),
        (SELECT count(*) FROM imported_rows r WHERE r.issue_id = i.id)
    FROM issues i JOIN issue_texts t ON t.issue_id = i.id JOIN users u ON u.id = reporter_id
    JOIN projects p ON p.id = i.project_id WHERE p.key = :key ORDER BY number
"""
ROWS = 1020
"""Two whole batches and a part of a third."""

Start = Callable[[Path, str], "subprocess.Popen[str]"]


def rows(**third_batch: Any) -> list[dict[str, Any]]:
    found = [row(number=n, title=f"No. {n}", reporter=f"r{n % 7}") for n in range(1, ROWS + 1)]
    for one in found[::20]:
        one["comments"] = [comment(2, "Here too.")]
    for late in found[1010:]:
        late |= third_batch
    return found


@pytest.fixture
def start(settings: Settings, repository: Path) -> Start:
    """Starts an import in a process of its own."""

    def begin(file: Path, project: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "flask", "--app", str(repository / "wsgi.py")]
        command += ["issues", "import", str(file), "--format", "jsonl", "--project", project]
        return subprocess.Popen(
            [*command, "--create-project"],
            env={**bare_environment(), "PYTHONPATH": str(repository)} | environment_of(settings),
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return begin


def waits_for_a_lock(importing: Importing) -> bool:
    return importing.rows(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )[0]


def test_an_import_killed_midway_leaves_whole_batches_and_the_next_run_completes_it(
    importing: Importing, start: Start, session: Session
) -> None:
    file = importing.jsonl(*rows(labels=["halt"]))
    assert importing(file, "jsonl", "--create-project", "--dry-run").exit_code == 0
    assert importing(importing.jsonl(row(id="other"), name="one.jsonl"), "jsonl").exit_code == 0
    (project_id,) = importing.rows("SELECT id FROM projects")
    # Somebody is just about to make the label that the third batch needs: it has to wait.
    session.connection().exec_driver_sql(
        "INSERT INTO labels (project_id, name) VALUES (%s, 'halt')", (project_id,)
    )
    running = start(file, "WEB")
    end = time.monotonic() + PATIENCE
    while not waits_for_a_lock(importing):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end, "it never came to the label"
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=PATIENCE)
    session.rollback()
    # One number is taken by the issue that was there before, so it is put off to the end.
    assert importing.rows("SELECT count(*) FROM imported_rows") == [1000]
    for table, expected in {"issues": 1000, "issue_texts": 1000, "comments": 50}.items():
        assert importing.rows(f"SELECT count(*) FROM {table}") == [expected]

    resumed = importing(file, "jsonl")
    assert resumed.exit_code == 0, resumed.output
    assert "21 made, 0 changed, 999 as they were" in resumed.stdout
    importing(importing.jsonl(row(id="other"), name="one.jsonl"), "jsonl", project="CALM")
    importing(file, "jsonl", "--create-project", project="CALM")
    assert importing.rows(STATE, key="WEB") == importing.rows(STATE, key="CALM")
    assert len(importing.rows(STATE, key="WEB")) == ROWS + 1


def test_two_imports_of_one_file_at_once_come_to_one(importing: Importing, start: Start) -> None:
    file = importing.jsonl(*rows()[:510])
    importing(importing.jsonl(row(), name="first.jsonl"), "jsonl", project="CALM")
    importing(file, "jsonl", project="CALM")
    importing(importing.jsonl(row(), name="first.jsonl"), "jsonl")
    both = [start(file, "WEB"), start(file, "WEB")]
    said = [running.communicate(timeout=PATIENCE)[0] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert importing.rows(STATE, key="WEB") == importing.rows(STATE, key="CALM")


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("github-archive", "[]", "it does not begin with '{'"),
        ("github-archive", '{"issues": [{"number": 1}', "broken JSON"),
        ("github-archive", '{"a": 1}', "neither 'issues' nor 'pulls'"),
        ("jira-csv", "a,b\n1,2\n", "no column 'Summary'"),
        ("csv", "title\nx\n", "no column 'created_at'"),
        ("csv", 'title,created_at\n"x,2021-01-01\n', "never ends"),
        ("jsonl", "title,created_at\n", "no JSON Lines"),
        ("jsonl", "\n", "the file is empty"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line_and_nothing_is_stored(
    importing: Importing, kind: str, content: str, why: str
) -> None:
    before = importing.everything()
    result = importing(importing.file("file", content), kind)
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert importing.everything() == before


def test_a_file_too_large_to_be_read_at_once_is_refused(
    importing: Importing, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(reading.FILE_BYTES + 1)  # takes no room on the disk
    result = importing(huge, "jsonl")
    assert result.exit_code == 1
    assert "up to 256 MB are read at once" in result.stderr


@pytest.mark.parametrize(
    "odd",
    [
        {"title": None},
        {"title": 7},
        {"created_at": None},
        {"created_at": "2021-02-30T00:00:00Z"},
        {"created_at": "9999-12-31T23:59:59Z"},
        {"labels": 3},
        {"comments": [{}]},
        {"comments": {"author": "ada"}},
        {"changes": [{"at": "2021-01-02T00:00:00Z", "field": "title", "from": "a", "to": "b"}]},
        {"number": -1},
        {"number": 10**30},
        {"number": True},
        {"id": "x" * 5000, "title": "y" * 5000},
        {"reporter": "r" * 5000},
        {"description": "d" * 1_000_001},
        {"status": "done"},
        {"due_on": "tomorrow"},
    ],
    ids=lambda odd: json.dumps(odd)[:40],
)
def test_an_odd_row_is_left_out_alone(importing: Importing, odd: dict[str, Any]) -> None:
    result = importing(importing.jsonl(row(number=1), row(number=2) | odd), "jsonl")
    assert result.exit_code == 3, result.output
    assert result.stderr.startswith("line 2: ")
    assert importing.rows("SELECT number FROM issues") == [1]


@pytest.mark.parametrize(
    ("members", "stored"),
    [
        ({"title": "nul \x00 and \x1b bell"}, "nul and bell"),
        ({"title": "half \ud800 pair"}, "half \ufffd pair"),
        ({"title": "\u202eturned"}, "turned"),
        ({"title": "關於 💚 naïve"}, "關於 💚 naïve"),
    ],
)
def test_characters_that_no_text_should_hold_are_taken_out(
    importing: Importing, members: dict[str, Any], stored: str
) -> None:
    result = importing(importing.jsonl(row(**members)), "jsonl")
    assert result.exit_code == 0, result.output
    assert importing.rows("SELECT title FROM issues") == [stored]


def test_a_comment_older_than_its_issue_keeps_its_instant(importing: Importing) -> None:
    file = importing.jsonl(
        row(created_at="2021-01-05T00:00:00Z", comments=[comment(2, "Moved here.")])
    )
    assert importing(file, "jsonl").exit_code == 0
    assert importing.rows("SELECT c.created_at < i.created_at FROM comments c, issues i") == [True]
    assert importing.rows("SELECT min(valid_from) = min(created_at) FROM issue_versions") == [True]


def test_what_a_deleted_account_left_on_github_has_no_author(importing: Importing) -> None:
    archive = {
        "repo": "a/b",
        "issues": [
            {
                "number": 1,
                "title": "Ghost",
                "state": "OPEN",
                "author": None,
                "createdAt": "2021-01-01T09:00:00Z",
                "comments": [{"author": None, "body": "Boo", "createdAt": "2021-01-02T09:00:00Z"}],
            },
            None,
        ],
    }
    result = importing(importing.file("archive.json", json.dumps(archive)), "github-archive")
    assert result.exit_code == 3
    assert "the issue is null, not an object" in result.stderr
    assert importing.rows("SELECT subject FROM users") == ["(unknown)"]
