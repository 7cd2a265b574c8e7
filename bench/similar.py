"""Similar issues: how many duplicates are found, and how long it takes.

    python bench/similar.py                 # both, on a PostgreSQL of its own
    SIZE=20000 python bench/similar.py      # with fewer generated issues

Recall: the bugs of Apache Hadoop are imported, and each half of every pair of duplicates is looked
for by the other's title: is it among the first five? Once more with the first words of the
description. It needs `jira/hadoop_bugs.csv` and `jira/hadoop_duplicates.csv` in `../shared/data`,
or in the folder that ISSUE_INSIGHT_DATA names, and is left out without them.

Time: beside those, issues are generated whose words are as unevenly common as those of a language
(Zipf), 100,000 in all. Asked are the titles of every tenth bug and of as many generated ones.
"""

import csv
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from flask import Flask
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from issue_insight import clock
from issue_insight.app import create_app
from issue_insight.auth.principal import Principal
from issue_insight.db import unit_of_work
from issue_insight.embedded import start_postgres
from issue_insight.settings import Settings
from issue_insight.testing import servers
from plugins.issues import policy, similar
from plugins.issues.similar import DESCRIPTION, similar_issues
from plugins.issues.versions import keep_words_of_new

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ISSUE_INSIGHT_DATA", ROOT.parent / "shared" / "data")) / "jira"
SIZE = int(os.environ.get("SIZE", "100000"))
EVERYTHING = Principal(
    None, "Bench", None, "admin", "job", frozenset(p.name for p in policy.PERMISSIONS)
)
console = Console()


def application(url: str, folder: Path) -> Flask:
    """Return the application on a database of its own, whatever the environment says."""
    return create_app(
        Settings(
            _env_file=None,
            environment="development",
            local_sign_in=True,
            database_url=url,
            data_dir=folder,
            secret_key=SecretStr("only for the benchmark"),
        )
    )


def import_bugs(app: Flask) -> None:
    """Import the bugs of Hadoop into a project HADOOP."""
    words = ["issues", "import", str(DATA / "hadoop_bugs.csv"), "--format", "jira-csv"]
    done = app.test_cli_runner().invoke(args=[*words, "--project", "HADOOP", "--create-project"])
    if done.exit_code:
        raise SystemExit(done.output)


def recall(session: Session) -> Iterator[tuple[str, int, int]]:
    """Yield, with and without descriptions: how it was asked, how many were found, of how many."""
    ids = {
        row.external_id: row.issue_id
        for row in session.execute(text("SELECT external_id, issue_id FROM imported_rows"))
    }
    issues = {
        row.id: row
        for row in session.execute(
            text(
                "SELECT i.id, i.title, t.description, p.key || '-' || i.number AS key "
                "FROM issues i JOIN issue_texts t ON t.issue_id = i.id "
                "JOIN projects p ON p.id = i.project_id"
            )
        )
    }
    with (DATA / "hadoop_duplicates.csv").open(newline="") as file:
        pairs = [(ids.get(one), ids.get(other)) for one, other in list(csv.reader(file))[1:]]
    known = [(issues[a], issues[b]) for a, b in pairs if a and b]
    for how, length in (("title", 0), (f"title and {DESCRIPTION} characters", DESCRIPTION)):
        found = 0
        for one, other in [*known, *[(b, a) for a, b in known]]:
            answer = similar_issues(
                session, EVERYTHING, one.title, description=one.description[:length], limit=6
            )
            # The issue itself is there already, and is no duplicate of itself.
            keys = [item["key"] for item in answer["items"] if item["key"] != one.key][:5]
            found += other.key in keys
        yield how, found, 2 * len(known)


