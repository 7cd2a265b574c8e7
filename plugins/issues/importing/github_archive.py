"""Reading archives of a GitHub repository: one JSON object with `issues` and `pulls`.

The names of the fields are those of GitHub's GraphQL API (`createdAt`, `closedAt`, `state`). Such
an archive tells when an issue was made, closed and commented on, and which labels it has at the
end; it does not tell when labels were given or whether it was once reopened.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.issues.importing.instants import instant
from plugins.issues.importing.json_walk import members
from plugins.issues.importing.reading import Cleaner, read_text
from plugins.issues.importing.records import (
    ImportProblem,
    Parsed,
    Source,
    SourceComment,
    SourceIssue,
    Unreadable,
)
from plugins.issues.importing.shape import Shape

ISSUER = "import:github"
PULLS = "pull requests"


def read(path: Path, *, include_pulls: bool = False) -> Source:
    """Open an archive. Pull requests are skipped and counted, unless `include_pulls`.

    Raises `Unreadable` for a file that is no such archive. The archive is walked through once
    before anything is handed out, so broken JSON at its end is found before a row is stored.
    """
    rows: list[tuple[str, int, Any]] = []
    repository: str | None = None
    seen: set[str] = set()
    skipped: dict[str, int] = {}
    text = read_text(path)
    if not text.lstrip().startswith("{"):
        raise Unreadable("this is no GitHub archive: it does not begin with '{'", 1)
    for name, line, value in members(text, frozenset({"issues", "pulls"})):
        seen.add(name)
        if name == "repo" and isinstance(value, str):
            repository = value
        elif name == "issues" or (name == "pulls" and include_pulls):
            rows.append((name, line, value))
        elif name == "pulls":
            skipped[PULLS] = skipped.get(PULLS, 0) + 1
    if not seen & {"issues", "pulls"} and repository is None:
        raise Unreadable("this is no GitHub archive: it has neither 'issues' nor 'pulls'", 1)
    if include_pulls:
        # Issues and pull requests share their numbers; in order, the numbers stay what they were.
        rows.sort(key=_number)
    return Source(
        name=f"github:{repository}" if repository else "github",
        issuer=ISSUER,
        rows=_rows(rows),
        total=len(rows),
        skipped=skipped,
    )


def _number(row: tuple[str, int, Any]) -> int:
    value = row[2].get("number") if isinstance(row[2], dict) else None
    return value if isinstance(value, int) else 0


def _rows(rows: list[tuple[str, int, Any]]) -> Iterator[Parsed]:
    for name, line, value in rows:
        try:
            yield _issue(value, line, pull=name == "pulls")
        except ImportProblem as problem:
            yield problem


def _issue(value: Any, line: int, *, pull: bool) -> SourceIssue:
    what = "the pull request" if pull else "the issue"
    shape = Shape(value, what, line)
    number = shape.number_or_none("number")
    if number is None:
        raise ImportProblem(f"{what} has no number", line)
    cleaner = Cleaner()
    state = shape.text("state").strip().lower()
    closed = shape.text_or_none("closedAt")
    reason = (shape.text_or_none("stateReason") or "").strip().lower()
    if reason == "reopened":
        # It says that the issue was closed once, not when.
        reason = ""
    comments = [_comment(comment, cleaner) for comment in shape.shapes("comments", "a comment")]
    if pull:
        for review in shape.shapes("reviews", "a review"):
            comments += _review(review, cleaner)
    comments.sort(key=lambda comment: comment.at)
    return SourceIssue(
        line=line,
        external_id=str(number),
        number=number,
        title=cleaner.line("title", shape.text("title")),
        description=cleaner.text("description", shape.text_or_none("body") or ""),
        status=state,
        severity=None,
        # A merged pull request did what it was for.
        resolution=reason or ("merged" if state == "merged" else None),
        reporter=shape.name_or_none("author"),
        # An issue has one assignee here; GitHub lists them in the order they were added.
        assignee=next(iter(shape.called("assignees")), None),
        labels=shape.called("labels"),
        created_at=_instant(shape, "createdAt"),
        updated_at=_instant(shape, "updatedAt") if shape.has("updatedAt") else None,
        closed_at=instant("closedAt", closed, UTC, line) if closed else None,
        comments=tuple(comments),
        notes=cleaner.notes,
    )


def _comment(shape: Shape, cleaner: Cleaner) -> SourceComment:
    return SourceComment(
        author=shape.name_or_none("author"),
        at=_instant(shape, "createdAt"),
        body=cleaner.text("comments", shape.text_or_none("body") or ""),
    )


def _review(shape: Shape, cleaner: Cleaner) -> list[SourceComment]:
    """Return a review's own words and its remarks on lines, which carry no author of their own."""
    author = shape.name_or_none("author")
    remarks = [_comment(shape, cleaner)]
    for part in shape.shapes("comments", "a remark of a review"):
        remark = _comment(part, cleaner)
        remarks.append(SourceComment(remark.author or author, remark.at, remark.body))
    return [remark for remark in remarks if remark.body.strip()]


def _instant(shape: Shape, name: str) -> datetime:
    return instant(name, shape.text(name), UTC, shape.line)
