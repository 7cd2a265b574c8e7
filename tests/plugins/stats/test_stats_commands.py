"""`flask stats`, and the job that does the same by itself."""

from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, text

from issue_insight.settings import Settings
from plugins.stats.jobs import AGGREGATE
from tests.plugins.stats.conftest import History


def flask(app: Flask, *words: str) -> Result:
    """Run a command of the instance."""
    return app.test_cli_runner().invoke(args=words)


def tamper(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(sql))


@pytest.fixture
def counted(app: Flask, history: History) -> History:
    """A history with its counts."""
    key = history.report("2020-03-07 10:00", "high")
    history.report("2020-03-08 10:00")
    history.change("2020-03-09 10:00", key, status="done")
    assert flask(app, "stats", "aggregate").exit_code == 0
    return history


def test_aggregate_says_what_it_did(app: Flask, history: History) -> None:
    history.report("2020-03-07 10:00")
    result = flask(app, "stats", "aggregate")
    assert result.exit_code == 0
    assert " days of 1 projects counted, " in result.output
    assert flask(app, "stats", "aggregate").output == (
        "1 days of 1 projects counted, 0 rows changed.\n"
    )


def test_verify_finds_nothing_wrong(app: Flask, counted: History) -> None:
    result = flask(app, "stats", "verify")
    assert (result.exit_code, result.output.endswith("hold what the event log says.\n")) == (
        0,
        True,
    )


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (
            "UPDATE daily_stats SET count = 5 WHERE day = '2020-03-08' AND severity = 'high'",
            "WEB 2020-03-08 open/high: stored 5, recounted 1",
        ),
        (
            "DELETE FROM daily_stats WHERE day = '2020-03-09' AND status = 'done'",
            "WEB 2020-03-09 done/high: stored 0, recounted 1",
        ),
        (
            "INSERT INTO daily_stats SELECT project_id, '2011-11-11', status, severity, 3, "
            "computed_at FROM daily_stats WHERE day = '2020-03-07'",
            "WEB 2011-11-11 open/high: stored 3, recounted 0",
        ),
        (
            "INSERT INTO daily_stats SELECT project_id, '2999-11-11', status, severity, 3, "
            "computed_at FROM daily_stats WHERE day = '2020-03-07'",
            "WEB 2999-11-11 open/high: stored 3, recounted 0",
        ),
    ],
)
def test_verify_names_a_row_that_was_tampered_with(
    app: Flask, counted: History, engine: Engine, sql: str, named: str
) -> None:
    tamper(engine, sql)
    result = flask(app, "stats", "verify")
    assert result.exit_code == 1
    assert named in result.output.splitlines()
    assert "1 counts differ; `flask stats rebuild` makes them anew." in result.output
    assert flask(app, "stats", "rebuild").exit_code == 0
    assert flask(app, "stats", "verify").exit_code == 0


def test_verify_holds_the_counts_to_the_log_and_not_to_the_versions(
    app: Flask, counted: History, engine: Engine
) -> None:
    tamper(engine, "UPDATE issue_versions SET severity = 'low' WHERE severity = 'high'")
    assert flask(app, "stats", "rebuild").exit_code == 0
    result = flask(app, "stats", "verify")
    assert result.exit_code == 1
    assert "WEB 2020-03-07 open/low: stored 1, recounted 0" in result.output
    assert "WEB 2020-03-07 open/high: stored 0, recounted 1" in result.output


def test_verify_tells_what_is_not_counted_yet(app: Flask, history: History) -> None:
    history.report("2020-03-07 10:00")
    result = flask(app, "stats", "verify")
    assert result.exit_code == 0
    assert "WEB: not counted yet; `flask stats aggregate` does it." in result.output
    flask(app, "stats", "aggregate")
    history.report("2020-03-05 10:00")
    result = flask(app, "stats", "verify")
    assert result.exit_code == 0
    assert (
        "WEB: not counted yet since 2020-03-05; `flask stats aggregate` does it." in result.output
    )


def test_the_job_runs_as_often_as_the_settings_say(settings: Settings) -> None:
    assert AGGREGATE.interval(settings) == timedelta(minutes=30)
    changed = settings.model_copy(update={"stats_every_minutes": 5})
    assert AGGREGATE.interval(changed) == timedelta(minutes=5)


def test_the_job_counts(app: Flask, history: History) -> None:
    history.report("2020-03-07 10:00")
    result = flask(app, "jobs", "run", "stats.aggregate")
    assert result.exit_code == 0
    assert result.output.startswith("stats.aggregate: ")
    assert flask(app, "stats", "verify").output.endswith("hold what the event log says.\n")