def generate(session: Session, count: int) -> None:
    """Add issues of made-up words, the n-th as common as 1/n."""
    random.seed(1)
    letters = "abcdefghiklmnoprstuvz"
    vocabulary = [
        "".join(random.choices(letters, k=random.randint(3, 10)))  # noqa: S311
        for _ in range(40_000)
    ]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))

    def sentence(least: int, most: int) -> str:
        length = random.randint(least, most)  # noqa: S311
        return " ".join(random.choices(vocabulary, cum_weights=weights, k=length))  # noqa: S311

    now = clock.now()
    project = session.scalar(
        text(
            "INSERT INTO projects (key, name, created_at) VALUES ('ZIPF', 'Zipf', :now) "
            "RETURNING id"
        ),
        {"now": now},
    )
    user = session.scalar(
        text("INSERT INTO users (issuer, subject, name) VALUES ('bench', '1', 'Ben') RETURNING id")
    )
    for start in range(0, count, 5_000):
        rows = [
            {"number": n, "title": sentence(3, 12), "description": sentence(10, 150)}
            for n in range(start + 1, min(start + 5_000, count) + 1)
        ]
        made = session.execute(
            text(
                "WITH made AS (INSERT INTO issues (project_id, number, title, status, reporter_id, "
                "version, created_at, updated_at) SELECT :project, n, title, 'open', :user, 1, "
                ":now, :now FROM unnest(cast(:numbers AS int[]), cast(:titles AS text[])) "
                "AS t (n, title) RETURNING id, number), texts AS (INSERT INTO issue_texts "
                "SELECT made.id, t.description FROM made JOIN unnest(cast(:numbers AS int[]), "
                "cast(:descriptions AS text[])) AS t (n, description) ON n = number) "
                "SELECT id FROM made"
            ),
            {
                "project": project,
                "user": user,
                "now": now,
                "numbers": [row["number"] for row in rows],
                "titles": [row["title"] for row in rows],
                "descriptions": [row["description"] for row in rows],
            },
        )
        keep_words_of_new(session, list(made.scalars()))
        session.commit()


def timed(session: Session, titles: list[str]) -> list[float]:
    """Return how long each took, in milliseconds, the shortest first; warm."""
    times = []
    for title in titles:
        begun = time.perf_counter()
        similar_issues(session, EVERYTHING, title)
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def titles_of(session: Session, project: str, count: int) -> list[str]:
    """Return titles spread over a project."""
    rows = session.scalars(
        text(
            "SELECT i.title FROM issues i JOIN projects p ON p.id = i.project_id "
            "WHERE p.key = :project ORDER BY hashint8(i.id), i.id LIMIT :count"
        ),
        {"project": project, "count": count},
    )
    return list(rows)


def measure(app: Flask) -> None:
    """Print both tables. Nothing is given up here: what takes long shows as a time."""
    similar.PATIENCE_MS = 60_000
    real = (DATA / "hadoop_bugs.csv").exists() and (DATA / "hadoop_duplicates.csv").exists()
    if real:
        import_bugs(app)
        with app.app_context(), unit_of_work() as session:
            session.execute(text("ANALYZE"))
            table = Table(
                "asked by", "found", "of", "recall@5", title="Duplicates in Apache Hadoop"
            )
            for how, found, of in recall(session):
                table.add_row(how, str(found), str(of), f"{found / of:.3f}")
        console.print(table)
    else:
        console.print(f"recall is not measured: there is no {DATA / 'hadoop_bugs.csv'}")
    with app.app_context(), unit_of_work() as session:
        had = session.execute(text("SELECT count(*) FROM issues")).scalar_one()
        generate(session, SIZE - had)
        session.execute(text("ANALYZE"))
        table = Table("titles", "asked", "p50 ms", "p99 ms", "max ms", title=f"{SIZE:,} issues")
        for project in ("HADOOP", "ZIPF") if real else ("ZIPF",):
            titles = titles_of(session, project, 250)
            timed(session, titles[:50])
            times = timed(session, titles)
            table.add_row(
                project,
                str(len(times)),
                f"{statistics.median(times):.1f}",
                f"{times[int(len(times) * 0.99)]:.1f}",
                f"{times[-1]:.1f}",
            )
    console.print(table)


def main() -> None:
    """Start a PostgreSQL of its own, measure, and remove it."""
    with tempfile.TemporaryDirectory(prefix="issue-insight-similar-") as folder:
        Path(folder).chmod(0o755)
        postgres = start_postgres(Path(folder), durable=False)
        try:
            postgres.create_database("similar")
            servers.bring_up_to_date(postgres.url("similar"))
            measure(application(postgres.url("similar"), Path(folder) / "data"))
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
