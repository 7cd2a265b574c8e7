"""Exports: the same issues as the list, each cell as it was written, in parts that stay small."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event

from issue_insight.cells import guarded, unguarded
from issue_insight.db import db
from plugins.issues import exporting
from tests.plugins.issues.conftest import Caller, moment

TRICKY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''quoted'", "'tis", "a,b;c", 'say "hi"', "🦄 ünï",
    "- a list\n- of \"two\"\r\n\r\nand, more", "\t=tab", "plain",
]  # fmt: skip


def rows(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    """Return what both formats hold; they agree."""
    answer = caller.get("/issues/export", format="jsonl", **query)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/x-ndjson"
    found = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    table = caller.get("/issues/export", **query)
    assert table.mimetype == "text/csv"
    cells = list(csv.DictReader(io.StringIO(table.get_data(as_text=True), newline="")))
    assert [row["key"] for row in cells] == [row["key"] for row in found]
    for row, said in zip(cells, found, strict=True):
        assert unguarded(row["description"]) == said["description"]
        assert row["due_on"] == (said["due_on"] or "")
        assert row["labels"] == ",".join(said["labels"])
        assert row["created_at"] == said["created_at"]
    return found


@pytest.mark.parametrize("text", [*TRICKY, "", "'", "'a"])
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    assert guarded(text)[:1] not in ("=", "+", "-", "@", "\t", "\r") or not text
    assert unguarded(guarded(text)) == text


def test_an_export_has_what_the_list_has(
    admin: Caller, reporter: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 3)
    admin.project("WEB", "own")
    admin.project("LIB", "all")
    with moment("2026-01-01 12:00"):
        for place, text in enumerate(TRICKY):
            caller, project = (admin, "WEB") if place % 2 else (reporter, "LIB")
            labels = {"labels": ["a", "b"][: place % 3]} if caller is admin else {}
            secret = place % 5 == 0
            caller.report(f"t {text}", project, description=text, confidential=secret, **labels)
    with moment("2026-01-03 12:00"):
        admin.report("Later", "LIB", due_date="2026-02-01")
    for caller in (admin, reporter):
        for q in ("", "project:LIB", "label:b", "is:confidential", "unicorn", "quoted", "-label:a"):
            for as_of in ({}, {"as_of": "2026-01-02"}, {"as_of": "2025-12-31"}):
                listed = caller.got("/issues", q=q, limit=200, **as_of)
                found = rows(caller, q=q, **as_of)
                assert len(found) == listed["total"], (q, as_of)
                assert {row["key"] for row in found} == {one["key"] for one in listed["items"]}
    assert {row["description"] for row in rows(admin)} >= set(TRICKY[1::2])
    assert not any(row["key"].startswith("WEB") for row in rows(reporter))


def test_a_part_holds_one_chunk_and_no_connection_waits(
    app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 2)
    admin.project()
    for number in range(5):
        admin.report(f"Issue {number}")
    out = [0]
    with app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", lambda *_: out.append(out[-1] + 1))
    event.listen(engine, "checkin", lambda *_: out.append(out[-1] - 1))
    answer = admin.client.get("/api/v1/issues/export?format=jsonl", buffered=False)
    parts = iter(answer.response)
    sizes = []
    read = len(out)
    for part in parts:
        assert out[-1] == 0
        sizes.append(part.count(b"\n"))
    assert sizes == [2, 2, 1]
    assert len(out) > read

    # Somebody who goes away is not read for any more.
    answer = admin.client.get("/api/v1/issues/export?format=jsonl", buffered=False)
    next(iter(answer.response))
    read = len(out)
    answer.close()
    assert (out[-1], len(out)) == (0, read)


def test_what_is_refused_is_refused_before_the_first_byte(admin: Caller) -> None:
    for query in ({"q": "status:"}, {"as_of": "soon"}, {"format": "xlsx"}, {"limit": "1"}):
        answer = admin.get("/issues/export", **query)
        assert answer.status_code == 422, query
        assert answer.mimetype == "application/problem+json"


def test_it_is_saved_under_a_name_and_nowhere_kept(admin: Caller) -> None:
    admin.project()
    answer = admin.get("/issues/export", as_of="2026-01-31")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="issues-2026-01-31.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.get_data(as_text=True) == ",".join(exporting.COLUMNS) + "\r\n"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_project_can_be_imported_elsewhere(
    app: Flask, admin: Caller, tmp_path: Path, kind: str
) -> None:
    admin.project("WEB")
    for text in TRICKY:
        admin.report(f"t {text.strip()}"[:80].replace("\n", " ").replace("\r", ""),
                     description=text, due_date="2026-02-01", labels=["x", "ü"])  # fmt: skip

    def run(*args: str) -> Result:
        return app.test_cli_runner().invoke(args=["issues", *args])

    path = tmp_path / f"web.{kind}"
    out = run("export", "--q", "project:WEB", "--format", kind, "-o", str(path))
    assert out.exit_code == 0, out.output
    back = run("import", str(path), "--format", kind, "--project", "NEW", "--create-project")
    assert back.exit_code == 0, back.output
    before, after = rows(admin, q="project:WEB"), rows(admin, q="project:NEW")
    for old, new in zip(before, after, strict=True):
        for name in ("title", "description", "status", "labels", "created_at", "due_on"):
            assert new[name] == old[name], name


def test_the_command_leaves_a_file_alone_when_the_filter_is_wrong(
    app: Flask, tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    out = app.test_cli_runner().invoke(args=["issues", "export", "--q", "status:", "-o", str(path)])
    assert out.exit_code == 1
    assert "The filter cannot be read" in out.output
    assert path.read_text() == "mine"
