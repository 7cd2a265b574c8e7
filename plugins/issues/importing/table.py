"""Reading plain tables: CSV with a header, or JSON Lines (one object a line).

The columns (members) are the same: `id`, `number`, `key`, `title`, `description`, `status`,
`severity`, `resolution`, `reporter`, `assignee`, `labels`, `created_at`, `updated_at`,
`closed_at`, `due_on`. `title` and `created_at` must be there. JSON Lines can also tell a history:
`comments` of {author, created_at, body} and `changes` of {at, by, field, from, to}.
docs/import.md explains each.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any

from issue_insight.cells import unguarded
from plugins.issues.importing.csv_rows import Header, records
from plugins.issues.importing.instants import day, instant
from plugins.issues.importing.json_walk import value_of
from plugins.issues.importing.reading import Cleaner, read_text
from plugins.issues.importing.records import (
    FIELDS,
    Field,
    ImportProblem,
    Parsed,
    Source,
    SourceChange,
    SourceComment,
    SourceIssue,
    Unreadable,
    Value,
)
from plugins.issues.importing.shape import Shape

ISSUER = "import:table"
COLUMNS = (
    "id", "number", "key", "title", "description", "status", "severity", "resolution", "reporter",
    "assignee", "labels", "created_at", "updated_at", "closed_at", "due_on",
)  # fmt: skip
HISTORY = ("comments", "changes")
_KEY = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]*-)?([1-9][0-9]{0,8})", re.ASCII)


def read_csv(path: Path, zone: tzinfo, columns: Mapping[str, str]) -> Source:
    """Open a CSV file; `columns` says which of our columns a column of another name is.

    Instants without an offset are taken in `zone`. Raises `Unreadable`.
    """
    text = read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        raise Unreadable("this looks like JSON, not CSV", 1)
    found = records(text)
    first = next(found, None)
    if not isinstance(first, tuple):
        raise Unreadable("the file has no header")
    header = Header([_renamed(name, columns) for name in first[1]])
    for name in ("title", "created_at"):
        if name not in header:
            raise Unreadable(f"the header has no column {name!r}", first[0])
    if twice := [name for name in header.repeated() if name in COLUMNS]:
        raise Unreadable(f"the header names {', '.join(sorted(twice))} more than once", first[0])
    rows = list(found)
    skipped = {f"column {name!r}": len(rows) for name in header.names() if name not in COLUMNS}
    return Source("table", ISSUER, _csv_rows(header, rows, zone), len(rows), skipped)


def read_jsonl(path: Path, zone: tzinfo, columns: Mapping[str, str]) -> Source:
    """Open a JSON Lines file; `columns` and `zone` as for CSV. A broken line is one row's fault."""
    text = read_text(path)
    # Not splitlines(), which would also split at U+2028 within a text.
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines[0][1].lstrip().startswith("{"):
        raise Unreadable("this is no JSON Lines: every line holds one JSON object", lines[0][0])
    skipped: dict[str, int] = {}
    return Source("table", ISSUER, _json_rows(lines, zone, columns, skipped), len(lines), skipped)


def _renamed(name: str, columns: Mapping[str, str]) -> str:
    name = name.strip()
    return columns.get(name.lower(), name)


def _csv_rows(
    header: Header, rows: list[tuple[int, list[str]] | ImportProblem], zone: tzinfo
) -> Iterator[Parsed]:
    taken: dict[str, int] = {}
    for row in rows:
        if isinstance(row, ImportProblem):
            yield row
            continue
        line, cells = row
        members: dict[str, Any] = {
            name: unguarded(header.cell(cells, name) or "") or None
            for name in COLUMNS
            if name in header
        }
        try:
            yield _issue(Shape(members, "the row", line), zone, "\x1f".join(cells), taken)
        except ImportProblem as problem:
            yield problem


def _json_rows(
    lines: list[tuple[int, str]],
    zone: tzinfo,
    columns: Mapping[str, str],
    skipped: dict[str, int],
) -> Iterator[Parsed]:
    taken: dict[str, int] = {}
    for line, text in lines:
        try:
            value = value_of(text, line)
            if isinstance(value, dict):
                value = {_renamed(name, columns): member for name, member in value.items()}
            shape = Shape(value, "the row", line)
            for name in shape.names() - {*COLUMNS, *HISTORY}:
                skipped[f"column {name!r}"] = skipped.get(f"column {name!r}", 0) + 1
            yield _issue(shape, zone, text, taken)
        except ImportProblem as problem:
            yield problem


