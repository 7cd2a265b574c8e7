"""`flask issues`: what is typed, what is said, how it exits."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of
from tests.environment import bare_environment

ROW = '{"number": 1, "title": "It breaks", "created_at": "2021-01-01T09:00:00Z"}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of one row."""
    path = tmp_path / "rows.jsonl"
    path.write_text(ROW)
    return path


def run(app: Flask, *words: str) -> tuple[int, str, str]:
    done = app.test_cli_runner().invoke(args=["issues", *words])
    return done.exit_code, done.stdout, done.stderr


def test_an_import_names_what_it_did(app: Flask, file: Path) -> None:
    code, said, warned = run(
        app, "import", str(file), "--format", "jsonl", "--project", "web", "--create-project",
        "--project-name", "The web",
    )  # fmt: skip
    assert (code, warned) == (0, "")
    assert said.splitlines() == [
        "1 rows of table",
        "  issues    1 made, 0 changed, 0 as they were, 0 left out",
        "  comments  0 added",
        "  people    0 new",
    ]


def test_a_project_is_only_made_when_asked_for(
    app: Flask, file: Path, clean_database: Engine
) -> None:
    words = ("import", str(file), "--format", "jsonl", "--project", "WEB")
    code, _, warned = run(app, *words)
    assert code == 1
    assert warned == (
        "Error: There is no project WEB; --create-project makes it. Nothing was stored.\n"
    )
    assert run(app, *words, "--create-project", "--project-name", "The web")[0] == 0
    with clean_database.connect() as connection:
        names = connection.execute(text("SELECT key, name, visibility FROM projects")).all()
    assert [tuple(row) for row in names] == [("WEB", "The web", "own")]


def test_nothing_comes_into_a_deleted_project(
    app: Flask, file: Path, clean_database: Engine
) -> None:
    words = ("import", str(file), "--format", "jsonl", "--project", "WEB", "--create-project")
    assert run(app, *words)[0] == 0
    with clean_database.begin() as connection:
        connection.execute(text("UPDATE projects SET deleted_at = now()"))
    code, _, warned = run(app, *words)
    assert code == 1
    assert "The project WEB is deleted." in warned


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "jsonl"),
        ("--project", "WEB"),
        ("--project", "WEB", "--format", "xml"),
        ("--project", "no key!", "--format", "jsonl"),
        ("--project", "WEB", "--format", "jsonl", "--mapping", "absent.toml"),
    ],
)
def test_a_wrong_command_line_exits_with_2(app: Flask, file: Path, words: tuple[str, ...]) -> None:
    assert run(app, "import", str(file), *words)[0] == 2


def test_an_absent_file_exits_with_2(app: Flask, tmp_path: Path) -> None:
    words = ("--project", "WEB", "--format", "jsonl")
    assert run(app, "import", str(tmp_path / "absent"), *words)[0] == 2


def test_a_mapping_file_that_is_none_exits_with_1(app: Flask, file: Path) -> None:
    words = ("--project", "WEB", "--format", "jsonl", "--mapping", str(file))
    code, _, warned = run(app, "import", str(file), *words)
    assert code == 1
    assert "is no TOML" in warned


def test_of_many_notes_that_say_the_same_one_is_shown_and_of_kinds_not_too_many(
    app: Flask, tmp_path: Path
) -> None:
    common = {"title": "a", "created_at": "2021-01-01T09:00:00Z"}
    closed = {"status": "done", "updated_at": "2021-01-02T09:00:00Z"}
    rows = [{"number": n} | common | closed for n in range(1, 4)]
    rows += [{"number": n, "description": "\1" * n} | common for n in range(4, 40)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("--project", "WEB", "--format", "jsonl", "--create-project")
    code, said, _ = run(app, "import", str(path), *words)
    assert code == 0
    assert "3 rows, the first on line 1: no instant of closing; the last update" in said
    assert "4 control characters taken out of the description" in said
    assert "more kinds of notes" in said


def test_a_progress_bar_is_shown_on_a_terminal(
    settings: Settings, app: Flask, file: Path, repository: Path
) -> None:
    assert app
    ours, theirs = pty.openpty()
    words = ("--format", "jsonl", "--project", "WEB", "--create-project")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(repository / "wsgi.py"), "issues", "import",
         str(file), *words],
        env={**bare_environment(), "PYTHONPATH": str(repository), "TERM": "xterm"}
        | environment_of(settings),
        cwd=file.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        timeout=120,
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 65536).decode(errors="replace")
    os.close(ours)
    assert done.returncode == 0
    assert "reading" in shown
    assert "storing" in shown
    assert "1/1" in shown
    assert b"1 made" in done.stdout


def test_list_shows_what_a_filter_selects_and_what_stood_there(app: Flask, file: Path) -> None:
    words = ("--format", "jsonl", "--project", "WEB", "--create-project")
    run(app, "import", str(file), *words)
    code, said, _ = run(app, "list", "project:WEB breaks")
    assert code == 0
    assert said.splitlines() == ["WEB-1        open         -         It breaks", "1 of 1"]
    assert run(app, "list", "--as-of", "2020-12-31")[1] == "0 of 0\n"
    assert run(app, "list", "status:done")[1] == "0 of 0\n"


@pytest.mark.parametrize("words", [("status:limbo",), ("--as-of", "yesterday")])
def test_list_refuses_a_wrong_filter_in_one_line(app: Flask, words: tuple[str, ...]) -> None:
    code, said, warned = run(app, "list", *words)
    assert (code, said) == (1, "")
    assert warned.startswith("Error: ")
    assert len(warned.splitlines()) == 1


def test_the_demo_project_is_filled_once(app: Flask) -> None:
    assert run(app, "demo") == (0, "The project DEMO has 30 issues.\n", "")
    assert run(app, "demo") == (0, "DEMO is there already.\n", "")
    assert run(app, "list", "project:DEMO")[1].splitlines()[-1] == "30 of 30"


def test_the_demo_has_a_past_and_work_of_every_kind(app: Flask, clean_database: Engine) -> None:
    run(app, "demo")
    with clean_database.connect() as connection:
        statuses = connection.execute(text("SELECT DISTINCT status FROM issues")).scalars().all()
        late = connection.execute(
            text("SELECT count(*) FROM events WHERE at > now() AND subject = 'issue'")
        ).scalar_one()
        kinds = connection.execute(text("SELECT DISTINCT actor_kind FROM events")).scalars().all()
    assert set(statuses) == {"open", "triaged", "in_progress", "done"}
    assert late == 0
    assert kinds == ["import"]
