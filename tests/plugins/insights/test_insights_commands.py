"""`flask insights`: metrics in the terminal, and the facts behind them."""

import json

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.plugins.stats.conftest import History


def test_a_metric_is_printed_as_a_table_and_a_chart(
    app: Flask, present: None, past: History
) -> None:
    run = app.test_cli_runner().invoke
    shown = run(args=["insights", "created-resolved", "--from", "2020-02-24", "--q", "label:api"])
    assert shown.exit_code == 0, shown.output
    assert "Created and resolved: label:api" in shown.output
    assert "2020-03-09" in shown.output
    assert "▁█" in shown.output or "█▁" in shown.output


def test_the_same_as_the_api_answers(app: Flask, present: None, past: History) -> None:
    run = app.test_cli_runner().invoke
    shown = run(args=["insights", "throughput", "--from", "2020-03-03", "--json"])
    answer = json.loads(shown.output)
    assert (answer["metric"], answer["considered"]) == ("throughput", 2)
    assert answer["series"][0]["points"][1]["open"]["q"] == "closed:2020-03-04"


def test_what_makes_no_sense_is_said_in_one_line(app: Flask, present: None) -> None:
    run = app.test_cli_runner().invoke
    shown = run(args=["insights", "throughput", "--q", "status:nonsense"])
    assert shown.exit_code == 1
    assert "status is one of" in shown.output
    assert run(args=["insights", "nonsense"]).exit_code == 2


def test_facts_are_held_to_the_log_and_made_anew(
    app: Flask, session: Session, past: History
) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["insights", "verify"]).exit_code == 0
    session.execute(text("UPDATE issue_stays SET status = 'triaged' WHERE number = 1"))
    session.execute(text("DELETE FROM issue_milestones"))
    session.commit()
    wrong = run(args=["insights", "verify"])
    assert wrong.exit_code == 1
    assert "issue_stays: 12 rows, 10 not what the event log says." in wrong.output
    assert run(args=["insights", "rebuild"]).exit_code == 0
    assert "0 not what" in run(args=["insights", "verify"]).output
