"""Importing on a real database: the command as it is typed, and what came of it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, text

TABLES = (
    "users", "projects", "issues", "issue_versions", "issue_texts", "comments",
    "search_documents", "labels", "events", "imported_rows",
)  # fmt: skip


def row(**members: Any) -> dict[str, Any]:
    """Return a row of JSON Lines."""
    return {"number": 3, "title": "It breaks", "created_at": "2021-01-01T09:00:00Z"} | members


def change(day: int, field: str, old: Any, new: Any, by: str | None = "ada") -> dict[str, Any]:
    """Return a change at nine on a day of January 2021."""
    return {"at": f"2021-01-0{day}T09:00:00Z", "by": by, "field": field, "from": old, "to": new}


def comment(day: int, body: str, author: str | None = "ada") -> dict[str, Any]:
    """Return a comment of a day of January 2021."""
    return {"author": author, "created_at": f"2021-01-0{day}T09:00:00Z", "body": body}


@dataclass(frozen=True)
class Importing:
    """Writes files, imports them, reads the tables."""

    app: Flask
    engine: Engine
    folder: Path

    def __call__(self, file: Path, kind: str, *options: str, project: str = "WEB") -> Result:
        """Run `flask issues import`, making the project unless the options say otherwise."""
        options = options or ("--create-project",)
        words = ["issues", "import", str(file), "--format", kind, "--project", project, *options]
        return self.app.test_cli_runner().invoke(args=words)

    def flask(self, *words: str) -> Result:
        """Run any other command."""
        return self.app.test_cli_runner().invoke(args=list(words))

    def file(self, name: str, content: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(content)
        return path

    def jsonl(self, *rows: dict[str, Any], name: str = "rows.jsonl") -> Path:
        """Write JSON Lines."""
        return self.file(name, "".join(json.dumps(row) + "\n" for row in rows))

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Read rows; a single column comes as its values."""
        with self.engine.connect() as connection:
            found = connection.execute(text(sql), values).all()
        return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def everything(self) -> dict[str, list[Any]]:
        """Return every row of every table that an import writes to, as text."""
        return {
            table: sorted(self.rows(f"SELECT t::text || t.xmin::text FROM {table} t"))
            for table in TABLES
        }


@pytest.fixture
def importing(app: Flask, clean_database: Engine, tmp_path: Path) -> Importing:
    """Imports into an empty database."""
    return Importing(app, clean_database, tmp_path)


@pytest.fixture(scope="session")
def real_data(repository: Path) -> Callable[[str], Path]:
    """Finds a file of the real data; skips the test where there is none."""
    folder = Path(os.environ.get("ISSUE_INSIGHT_DATA", repository.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"needs the real data: there is no {path}")
        return path

    return find