def _issue(shape: Shape, zone: tzinfo, whole: str, taken: dict[str, int]) -> SourceIssue:
    line = shape.line
    cleaner = Cleaner()

    def at(name: str) -> Any:
        text = shape.text_or_none(name)
        return instant(name, text, zone, line) if text and text.strip() else None

    created = at("created_at")
    if created is None:
        raise ImportProblem("created_at is empty", line)
    number = _number(shape)
    due = shape.text_or_none("due_on")
    return SourceIssue(
        line=line,
        external_id=_external_id(shape, number, whole, taken),
        number=number,
        title=cleaner.line("title", shape.text_or_none("title") or ""),
        description=cleaner.text("description", shape.text_or_none("description") or ""),
        status=(shape.text_or_none("status") or "open").strip(),
        severity=_word(shape.text_or_none("severity")),
        resolution=_word(shape.text_or_none("resolution")),
        reporter=_word(shape.name_or_none("reporter")),
        assignee=_word(shape.name_or_none("assignee")),
        labels=_labels(shape, "labels"),
        created_at=created,
        updated_at=at("updated_at"),
        closed_at=at("closed_at"),
        due_on=day("due_on", due, line) if due and due.strip() else None,
        comments=_comments(shape, zone, cleaner),
        changes=_changes(shape, zone),
        notes=cleaner.notes,
    )


def _word(text: str | None) -> str | None:
    return text.strip() or None if text is not None else None


def _number(shape: Shape) -> int | None:
    for name in ("number", "key"):
        value = shape.raw(name)
        if value is None:
            continue
        match = _KEY.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
        if match is None or isinstance(value, bool):
            raise ImportProblem(f"{name} {str(value)[:40]!r} is no issue number", shape.line)
        return int(match.group(1))
    return None


def _external_id(shape: Shape, number: int | None, whole: str, taken: dict[str, int]) -> str:
    """Return what tells this row from all others, at every run.

    That is its id, or its number; failing both, a digest of all it says, with a count for rows
    that say exactly the same.
    """
    value = shape.raw("id")
    if isinstance(value, str) and value.strip():
        return f"id:{value.strip()[:200]}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"id:{value}"
    if number is not None:
        return f"number:{number}"
    digest = sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    taken[digest] = taken.get(digest, 0) + 1
    return f"row:{digest}:{taken[digest]}"


def _labels(shape: Shape, name: str) -> tuple[str, ...]:
    value = shape.raw(name)
    if isinstance(value, str):
        return tuple(label.strip() for label in value.split(",") if label.strip())
    return shape.called(name)


def _side(change: Shape, side: str, field: Field) -> Value:
    return _labels(change, side) if field == "labels" else _word(change.name_or_none(side))


def _comments(shape: Shape, zone: tzinfo, cleaner: Cleaner) -> tuple[SourceComment, ...]:
    found = [
        SourceComment(
            author=_word(comment.name_or_none("author")),
            at=instant("created_at of a comment", comment.text("created_at"), zone, shape.line),
            body=cleaner.text("comments", comment.text("body")),
        )
        for comment in shape.shapes("comments", "a comment")
    ]
    return tuple(sorted(found, key=lambda comment: comment.at))


def _changes(shape: Shape, zone: tzinfo) -> tuple[SourceChange, ...]:
    found: list[SourceChange] = []
    for change in shape.shapes("changes", "a change"):
        name = change.text("field")
        field = next((known for known in FIELDS if known == name), None)
        if field is None:
            raise ImportProblem(
                f"a change of {name[:40]!r}: history is kept of {', '.join(FIELDS)}", shape.line
            )
        found.append(
            SourceChange(
                at=instant("at of a change", change.text("at"), zone, shape.line),
                by=_word(change.name_or_none("by")),
                field=field,
                old=_side(change, "from", field),
                new=_side(change, "to", field),
            )
        )
    return tuple(sorted(found, key=lambda change: change.at))
