"""The import itself: a whole file read and checked first, then stored a batch a transaction.

A batch holds the project's row, as the next number does, so that two imports of one file take turns
and the second finds what the first has stored. A run that was broken off leaves whole batches; the
next run goes on from there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from issue_insight.auth.principal import system
from issue_insight.errors import NotFound
from plugins.issues import policy
from plugins.issues.importing import convert, remembered, storing, updating
from plugins.issues.importing.history import History
from plugins.issues.importing.mapping import Words
from plugins.issues.importing.people import People
from plugins.issues.importing.records import ImportProblem, Source
from plugins.issues.importing.report import Report
from plugins.issues.models import ImportedRow, Issue, Project
from plugins.issues.services import create_project

BATCH = 500
"""Rows to a transaction: enough to be quick, few enough that others wait no second."""

UnitOfWork = Callable[[], AbstractContextManager[Session]]


class Progress(Protocol):
    """Whoever watches: told of each step, how much of it there is, and of every row done."""

    def begin(self, step: str, total: int | None) -> None:
        """Another step begins."""

    def advance(self, rows: int) -> None:
        """So many rows more are done."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: the project's key; its name, where the project may be made."""

    key: str
    name: str | None = None


def run(
    unit_of_work: UnitOfWork,
    source: Source,
    words: Words,
    target: Target,
    progress: Progress,
    *,
    dry: bool = False,
) -> Report:
    """Import what `source` holds; with `dry`, find out what that would do and write nothing.

    Raises `NotFound` where there is no such project and none is to be made, and `Unreadable` for a
    file that is broken further on or a mapping that names nobody: both before anything is stored.
    """
    report = Report(source=source.name, skipped=source.skipped)
    histories = _converted(source, words, report, progress)
    people = People(source.issuer, words.users)
    with unit_of_work() as session:
        project = _project(session, target)
        logins = {login for history in histories for login in history.people()}
        report.people = len(people.find(session, logins))
        if dry:
            _foresee(session, project, source.name, histories, report)
            return report
        project_id = (project or _made(session, target)).id
    progress.begin("storing", len(histories))
    batches = _Batches(project_id, source.name, people, report)
    # Numbers are kept where they are free, so those who bring one go first; the others follow in
    # the order of their creation.
    for batch in _batched([h for h in histories if h.number is not None]):
        with unit_of_work() as session:
            progress.advance(batches.store(session, batch, keep_numbers=True))
    others = [h for h in histories if h.number is None] + batches.without_place
    for batch in _batched(sorted(others, key=lambda history: history.created_at)):
        with unit_of_work() as session:
            progress.advance(batches.store(session, batch, keep_numbers=False))
    return report


def _batched(histories: Sequence[History]) -> Iterator[Sequence[History]]:
    for start in range(0, len(histories), BATCH):
        yield histories[start : start + BATCH]


def _converted(source: Source, words: Words, report: Report, progress: Progress) -> list[History]:
    progress.begin("reading", source.total)
    histories: list[History] = []
    lines: dict[str, int] = {}
    for row in source.rows:
        report.rows += 1
        progress.advance(1)
        if isinstance(row, ImportProblem):
            report.problems.append(row)
            continue
        try:
            history = convert.history(row, words)
            if (line := lines.get(history.external_id)) is not None:
                raise ImportProblem(f"it has the same id as the row on line {line}", row.line)
        except ImportProblem as problem:
            report.problems.append(problem)
            continue
        lines[history.external_id] = row.line
        histories.append(history)
    for history in histories:
        for note in history.notes:
            report.note(note, history.line)
    return histories


def _project(session: Session, target: Target) -> Project | None:
    project = session.scalar(select(Project).where(Project.key == target.key))
    if project is not None and project.deleted_at is not None:
        raise NotFound(f"The project {target.key} is deleted.")
    if project is None and target.name is None:
        raise NotFound(f"There is no project {target.key}; --create-project makes it.")
    return project


