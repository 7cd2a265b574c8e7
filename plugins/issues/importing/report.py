"""What an import did, or a dry run would do, for the person who asked for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from plugins.issues.importing.records import ImportProblem

NOTES_SHOWN = 20
"""Of notes that say the same, one is shown; of kinds of notes, no more than these."""


@dataclass
class Report:
    """Counts of issues and what there is to say about rows."""

    source: str = ""
    rows: int = 0
    made: int = 0
    changed: int = 0
    same: int = 0
    comments: int = 0
    people: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    problems: list[ImportProblem] = field(default_factory=list)
    notes: dict[str, list[int]] = field(default_factory=dict)

    def note(self, text: str, line: int) -> None:
        """Remember something that is good to know of the row on `line`."""
        self.notes.setdefault(text, []).append(line)

    def lines(self, *, dry: bool) -> Iterator[str]:
        """Yield the report, problems aside."""
        would = "would be " if dry else ""
        yield f"{self.rows} rows of {self.source}"
        yield (
            f"  issues    {self.made} {would}made, {self.changed} {would}changed, "
            f"{self.same} as they were, {len(self.problems)} left out"
        )
        yield f"  comments  {self.comments} {would}added"
        yield f"  people    {self.people} {'unknown here so far' if dry else 'new'}"
        for what, count in self.skipped.items():
            yield f"  skipped   {what}: {count}"
        for text, lines in list(self.notes.items())[:NOTES_SHOWN]:
            if len(lines) == 1:
                yield f"  note      line {lines[0]}: {text}"
            else:
                yield f"  note      {len(lines)} rows, the first on line {lines[0]}: {text}"
        if (more := len(self.notes) - NOTES_SHOWN) > 0:
            yield f"  note      {more} more kinds of notes"
