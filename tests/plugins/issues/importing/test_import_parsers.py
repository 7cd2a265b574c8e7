"""The parsers of all four formats, on small files of our own and on whatever hypothesis writes."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plugins.issues.importing import github_archive, jira_csv, table
from plugins.issues.importing.records import ImportProblem, Source, SourceIssue, Unreadable

Read = Callable[[Path], Source]
READERS: dict[str, Read] = {
    "github-archive": lambda path: github_archive.read(path, include_pulls=True),
    "jira-csv": lambda path: jira_csv.read(path, UTC),
    "csv": lambda path: table.read_csv(path, UTC, {}),
    "jsonl": lambda path: table.read_jsonl(path, UTC, {}),
}


def read(tmp_path: Path, form: str, text: str) -> tuple[list[SourceIssue], list[ImportProblem]]:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8", newline="")
    rows = list(READERS[form](path).rows)
    issues = [row for row in rows if isinstance(row, SourceIssue)]
    return issues, [row for row in rows if isinstance(row, ImportProblem)]


def github(**members: Any) -> dict[str, Any]:
    issue = {
        "number": 7,
        "title": "It breaks",
        "body": "Badly.\r\n",
        "state": "CLOSED",
        "author": "ada",
        "assignees": ["grace", "alan"],
        "labels": ["bug"],
        "createdAt": "2020-01-02T03:04:05Z",
        "updatedAt": "2020-02-01T00:00:00Z",
        "closedAt": "2020-02-01T00:00:00Z",
        "comments": [{"author": None, "body": "So it does.", "createdAt": "2020-01-03T00:00:00Z"}],
    }
    return {**issue, **members}


def archive(*issues: Any, pulls: tuple[Any, ...] = ()) -> str:
    return json.dumps({"repo": "a/b", "issues": issues, "pulls": pulls}, indent=1)


# GitHub


def test_an_issue_of_an_archive_keeps_its_number_words_and_instants(tmp_path: Path) -> None:
    [issue], problems = read(tmp_path, "github-archive", archive(github()))
    assert problems == []
    assert (issue.number, issue.external_id, issue.line) == (7, "7", 4)
    assert (issue.title, issue.description) == ("It breaks", "Badly.")
    assert (issue.status, issue.reporter, issue.assignee) == ("closed", "ada", "grace")
    assert issue.labels == ("bug",)
    assert issue.created_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert issue.closed_at == datetime(2020, 2, 1, tzinfo=UTC)
    assert [(c.author, c.body) for c in issue.comments] == [(None, "So it does.")]


def test_people_and_labels_may_be_objects_or_absent(tmp_path: Path) -> None:
    text = archive(
        github(author={"login": "ada"}, labels=[{"name": "bug"}], assignees=None, body=None,
               comments=None, closedAt=None, state="open")
    )  # fmt: skip
    [issue], _ = read(tmp_path, "github-archive", text)
    assert (issue.reporter, issue.labels, issue.assignee) == ("ada", ("bug",), None)
    assert (issue.description, issue.comments, issue.closed_at) == ("", (), None)


def test_pull_requests_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(archive(github(), pulls=(github(number=8), github(number=9))))
    source = github_archive.read(path)
    assert [row.number for row in source.rows if isinstance(row, SourceIssue)] == [7]
    assert source.skipped == {"pull requests": 2}
    assert source.name == "github:a/b"


def test_pull_requests_are_taken_when_asked_for_with_their_reviews(tmp_path: Path) -> None:
    review = {
        "author": "alan",
        "body": "",
        "createdAt": "2020-01-02T04:00:00Z",
        "comments": [{"body": "typo", "createdAt": "2020-01-02T04:00:00Z"}],
    }
    pull = github(number=3, state="MERGED", reviews=[review])
    issues, _ = read(tmp_path, "github-archive", archive(github(), pulls=(pull,)))
    assert [issue.number for issue in issues] == [3, 7]
    assert (issues[0].status, issues[0].resolution) == ("merged", "merged")
    assert [(c.author, c.body) for c in issues[0].comments] == [
        ("alan", "typo"),
        (None, "So it does."),
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"number": None}, "the issue has no number"),
        ({"number": "7"}, "number of the issue is a text, not a whole number"),
        ({"title": None}, "the issue has no title"),
        ({"title": ["x"]}, "title of the issue is an array, not a text"),
        ({"createdAt": None}, "the issue has no createdAt"),
        ({"createdAt": "yesterday"}, "createdAt 'yesterday' is no instant that can be read"),
        ({"labels": "bug"}, "labels of the issue is a text, not an array"),
        ({"labels": [5]}, "labels of the issue is a number, not a name"),
        ({"comments": [None]}, "a comment is null, not an object"),
        ({"comments": [{"body": "x"}]}, "a comment has no createdAt"),
    ],
)
def test_an_issue_of_the_wrong_shape_is_one_problem_with_its_line(
    tmp_path: Path, members: dict[str, Any], reason: str
) -> None:
    issues, [problem] = read(
        tmp_path, "github-archive", archive(github(number=1), github(**members))
    )
    assert [issue.number for issue in issues] == [1]
    assert problem.reason == reason
    assert problem.line is not None
    assert problem.line > 20


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "[]", '{"a": 1}', "{}", "7"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable, match=r"no GitHub archive"):
        read(tmp_path, "github-archive", text)


def test_an_archive_broken_off_is_refused_before_anything_is_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(archive(github(number=1), github())[:-20])
    with pytest.raises(Unreadable, match="broken JSON"):
        github_archive.read(path)


# Jira

JIRA = "Summary,Issue key,Issue id,Status,Priority,Resolution,Created,Resolved,Description"


def test_an_export_of_jira_is_read_with_lines_counted_through_its_descriptions(
    tmp_path: Path,
) -> None:
    text = (
        f"{JIRA}\r\n"
        "First,X-12,901,Resolved,Major,Fixed,30/Sep/21 17:20,01/Oct/21 10:00,"
        '"one\r\ntwo ""2""\n"\r\n'
        "Second,X-13,902,Open,,,30/Sep/21 17:21,,\r\n"
    )
    [first, second], problems = read(tmp_path, "jira-csv", text)
    assert problems == []
    assert (first.line, second.line) == (2, 5)
    assert (first.external_id, first.number) == ("X-12", 12)
    assert first.description == 'one\ntwo "2"'
    assert (first.status, first.severity, first.resolution) == ("Resolved", "Major", "Fixed")
    assert first.closed_at == datetime(2021, 10, 1, 10, tzinfo=UTC)
    assert (second.severity, second.resolution, second.closed_at) == (None, None, None)


def test_without_a_key_the_internal_id_tells_rows_apart_but_is_no_number(tmp_path: Path) -> None:
    text = "Summary,Issue id,Created\nFirst,13404344,30/Sep/21 17:20\n"
    [issue], _ = read(tmp_path, "jira-csv", text)
    assert (issue.external_id, issue.number) == ("13404344", None)


def test_columns_that_jira_repeats_are_read_together(tmp_path: Path) -> None:
    text = (
        "Summary,Issue key,Created,Labels,Labels,Comment,Comment,Due Date,Reporter,Assignee\n"
        'First,X-1,30/Sep/21 17:20,slow,ui,"02/Oct/21 10:00;grace;No; yes.\nReally.",'
        "01/Oct/21 9:00 AM;ada;Why?,05/Oct/21 00:00,ada,Unassigned\n"
    )
    [issue], _ = read(tmp_path, "jira-csv", text)
    assert issue.labels == ("slow", "ui")
    assert [(c.author, c.body) for c in issue.comments] == [
        ("ada", "Why?"),
        ("grace", "No; yes.\nReally."),
    ]
    assert (issue.due_on, issue.reporter, issue.assignee) == (date(2021, 10, 5), "ada", None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,,,Open,,,30/Sep/21 17:20,,", "it has neither an issue key nor an issue id"),
        ("x,X-,1,Open,,,30/Sep/21 17:20,,", "issue key 'X-' is not of the form KEY-123"),
        ("x,X-1,1,Open,,,,,", "Created is empty"),
        ("x,X-1,1,Open,,,30/09/21,,", "Created '30/09/21' is no instant that can be read"),
        ("x,X-1,1,Open", "4 columns, but the header names 9"),
    ],
)
def test_a_row_of_jira_that_cannot_be_read_is_one_problem_with_its_line(
    tmp_path: Path, row: str, reason: str
) -> None:
    good = 'good,X-9,9,Open,,,30/Sep/21 17:20,,"a\nb"'
    issues, [problem] = read(tmp_path, "jira-csv", f"{JIRA}\n{good}\n{row}\n")
    assert [issue.external_id for issue in issues] == ["X-9"]
    assert (problem.line, problem.reason) == (4, reason)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Title,Created\n", "no column 'Summary'"),
        ("Summary,Issue key\n", "no column 'Created'"),
        ("Summary,Created\n", "neither 'Issue key' nor 'Issue id'"),
        ('{"issues": []}', "no column 'Summary'"),
        (f'{JIRA}\nx,X-1,1,,,,30/Sep/21 17:20,,"never\nends\n', "line 2: .*never ends"),
        (f"{JIRA}\nx,X-1,1,,,,30/Sep/21 17:20,,\"a\"b\n", "line 2: broken CSV"),
        (f'{JIRA}\nx,X-1,1,,,,30/Sep/21 17:20,,{"a" * 8_500_000}\n', "line 2: .*longer than"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_of_jira_is_refused(
    tmp_path: Path, text: str, refusal: str
) -> None:
    with pytest.raises(Unreadable, match=refusal):
        read(tmp_path, "jira-csv", text)


# Plain tables


def test_a_csv_table_is_read_by_its_documented_columns(tmp_path: Path) -> None:
    text = (
        "id,key,Title,description,status,severity,resolution,reporter,assignee,labels,"
        "created_at,closed_at,due_on,colour\n"
        'A1,WEB-5,First,"a\nb",done,high,fixed,ada,grace,"ui, slow",2021-01-01,'
        "2021-02-01T10:00:00+01:00,2021-03-01,red\n"
    )
    path = tmp_path / "file"
    path.write_text(text)
    source = table.read_csv(path, UTC, {})
    [issue] = source.rows
    assert isinstance(issue, SourceIssue)
    assert (issue.external_id, issue.number, issue.title) == ("id:A1", 5, "First")
    assert (issue.status, issue.severity, issue.resolution) == ("done", "high", "fixed")
    assert (issue.reporter, issue.assignee, issue.labels) == ("ada", "grace", ("ui", "slow"))
    assert issue.closed_at == datetime(2021, 2, 1, 9, tzinfo=UTC)
    assert issue.due_on == date(2021, 3, 1)
    assert source.skipped == {"column 'colour'": 1}


def test_columns_of_other_names_are_taken_by_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("Betreff,Angelegt\nErstes,2021-01-01\n")
    columns = {"betreff": "title", "angelegt": "created_at"}
    [issue] = table.read_csv(path, UTC, columns).rows
    assert isinstance(issue, SourceIssue)
    assert (issue.title, issue.status) == ("Erstes", "open")


def test_rows_without_an_id_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    text = "title,created_at\nSame,2021-01-01\nSame,2021-01-01\nOther,2021-01-01\n"
    once, _ = read(tmp_path, "csv", text)
    again, _ = read(tmp_path, "csv", text)
    assert len({issue.external_id for issue in once}) == 3
    assert [i.external_id for i in once] == [i.external_id for i in again]


def test_json_lines_tell_comments_and_changes(tmp_path: Path) -> None:
    row = {
        "number": 3,
        "title": "First",
        "status": "open",
        "labels": ["ui"],
        "created_at": "2021-01-01",
        "comments": [{"author": "ada", "created_at": "2021-01-02", "body": "Hm."}],
        "changes": [
            {"at": "2021-01-05", "by": "ada", "field": "status", "from": "done", "to": "open"},
            {"at": "2021-01-03", "field": "status", "from": "open", "to": "done"},
            {"at": "2021-01-04", "field": "labels", "from": [], "to": ["ui"]},
        ],
    }
    [issue], problems = read(tmp_path, "jsonl", json.dumps(row) + "\n")
    assert problems == []
    assert [(c.at.day, c.field, c.old, c.new) for c in issue.changes] == [
        (3, "status", "open", "done"),
        (4, "labels", (), ("ui",)),
        (5, "status", "done", "open"),
    ]
    assert issue.comments[0].body == "Hm."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"title": ', "broken JSON"),
        ('{"title": "x"} 7', "broken JSON: something follows the end"),
        ("[1]", "the row is an array, not an object"),
        ('{"title": "x"}', "created_at is empty"),
        ('{"title": "x", "created_at": 5}', "created_at of the row is a number, not a text"),
        ('{"title": "x", "created_at": "2021-01-01", "number": "x5"}', "is no issue number"),
        (
            '{"title": "x", "created_at": "2021-01-01",'
            ' "changes": [{"at": "2021-01-01", "field": "mood"}]}',
            "a change of 'mood': history is kept of status",
        ),
    ],
)
def test_a_broken_line_is_the_problem_of_that_line_alone(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = '{"title": "good", "created_at": "2021-01-01"}'
    issues, [problem] = read(tmp_path, "jsonl", f"{good}\n\n{line}\n{good}\n")
    assert [issue.line for issue in issues] == [1, 4]
    assert problem.line == 3
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("form", "text", "refusal"),
    [
        ("csv", '{"title": "x"}\n', "looks like JSON"),
        ("csv", "name,created_at\n", "no column 'title'"),
        ("csv", "title,name\n", "no column 'created_at'"),
        ("csv", "title,title,created_at\n", "title more than once"),
        ("jsonl", "title,created_at\n", "no JSON Lines"),
        ("jsonl", "[]", "no JSON Lines"),
    ],
)
def test_a_table_of_the_wrong_format_is_refused(
    tmp_path: Path, form: str, text: str, refusal: str
) -> None:
    with pytest.raises(Unreadable, match=refusal):
        read(tmp_path, form, text)


# Whatever comes

cells = st.text(st.characters(codec="utf-8"), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["number", "title", "state", "createdAt", "closedAt", "author", "assignees", "labels", "body",
     "comments", "reviews", "id", "created_at", "changes", "due_on", "stateReason"]
)  # fmt: skip
objects = st.dictionaries(names, values, max_size=8)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=int(os.environ.get("PROPERTIES", "60")),
)
@given(
    text=cells
    | st.lists(objects).map(lambda found: json.dumps({"issues": found, "pulls": found}))
    | st.lists(objects).map(lambda found: "\n".join(json.dumps(one) for one in found))
    | st.lists(st.lists(cells, min_size=9, max_size=9)).map(
        lambda rows: "\n".join([JIRA, *(",".join(row) for row in rows)])
    )
    | st.lists(st.lists(cells, min_size=3, max_size=3)).map(
        lambda rows: "\n".join(["title,created_at,id", *(",".join(row) for row in rows)])
    )
)
@example(text='{"issues": [{"number": 1, "title": "\\ud800", "state": "open"}]}')
def test_a_parser_raises_nothing_but_an_import_problem(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(text.encode("utf-8"))
    for reader in READERS.values():
        try:
            rows = list(reader(path).rows)
        except ImportProblem:
            continue
        assert all(isinstance(row, SourceIssue | ImportProblem) for row in rows)
