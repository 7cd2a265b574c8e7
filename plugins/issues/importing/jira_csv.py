"""Reading what Jira exports as CSV.

Columns are found by name: Summary and Created must be there, with Issue key or Issue id; Status,
Priority, Resolution, Resolved, Updated, Reporter, Assignee, Labels, Comment (several columns of
the last two), Due Date and Description are used where they are. Jira writes its instants without
a time zone: they are taken in the one given.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from plugins.issues.importing.csv_rows import Header, records
from plugins.issues.importing.instants import day, instant
from plugins.issues.importing.reading import Cleaner, read_text
from plugins.issues.importing.records import (
    ImportProblem,
    Parsed,
    Source,
    SourceComment,
    SourceIssue,
    Unreadable,
)

ISSUER = "import:jira"
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-([1-9][0-9]{0,8})", re.ASCII)
_COMMENT = re.compile(r"\s*([^;\n]{6,40});([^;\n]{0,200});(.*)", re.DOTALL)


def read(path: Path, zone: tzinfo) -> Source:
    """Open an export whose instants are in `zone`; raise `Unreadable` for any other file."""
    text = read_text(path)
    found = records(text)
    first = next(found, None)
    if not isinstance(first, tuple):
        raise Unreadable("the file has no header")
    header = Header(first[1])
    for name in ("Summary", "Created"):
        if name not in header:
            raise Unreadable(f"this is no export of Jira's: it has no column {name!r}", first[0])
    if "Issue key" not in header and "Issue id" not in header:
        raise Unreadable(
            "this is no export of Jira's: it has neither 'Issue key' nor 'Issue id'", first[0]
        )
    # Reading all of it first finds a quote that never ends before anything is stored.
    rows = list(found)
    return Source("jira", ISSUER, _rows(header, rows, zone), len(rows), {})


def _rows(
    header: Header, rows: list[tuple[int, list[str]] | ImportProblem], zone: tzinfo
) -> Iterator[Parsed]:
    for row in rows:
        if isinstance(row, ImportProblem):
            yield row
            continue
        try:
            yield _issue(header, row[0], row[1], zone)
        except ImportProblem as problem:
            yield problem


def _issue(header: Header, line: int, cells: list[str], zone: tzinfo) -> SourceIssue:
    cleaner = Cleaner()

    def cell(*names: str) -> str:
        return header.cell(cells, *names).strip()

    key, internal = cell("Issue key"), cell("Issue id")
    if not key and not internal:
        raise ImportProblem("it has neither an issue key nor an issue id", line)
    numbered = _KEY.fullmatch(key) if key else None
    if key and numbered is None:
        raise ImportProblem(f"issue key {key[:40]!r} is not of the form KEY-123", line)
    created = cell("Created")
    if not created:
        raise ImportProblem("Created is empty", line)
    resolved, updated, due = cell("Resolved"), cell("Updated"), cell("Due Date", "Due")
    resolution = cell("Resolution")
    comments = [_comment(text, zone, line, cleaner) for text in header.cells(cells, "Comment")]
    return SourceIssue(
        line=line,
        external_id=(key or internal).upper(),
        number=int(numbered.group(1)) if numbered else None,
        title=cleaner.line("title", cell("Summary")),
        description=cleaner.text("description", header.cell(cells, "Description")),
        status=cell("Status") or "Open",
        severity=cell("Priority") or None,
        resolution=None if resolution.lower() == "unresolved" else resolution or None,
        reporter=cell("Reporter", "Creator") or None,
        assignee=None if cell("Assignee").lower() == "unassigned" else cell("Assignee") or None,
        labels=tuple(label for labels in header.cells(cells, "Labels") for label in labels.split()),
        created_at=instant("Created", created, zone, line),
        updated_at=instant("Updated", updated, zone, line) if updated else None,
        closed_at=instant("Resolved", resolved, zone, line) if resolved else None,
        due_on=day("Due Date", due, line) if due else None,
        comments=tuple(sorted(comments, key=lambda comment: comment.at)),
        notes=cleaner.notes,
    )


def _comment(text: str, zone: tzinfo, line: int, cleaner: Cleaner) -> SourceComment:
    """Read `30/Sep/21 17:20;name;text`, which is how Jira puts a comment into a cell."""
    match = _COMMENT.fullmatch(text)
    if match is None:
        raise ImportProblem("a comment is not of the form 'instant;author;text'", line)
    written, author, body = match.groups()
    return SourceComment(
        author=author.strip() or None,
        at=instant("a comment's instant", written, zone, line),
        body=cleaner.text("comments", body),
    )
