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


def test_the_age_of_work_is_printed_by_issue_beside_the_percentiles_of_each_status(
    app: Flask, present: None, past: History
) -> None:
    shown = app.test_cli_runner().invoke(args=["insights", "aging"])
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    assert ["p50", "p85", "p95"] in [line[:3] for line in lines]
    assert [line[0] for line in lines if line[:1] in (["open"], ["triaged"], ["in_progress"])][
        :3
    ] == ["open", "triaged", "in_progress"]
    answer = json.loads(app.test_cli_runner().invoke(args=["insights", "aging", "--json"]).output)
    ages = {
        point["issue"]
        for series in answer["series"]
        if series["measure"] == "age"
        for point in series["points"]
    }
    assert ages
    assert ages == {line[0] for line in lines if len(line) == 3 and "-" in line[0]}


def test_what_is_split_is_a_table_for_each_measure(
    app: Flask, present: None, past: History
) -> None:
    shown = app.test_cli_runner().invoke(
        args=["insights", "lead-time", "--from", "2020-02-24", "--by", "severity"]
    )
    assert shown.exit_code == 0, shown.output
    heads = [line.split() for line in shown.output.splitlines() if line.startswith("p")]
    assert [head[0] for head in heads] == ["p50", "p85", "p95"]
    assert len({tuple(head[1:]) for head in heads}) == 1


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
    dated = run(args=["insights", "throughput", "--as-of", "yesterday"])
    assert dated.exit_code == 1
    assert dated.output.count("an instant like") == 1, dated.output


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
