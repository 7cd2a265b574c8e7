"""From a file to the database: what is stored, with its instants, and what is left out whole."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.testing.tokens import sign_in
from tests.plugins.issues.importing.conftest import Importing, change, comment, row

CREATED, TALKED, CLOSED, REOPENED = (datetime(2021, 1, day, 9, tzinfo=UTC) for day in (1, 2, 3, 5))


REOPENED_ROW = row(
    reporter="bea",
    labels=["ui"],
    comments=[comment(2, "Here **too**.")],
    changes=[change(3, "status", "open", "done"), change(5, "status", "done", "open")],
)


def test_the_event_log_tells_the_history_at_its_own_instants(importing: Importing) -> None:
    assert importing(importing.jsonl(REOPENED_ROW), "jsonl").exit_code == 0
    assert importing.rows(
        "SELECT e.at, u.subject, kind, field, old #>> '{}', new #>> '{}' FROM events e"
        " LEFT JOIN users u ON u.id = actor_id"
        " WHERE e.subject = 'issue' AND kind = 'changed' ORDER BY e.id"
    ) == [
        (CLOSED, "ada", "changed", "status", "open", "done"),
        (CLOSED, "ada", "changed", "resolution", None, "fixed"),
        (REOPENED, "ada", "changed", "status", "done", "open"),
        (REOPENED, "ada", "changed", "resolution", "fixed", None),
    ]
    assert importing.rows(
        "SELECT at, kind, actor_kind, new ->> 'title', new ->> 'body' FROM events"
        " WHERE subject = 'issue' AND kind IN ('created', 'commented') ORDER BY id"
    ) == [
        (CREATED, "created", "import", "It breaks", None),
        (TALKED, "commented", "import", None, "Here **too**."),
    ]


def test_what_happened_at_once_is_one_change_set(importing: Importing) -> None:
    importing(importing.jsonl(REOPENED_ROW), "jsonl")
    sizes = "SELECT count(*) FROM events WHERE kind = 'changed' GROUP BY change_set"
    assert importing.rows(sizes) == [2, 2]


def test_versions_follow_each_other_without_a_gap_and_end_in_the_issue(
    importing: Importing,
) -> None:
    importing(importing.jsonl(REOPENED_ROW), "jsonl")
    assert importing.rows(
        "SELECT valid_from, valid_to::text, status, closed_at, version, updated_at"
        " FROM issue_versions ORDER BY valid_from"
    ) == [
        (CREATED, "2021-01-02 09:00:00+00", "open", None, 1, CREATED),
        (TALKED, "2021-01-03 09:00:00+00", "open", None, 1, TALKED),
        (CLOSED, "2021-01-05 09:00:00+00", "done", CLOSED, 2, CLOSED),
        (REOPENED, "infinity", "open", None, 3, REOPENED),
    ]
    (now,) = importing.rows("SELECT to_jsonb(i) FROM issues i")
    (last,) = importing.rows(
        "SELECT to_jsonb(v) - 'valid_from' - 'valid_to' FROM issue_versions v"
        " WHERE valid_to = 'infinity'"
    )
    assert now == last


def test_an_issue_can_be_seen_as_it_was(importing: Importing) -> None:
    importing(importing.jsonl(REOPENED_ROW), "jsonl")
    client = importing.app.test_client()
    headers = sign_in(client, "admin").headers

    def status(day: str) -> str:
        answer = client.get(f"/api/v1/issues/WEB-3?as_of={day}", headers=headers)
        return str(answer.json["status"] if answer.status_code == 200 else answer.status_code)  # type: ignore[index]

    days = ("2020-12-31", "2021-01-02", "2021-01-04", "2021-01-06")
    assert [status(day) for day in days] == ["404", "open", "done", "open"]


def test_comments_keep_author_and_instant_and_can_be_found(importing: Importing) -> None:
    importing(importing.jsonl(REOPENED_ROW), "jsonl")
    assert importing.rows(
        "SELECT c.created_at, u.subject, u.issuer, body FROM comments c"
        " JOIN users u ON u.id = author_id"
    ) == [(TALKED, "ada", "import:table", "Here **too**.")]
    assert "WEB-3" in importing.flask("issues", "list", "breaks").output
    assert "WEB-3" in importing.flask("issues", "list", "too").output


def test_an_update_that_nothing_else_tells_of_is_when_the_issue_was_last_updated(
    importing: Importing,
) -> None:
    importing(importing.jsonl(row(updated_at="2021-01-05T09:00:00Z")), "jsonl")
    assert importing.rows("SELECT updated_at, version FROM issues") == [(REOPENED, 1)]
    assert importing.rows(
        "SELECT valid_from, updated_at FROM issue_versions ORDER BY valid_from"
    ) == [(CREATED, CREATED), (REOPENED, REOPENED)]


def test_whoever_a_file_leaves_unnamed_is_one_placeholder(importing: Importing) -> None:
    importing(importing.jsonl(row(comments=[comment(2, "Who said this?", None)])), "jsonl")
    assert importing.rows("SELECT subject, role FROM users") == [("(unknown)", "reporter")]


def test_nobody_is_made_who_has_no_part_in_it(importing: Importing) -> None:
    importing(importing.jsonl(row(reporter="bea")), "jsonl")
    assert importing.rows("SELECT subject FROM users") == ["bea"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "jira-csv", "github-archive"])
def test_every_format_comes_to_the_same_issue(importing: Importing, kind: str) -> None:
    content = {
        "csv": "key,title,status,reporter,created_at,closed_at,due_on\n"
        "WEB-7,It breaks,closed,ada,2021-01-01T09:00:00Z,2021-01-03T09:00:00Z,2021-01-04\n",
        "jsonl": '{"number": 7, "title": "It breaks", "status": "Closed", "reporter": "ada",'
        ' "created_at": "2021-01-01T09:00:00Z", "closed_at": "2021-01-03T09:00:00Z",'
        ' "due_on": "2021-01-04"}\n',
        "jira-csv": "Issue key,Summary,Status,Reporter,Created,Resolved,Due Date\n"
        "WEB-7,It breaks,Closed,ada,01/Jan/21 9:00 AM,03/Jan/21 09:00,04/Jan/21\n",
        "github-archive": '{"repo": "a/b", "issues": [{"number": 7, "title": "It breaks",'
        ' "state": "CLOSED", "author": "ada", "createdAt": "2021-01-01T09:00:00Z",'
        ' "closedAt": "2021-01-03T09:00:00Z", "labels": [], "assignees": [], "comments": []}],'
        ' "pulls": [{"number": 8}]}',
    }
    result = importing(importing.file("file", content[kind]), kind)
    assert result.exit_code == 0, result.output
    due = None if kind == "github-archive" else date(2021, 1, 4)
    assert importing.rows(
        "SELECT number, title, status, resolution, u.subject, i.created_at, closed_at, due_date"
        " FROM issues i JOIN users u ON u.id = reporter_id"
    ) == [(7, "It breaks", "done", "fixed", "ada", CREATED, CLOSED, due)]
    if kind == "github-archive":
        assert "skipped   pull requests: 1" in result.output


def test_a_row_that_cannot_be_mapped_is_named_by_its_line_and_nothing_of_it_is_stored(
    importing: Importing,
) -> None:
    file = importing.jsonl(
        row(),
        row(
            number=4,
            status="limbo",
            reporter="only here",
            labels=["only-here"],
            comments=[comment(2, "lost")],
        ),
        row(number=5, title=""),
        row(number=3, title="The same number again"),
    )
    result = importing(file, "jsonl")
    assert result.exit_code == 3
    assert "line 2: status 'limbo' is not known" in result.stderr
    assert "line 3: the title is empty" in result.stderr
    assert "line 4: it has the same id as the row on line 1" in result.stderr
    assert "1 made, 0 changed, 0 as they were, 3 left out" in result.stdout
    assert importing.rows("SELECT number FROM issues") == [3]
    for table in ("comments", "labels"):
        assert importing.rows(f"SELECT * FROM {table}") == []
    assert "only here" not in importing.rows("SELECT subject FROM users")


def test_numbers_stay_where_they_are_free_and_others_follow_in_order_of_creation(
    importing: Importing,
) -> None:
    importing(importing.jsonl(row(id="first", number=2)), "jsonl")
    file = importing.jsonl(
        {"title": "younger", "created_at": "2021-03-01T00:00:00Z"},
        {"title": "older", "created_at": "2021-02-01T00:00:00Z"},
        row(id="second", number=2, title="taken", created_at="2021-02-02T00:00:00Z"),
        row(id="third", number=9, title="free"),
    )
    result = importing(file, "jsonl", "--project-name", "Web")
    assert "number 2 is taken: another one" in result.stdout
    assert importing.rows("SELECT number, title FROM issues ORDER BY number") == [
        (2, "It breaks"),
        (9, "free"),
        (10, "older"),
        (11, "taken"),
        (12, "younger"),
    ]
    assert importing.rows("SELECT next_number FROM projects") == [13]


def test_a_mapping_file_says_what_words_mean_and_who_people_are(
    importing: Importing, session: Session
) -> None:
    client = importing.app.test_client()
    sign_in(client, "reporter", email="ada@example.org")
    mapping = importing.file(
        "mapping.toml",
        '[status]\nLimbo = "triaged"\n[severity]\nBurning = "critical"\n'
        '[resolution]\nMoot = "invalid"\n[users]\nada = "Ada@Example.org"\n',
    )
    file = importing.jsonl(
        row(status="limbo", severity="burning", reporter="ada", assignee="bea"),
        row(number=4, status="done", resolution="moot", closed_at="2021-01-03T09:00:00Z"),
    )
    result = importing(file, "jsonl", "--create-project", "--mapping", str(mapping))
    assert result.exit_code == 0, result.output
    assert importing.rows("SELECT status, severity, resolution FROM issues ORDER BY number") == [
        ("triaged", "critical", None),
        ("done", None, "invalid"),
    ]
    reporter = importing.rows("SELECT reporter_id FROM issues WHERE number = 3")
    assert session.get_one(User, reporter[0]).email == "ada@example.org"
    placeholders = importing.rows("SELECT subject FROM users WHERE issuer = 'import:table'")
    assert sorted(placeholders) == ["(unknown)", "bea"]


def test_an_address_that_nobody_here_has_stops_the_import_before_anything_is_stored(
    importing: Importing,
) -> None:
    mapping = importing.file("mapping.toml", '[users]\nada = "nobody@example.org"\n')
    before = importing.everything()
    result = importing(
        importing.jsonl(row(reporter="ada")),
        "jsonl",
        *("--create-project", "--mapping", str(mapping)),
    )
    assert result.exit_code == 1
    assert "nobody with the address 'nobody@example.org'" in result.stderr
    assert result.stderr.rstrip().endswith("Nothing was stored.")
    assert importing.everything() == before


def test_a_number_that_no_issue_can_have_is_refused(importing: Importing) -> None:
    archive = importing.file(
        "archive.json",
        '{"issues": [{"number": 99999999999999999999, "title": "Far", "state": "OPEN",'
        ' "createdAt": "2021-01-01T09:00:00Z"}]}',
    )
    result = importing(archive, "github-archive")
    assert result.exit_code == 3
    assert "is no number that an issue can have" in result.stderr


def test_a_text_longer_than_search_can_hold_is_stored_whole(importing: Importing) -> None:
    words = " ".join(f"word{n}" for n in range(95_000))
    file = importing.jsonl(row(description=words, comments=[comment(2, words)]))
    assert importing(file, "jsonl").exit_code == 0
    assert importing.rows("SELECT length(description) FROM issue_texts") == [len(words)]
    assert "1 of 1" in importing.flask("issues", "list", "word77").output


def test_labels_are_such_as_a_filter_can_name(importing: Importing) -> None:
    importing(importing.jsonl(row(labels=['Good "first", issue', "UI"])), "jsonl")
    assert importing.rows("SELECT labels FROM issues") == [["good first issue", "ui"]]
    assert "1 of 1" in importing.flask("issues", "list", "label:UI").output
