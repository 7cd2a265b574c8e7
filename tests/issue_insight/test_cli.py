"""The platform's commands, and what they say where there is no application to run them in."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from flask import Flask
from pydantic import ValidationError

from issue_insight.app import create_app
from issue_insight.cli import starting
from issue_insight.settings import Settings


def test_plugins_are_listed_in_their_order(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["plugins"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert names.index("roles") < names.index("issues") < names.index("stats")
    assert "stats          Counts of issues, now and day by day (requires issues)" in (
        result.stdout.splitlines()
    )


def test_an_upgrade_of_what_is_up_to_date_does_nothing(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["upgrade"])
    assert (result.exit_code, result.stdout) == (0, "The database is up to date.\n")


def test_settings_that_make_no_sense_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("TIME_ZONE", "Mars")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:secret@host/x")
    with pytest.raises(click.ClickException) as refused, starting():
        Settings(_env_file=None)
    assert refused.value.message == (
        "DATABASE_URL: write it as postgresql://user:password@host/name; "
        "PORT: Input should be a valid integer, unable to parse string as an integer; "
        "TIME_ZONE: no time zone is named 'Mars'"
    )


def test_errors_of_settings_keep_secrets_to_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:secret@host/x")
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["postgres://me@host/x", "postgresql://me@host/x", "postgresql+psycopg2://me@host/x"],
)
def test_any_usual_url_of_a_database_will_do(settings: Settings, url: str) -> None:
    taken = Settings(_env_file=None, database_url=url)
    assert taken.database_url == "postgresql+psycopg2://me@host/x"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "PUBLIC_CLERK_PUBLISHABLE_KEY",
            "pk_test_nonsense",
            "Error: PUBLIC_CLERK_PUBLISHABLE_KEY is no publishable key of Clerk.\n",
        ),
        ("PLUGINS", "nope", "Error: There is no plugin 'nope' (known: "),
    ],
)
def test_the_doctor_says_what_keeps_the_application_from_starting(
    repository: Path, tmp_path: Path, name: str, value: str, said: str
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "FLASK_APP"}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "doctor"],
        cwd=repository,
        env=environment | {"DATA_DIR": str(tmp_path), name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("issues", "list"), ("roles", "list"), ("upgrade",), ("stats", "verify")]
)
def test_a_command_says_in_one_line_that_there_is_no_database(
    settings: Settings, words: tuple[str, ...]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"postgresql+psycopg2://nobody@127.0.0.1:{port}/nothing"
    app = create_app(settings.model_copy(update={"database_url": url}))
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 1
    (said,) = result.stderr.splitlines()
    assert said.startswith("Error: The database does not answer: ")
    assert "`make run` starts one" in said


def test_there_is_no_command_of_another_name(settings: Settings) -> None:
    result = create_app(settings).test_cli_runner().invoke(args=["make-coffee"])
    assert result.exit_code == 2
    assert "No such command 'make-coffee'" in result.stderr


def test_a_date_off_is_one_however_it_is_written() -> None:
    taken = Settings(_env_file=None, days_off="Sat 20261225 2026-12-26")
    assert taken.days_off == ("sat", "2026-12-25", "2026-12-26")


@pytest.mark.parametrize("days", ["christmas", "2026-13-01", "mon tue wed thu fri sat sun"])
def test_days_off_that_make_no_sense_are_refused_at_the_start(days: str) -> None:
    with pytest.raises(ValidationError, match="days_off"):
        Settings(_env_file=None, days_off=days)
