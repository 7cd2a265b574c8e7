"""Opening a file in one of the formats."""

from enum import StrEnum
from pathlib import Path

from plugins.issues.importing import github_archive, jira_csv, table
from plugins.issues.importing.mapping import Words
from plugins.issues.importing.records import Source


class Format(StrEnum):
    """What kinds of files are read."""

    GITHUB_ARCHIVE = "github-archive"
    JIRA_CSV = "jira-csv"
    CSV = "csv"
    JSONL = "jsonl"


def open_source(path: Path, kind: Format, words: Words, *, include_pulls: bool = False) -> Source:
    """Open the file; raise `Unreadable` for one that is not of that kind."""
    match kind:
        case Format.GITHUB_ARCHIVE:
            return github_archive.read(path, include_pulls=include_pulls)
        case Format.JIRA_CSV:
            return jira_csv.read(path, words.zone)
        case Format.CSV:
            return table.read_csv(path, words.zone, words.columns)
        case Format.JSONL:
            return table.read_jsonl(path, words.zone, words.columns)
