"""What a parser reads from a file: issues with their history, still in the file's own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from issue_insight.errors import DomainError

Field = Literal["status", "severity", "resolution", "assignee", "labels"]
"""What a history can tell of."""

FIELDS: tuple[Field, ...] = ("status", "severity", "resolution", "assignee", "labels")

Value = str | tuple[str, ...] | None
"""A word, the labels, or nothing."""


class ImportProblem(DomainError):
    """Something that cannot be imported: one row, or (as `Unreadable`) the whole file.

    `line` is the line of the file, counted from 1, at which the row begins.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class Unreadable(ImportProblem):
    """The file cannot be read any further: wrong format, wrong encoding, broken off."""


@dataclass(frozen=True, slots=True)
class SourceComment:
    """A comment; `author` is the name the other tracker knows the person by."""

    author: str | None
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class SourceChange:
    """One change of one field, as far as the file tells of it."""

    at: datetime
    by: str | None
    field: Field
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class SourceIssue:
    """An issue as it stands at the end of the file's history, and what is known of the way there.

    `external_id` is unique within the source; `number` is the original number, if it had one.
    `status`, `severity`, `resolution` and `labels` are the file's words. Instants are aware.
    """

    line: int
    external_id: str
    number: int | None
    title: str
    description: str
    status: str
    severity: str | None
    resolution: str | None
    reporter: str | None
    assignee: str | None
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime | None
    closed_at: datetime | None
    due_on: date | None = None
    comments: tuple[SourceComment, ...] = ()
    changes: tuple[SourceChange, ...] = ()
    notes: tuple[str, ...] = ()


Parsed = SourceIssue | ImportProblem
"""A row, or why it is none."""


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: its rows in order, and what they are called.

    `name` tells sources within a project apart (`github:owner/name`); `issuer` is the issuer of
    the placeholder identities of its people; `total` is how many rows there are to read, if that
    is known beforehand; `skipped` says what was left out on purpose, and how often.
    """

    name: str
    issuer: str
    rows: Iterator[Parsed]
    total: int | None
    skipped: dict[str, int]
