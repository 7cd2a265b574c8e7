"""Two real projects' histories in one instance, held to a recount of the raw files.

The recount reads the files with nothing but `json` and `csv`, so that it shares no mistake with the
import. What is open, triaged or in progress before it is done, neither file tells: it counts as
open.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issue_insight.testing.tokens import sign_in
from tests.plugins.issues.importing.conftest import Importing

DAY = "2020-01-01"
END_OF_DAY = datetime(2020, 1, 2, tzinfo=UTC)
GITHUB = "github/mlswg-mls-protocol.archive.json"
JIRA = "jira/hadoop_bugs.csv"


@dataclass(frozen=True)
class Raw:
    """An issue as the file has it."""

    created: datetime
    closed: datetime | None
    status: str

    def on(self, instant: datetime) -> str | None:
        """Return the status just before an instant, None before the issue was made."""
        if self.created >= instant:
            return None
        if self.closed is None:
            return self.status
        return "done" if self.closed < instant else "open"


def github(path: Path) -> Iterator[Raw]:
    for issue in json.loads(path.read_text())["issues"]:
        closed = issue["closedAt"]
        yield Raw(
            datetime.fromisoformat(issue["createdAt"]),
            datetime.fromisoformat(closed) if closed else None,
            "open",
        )


def jira(path: Path) -> Iterator[Raw]:
    names = {"Open": "open", "Reopened": "open", "Resolved": "done"}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            instants = [
                datetime.strptime(text, "%d/%b/%y %H:%M").replace(tzinfo=UTC) if text else None
                for text in (row["Created"], row["Resolved"])
            ]
            assert instants[0] is not None
            yield Raw(instants[0], instants[1], names.get(row["Status"], "in_progress"))


@pytest.fixture
def both(importing: Importing, real_data: Callable[[str], Path]) -> dict[str, list[Raw]]:
    """Both files imported; what the raw files say, by project."""
    files = {
        "MLS": (real_data(GITHUB), "github-archive"),
        "HADOOP": (real_data(JIRA), "jira-csv"),
    }
    for project, (path, kind) in files.items():
        result = importing(path, kind, project=project)
        assert result.exit_code == 0, result.output
    return {"MLS": list(github(files["MLS"][0])), "HADOOP": list(jira(files["HADOOP"][0]))}


def test_both_projects_are_what_a_recount_of_the_raw_files_says(
    importing: Importing, both: dict[str, list[Raw]]
) -> None:
    client = importing.app.test_client()
    headers = sign_in(client, "admin").headers
    counted = importing.flask("stats", "aggregate")
    assert counted.exit_code == 0, counted.output

    def get(path: str, **query: str) -> Any:
        answer = client.get(f"/api/v1/{path}", query_string=query, headers=headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    for project, issues in both.items():
        now = get("stats/now", q=f"project:{project}")
        assert now["total"] == len(issues)

        expected = Counter(status for issue in issues if (status := issue.on(END_OF_DAY)))
        then = get("stats/now", q=f"project:{project}", as_of=DAY)
        assert Counter(then["by_status"]) == expected
        (daily,) = get("stats/daily", project=project, **{"from": DAY, "to": DAY})["items"]
        assert Counter(daily["by_status"]) == expected
        assert get("issues", q=f"project:{project}", as_of=DAY)["total"] == expected.total()

        years = Counter(issue.closed.year for issue in issues if issue.closed)
        assert years
        for year, closed in sorted(years.items()):
            q = f"project:{project} status:done closed:>={year}-01-01 closed:<{year + 1}-01-01"
            assert get("issues", q=q)["total"] == closed, (project, year)

    verified = importing.flask("stats", "verify")
    assert verified.exit_code == 0, verified.output


def test_a_second_run_of_both_changes_not_a_row(
    importing: Importing, both: dict[str, list[Raw]], real_data: Callable[[str], Path]
) -> None:
    assert both
    before = importing.everything()
    for name, kind, project in (
        (GITHUB, "github-archive", "MLS"),
        (JIRA, "jira-csv", "HADOOP"),
    ):
        assert "0 made, 0 changed" in importing(real_data(name), kind, project=project).stdout
    assert importing.everything() == before
