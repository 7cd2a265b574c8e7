"""The same SQL without a server: run by pgbench as prepared statements, and explained.

What an operation reads is taken down while the application answers it here. What it writes names
rows that exist once, so those statements are in `bench/sql/`.
"""

import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from flask import Flask
from sqlalchemy import event

from bench.load import Call
from issue_insight.db import db
from issue_insight.embedded import Postgres
from issue_insight.embedded.postgres import binaries

WRITTEN = {name: Path(__file__).parent / "sql" / f"{name}.sql" for name in ("create", "update")}
ANYWAY = 1_000
"""So many rows more than it returns may a statement read before it is pointed out."""


def taken_down(app: Flask, calls: Sequence[Call], token: str) -> list[list[str]]:
    """Answer the calls here; return the statements of each, with their values in them."""
    client, taken = app.test_client(), []
    statements: list[str] = []

    def take(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append(cursor.mogrify(statement, parameters).decode())

    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", take)
    try:
        for call in calls:
            answer = client.get(call.path, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != 200:
                raise SystemExit(f"error: {call.path}: {answer.status_code} {answer.text}")
            taken.append([one for one in statements if not one.startswith(("EXPLAIN", "SET "))])
            statements.clear()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", take)
    return taken


def write_scripts(directory: Path, name: str, taken: Sequence[Sequence[str]]) -> list[Path]:
    """Write a script for each call; return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    scripts = []
    for number, statements in enumerate(taken):
        script = directory / f"{name}-{number}.sql"
        script.write_text("".join(f"{one.strip()};\n" for one in statements))
        scripts.append(script)
    return scripts


def pgbench(
    postgres: Postgres, scripts: Sequence[Path], *, clients: int, seconds: float, **values: int
) -> float:
    """Run scripts at random for some seconds; return how many a second, `values` being set."""
    command = [
        *(str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2"),
        *("-T", str(max(1, round(seconds))), "-h", str(postgres.socket_dir), "-U", "postgres"),
    ]
    for script in scripts:
        command += ["-f", str(script)]
    for key, value in values.items():
        command += ["-D", f"{key}={value}"]
    done = subprocess.run(  # noqa: S603
        [*command, "issue_insight"], capture_output=True, text=True, check=False
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"error: pgbench: {done.stderr or done.stdout}")
    return float(found[1])


@dataclass(slots=True)
class Explained:
    """What the statements of an operation read and return, the worst call of it."""

    returned: int = 0
    read: int = 0
    milliseconds: float = 0.0
    pages: int = 0
    text: list[str] = field(default_factory=list)

    @property
    def wasteful(self) -> bool:
        """Tell whether far more is read than is returned."""
        return self.read > 10 * self.returned + ANYWAY


def explain(postgres: Postgres, taken: Sequence[Sequence[str]]) -> Explained:
    """Explain every statement, twice, so that what is read is in memory."""
    connection = psycopg2.connect(
        host=str(postgres.socket_dir), user="postgres", dbname="issue_insight"
    )
    connection.autocommit = True
    calls = []
    with connection.cursor() as cursor:
        for statements in taken:
            seen = Explained()
            for statement in statements:
                for _ in range(2):
                    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
                    plan = cursor.fetchone()[0][0]
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}")
                lines = "\n".join(row[0] for row in cursor.fetchall())
                seen.text.append(f"{statement.strip()}\n\n{lines}\n")
                seen.returned += int(plan["Plan"]["Actual Rows"])
                seen.read += _read(plan["Plan"])
                seen.milliseconds += plan["Planning Time"] + plan["Execution Time"]
                seen.pages += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
            calls.append(seen)
    connection.close()
    worst = max(calls, key=lambda seen: seen.read - 10 * seen.returned)
    worst.milliseconds = statistics.median(seen.milliseconds for seen in calls)
    return worst


def _read(plan: dict[str, Any]) -> int:
    """Count the rows that scans of tables and indexes met, also those they left out."""
    rows = sum(_read(below) for below in plan.get("Plans", []))
    if "Scan" in plan["Node Type"] and plan["Node Type"] not in ("Subquery Scan", "CTE Scan"):
        left_out = plan.get("Rows Removed by Filter", 0) + plan.get(
            "Rows Removed by Index Recheck", 0
        )
        rows += round((plan["Actual Rows"] + left_out) * plan["Actual Loops"])
    return rows