def _made(session: Session, target: Target) -> Project:
    principal = system("import", frozenset({policy.MANAGE_PROJECTS.name}))
    return create_project(
        session, principal, key=target.key, name=target.name or target.key, visibility="own"
    )


def _foresee(
    session: Session,
    project: Project | None,
    source: str,
    histories: Sequence[History],
    report: Report,
) -> None:
    for batch in _batched(histories):
        known = _known(session, project.id, source, batch) if project else {}
        for history in batch:
            row = known.get(history.external_id)
            if row is None:
                report.made += 1
                report.comments += len(history.comments)
            elif row.digest == remembered.digest(history):
                report.same += 1
            else:
                report.changed += 1


def _known(
    session: Session, project_id: int, source: str, histories: Iterable[History]
) -> Mapping[str, ImportedRow]:
    rows = session.scalars(
        select(ImportedRow).where(
            ImportedRow.project_id == project_id,
            ImportedRow.source == source,
            ImportedRow.external_id.in_([history.external_id for history in histories]),
        )
    )
    return {row.external_id: row for row in rows}


class _Batches:
    """Stores batches of one source in one project."""

    def __init__(self, project_id: int, source: str, people: People, report: Report) -> None:
        self._project_id = project_id
        self._source = source
        self._people = people
        self._report = report
        self.without_place: list[History] = []
        """Rows whose number is somebody else's."""

    def store(self, session: Session, batch: Sequence[History], *, keep_numbers: bool) -> int:
        """Store or update the rows; return how many are done."""
        # Comments and labels refer to the project meanwhile: only its number is held.
        project = session.scalars(
            select(Project)
            .where(Project.id == self._project_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).one()
        known = _known(session, project.id, self._source, batch)
        self._update(session, [(known[h.external_id], h) for h in batch if h.external_id in known])
        new = [history for history in batch if history.external_id not in known]
        numbered = self._numbered(session, project, new, keep_numbers=keep_numbers)
        if numbered:
            histories = [history for _, history in numbered]
            storing.store(
                session, project.id, self._source, numbered, self._ids(session, histories)
            )
            project.next_number = max(
                project.next_number, 1 + max(number for number, _ in numbered)
            )
            self._report.made += len(numbered)
            self._report.comments += sum(len(history.comments) for history in histories)
        return len(batch) - len(new) + len(numbered)

    def _numbered(
        self, session: Session, project: Project, new: Sequence[History], *, keep_numbers: bool
    ) -> list[tuple[int, History]]:
        if not keep_numbers:
            return list(enumerate(new, project.next_number))
        taken = set(
            session.scalars(
                select(Issue.number).where(
                    Issue.project_id == project.id,
                    Issue.number.in_([history.number for history in new]),
                )
            )
        )
        numbered: list[tuple[int, History]] = []
        for history in new:
            if history.number is None or history.number in taken:
                self._report.note(f"number {history.number} is taken: another one", history.line)
                self.without_place.append(history)
                continue
            taken.add(history.number)
            numbered.append((history.number, history))
        return numbered

    def _update(self, session: Session, rows: Sequence[tuple[ImportedRow, History]]) -> None:
        for row, history in rows:
            if row.digest == remembered.digest(history):
                self._report.same += 1
                continue
            before = row.said["assignee"]
            ids = self._ids(session, [history], [before] if before else [])
            updated = updating.update(session, row, history, ids)
            self._report.changed += updated.changed
            self._report.same += not updated.changed
            self._report.comments += updated.comments
            for note in updated.notes:
                self._report.note(note, history.line)

    def _ids(
        self, session: Session, histories: Sequence[History], more: Sequence[str] = ()
    ) -> Mapping[str, int]:
        logins = {login for history in histories for login in history.people()}
        if any(history.someone_unnamed for history in histories):
            logins.add(storing.UNKNOWN)
        return self._people.ids(session, {*logins, *more})
