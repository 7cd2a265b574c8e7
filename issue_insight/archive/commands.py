"""`flask archive`, `backup` and `restore`: an instance to files, and into an empty one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from issue_insight import clock
from issue_insight.archive import backup, reading, writing
from issue_insight.db import db
from issue_insight.errors import DomainError
from issue_insight.plugin import migrate

archive = AppGroup("archive", help="Write everything to one file, and read it again.")


@archive.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_command(file: Path) -> None:
    """Write everything that is in this instance to FILE, which is not there yet."""
    running = current_app.extensions["issue_insight"]
    with _refusals("Nothing was written."), _Bars() as bars:
        if not file.absolute().parent.is_dir():
            raise click.ClickException(f"There is no folder {file.parent}.")
        written = writing.write(
            file, db.engine, running.storage, _revisions(), lambda what, done: bars.at(what, done)
        )
    click.echo(f"{file}: {written.rows} rows and {written.objects} files.")
    _left_out(written.missing, written.unknown)


@archive.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Store everything that is in FILE in this instance, which must be empty."""
    running = current_app.extensions["issue_insight"]
    with _refusals("Nothing was stored."), _Bars() as bars:
        manifest = reading.read(file, db.engine, running.storage, _revisions(), bars.at)
    rows = sum(member.rows for member in manifest.tables.values())
    click.echo(f"{file}: {rows} rows and {manifest.objects.rows} files are in.")


@click.command("backup")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Remove all but the newest so many.")
@with_appcontext
def backup_command(directory: Path, keep: int | None) -> None:
    """Add a backup of everything, database and files, to the folder DIRECTORY."""
    running = current_app.extensions["issue_insight"]
    with _refusals("The backups before it are as they were."), _Bars() as bars:
        made = backup.back_up(
            directory,
            db.engine,
            running.storage,
            _revisions(),
            lambda what, done: bars.at(what, done),
            at=clock.now(),
            keep=keep,
        )
    click.echo(
        f"{made.file}: {made.rows} rows and {made.objects} files, {made.copied} of them new."
    )
    if made.forgotten:
        click.echo(f"{made.forgotten} older backups were removed.")
    _left_out(made.missing, made.unknown)


@click.command("restore")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--backup", "name", help="Another than the newest, as 2026-11-25T020000Z.")
@with_appcontext
def restore_command(directory: Path, name: str | None) -> None:
    """Store a backup of the folder DIRECTORY in this instance, which must be empty."""
    running = current_app.extensions["issue_insight"]
    with _refusals("Nothing was stored."), _Bars() as bars:
        chosen, manifest = backup.restore(
            directory, db.engine, running.storage, _revisions(), bars.at, name=name
        )
    rows = sum(member.rows for member in manifest.tables.values())
    click.echo(f"{chosen}: {rows} rows and {manifest.objects.rows} files are in.")


def _left_out(missing: int, unknown: list[str]) -> None:
    """Say on standard error what could not go along."""
    if missing:
        click.echo(
            f"{missing} files are named, but not in the bucket (removed, or lost).", err=True
        )
    for table in unknown:
        click.echo(f"Left out is {table}: no plugin that is loaded knows it.", err=True)


def _revisions() -> dict[str, list[str]]:
    """Return the revisions that this instance is at; all of them have to be the newest."""
    plugins = current_app.extensions["issue_insight"].plugins
    if migrate.pending(current_app, plugins):
        raise click.ClickException("The database is not up to date. Run `flask upgrade` first.")
    return migrate.revisions(current_app, plugins)


@contextmanager
def _refusals(outcome: str) -> Iterator[None]:
    """Say in one line what was refused."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(f"{error.message.rstrip('.')}. {outcome}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(
            f"{error.filename or 'The file'}: {reason}. {outcome}"
        ) from error


class _Bars:
    """A line for each thing that is under way, on a terminal; elsewhere nothing."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<24}"),
            MofNCompleteColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """Show how far something is."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done)
