"""`flask issues`: lists issues, imports them, fills a demo project."""

import sys
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import click
from flask import current_app
from flask.cli import AppGroup
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from issue_insight.auth.principal import system
from issue_insight.db import transactions, unit_of_work
from issue_insight.errors import DomainError
from issue_insight.exporting import FileFormat
from issue_insight.http.paging import cursors
from plugins.issues import demo, exporting, policy, queries
from plugins.issues.fields import ProjectKey
from plugins.issues.importing import importer, mapping
from plugins.issues.importing.opening import Format, open_source
from plugins.issues.relations import parse_as_of
from plugins.issues.selection import select_issues

ROWS_LEFT_OUT = 3
"""The exit code of an import that took the file, but not every row."""

issues = AppGroup("issues", help="List and import issues.")


@issues.command("list")
@click.argument("q", default="")
@click.option("--as-of", help="Show the state at this instant, or at the end of this day.")
@click.option("--limit", default=50, type=click.IntRange(1, 200), show_default=True)
def list_command(q: str, as_of: str | None, limit: int) -> None:
    """List the issues that the filter Q selects, as an admin sees them."""
    zone = current_app.extensions["issue_insight"].settings.zone
    everything = system(permissions=frozenset(p.name for p in policy.PERMISSIONS))
    try:
        with unit_of_work() as session:
            selection = select_issues(session, everything, q, parse_as_of(as_of, zone), zone)
            page = queries.list_issues(
                session, selection, limit=limit, cursor=None, signer=cursors(), context="cli"
            )
    except DomainError as error:
        raise click.ClickException(error.message) from error
    for item in page["items"]:
        click.echo(
            f"{item['key']:<12} {item['status']:<12} {item['severity'] or '-':<9} {item['title']}"
        )
    about = "about " if page["total_is_estimate"] else ""
    click.echo(f"{len(page['items'])} of {about}{page['total']}")


@issues.command("export")
@click.option("--q", default="", help="A filter (docs/filters.md); all issues if not given.")
@click.option("--as-of", help="The state at this instant, or at the end of this day.")
@click.option(
    "--format",
    "kind",
    default=FileFormat.CSV.value,
    type=click.Choice([f.value for f in FileFormat]),
    show_default=True,
)
@click.option("-o", "--output", default="-", type=click.File("wb", lazy=True), metavar="FILE")
def export_command(q: str, as_of: str | None, kind: str, output: BinaryIO) -> None:
    """Write all the issues of a filter, as an admin sees them, with their descriptions."""
    zone = current_app.extensions["issue_insight"].settings.zone
    everything = system(permissions=frozenset(p.name for p in policy.PERMISSIONS))
    try:
        with unit_of_work() as session:
            selection = select_issues(session, everything, q, parse_as_of(as_of, zone), zone)
        parts = exporting.export(transactions(), selection, FileFormat(kind))
    except DomainError as error:
        raise click.ClickException(error.message) from error
    for part in parts:
        output.write(part)


def _key(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        return str(TypeAdapter(ProjectKey).validate_python(value))
    except ValidationError as error:
        raise click.BadParameter("a key is 2 to 10 letters and digits, as in WEB") from error


@issues.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "kind", required=True, type=click.Choice([f.value for f in Format]))
@click.option("--project", required=True, callback=_key, metavar="KEY", help="Where to.")
@click.option("--create-project", is_flag=True, help="Make the project if it is not there yet.")
@click.option("--project-name", help="The name of a project that is made; its key otherwise.")
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What words of the file stand for, and who is who (docs/import.md).",
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--include-pulls", is_flag=True, help="GitHub: take pull requests too.")
def import_command(
    file: Path,
    kind: str,
    project: str,
    create_project: bool,
    project_name: str | None,
    mapping_file: Path | None,
    dry_run: bool,
    include_pulls: bool,
) -> None:
    """Import the issues of FILE with their history; again, and only what differs changes.

    Exits with 0 when every row is in, 3 when rows were left out, 1 when the whole file was refused.
    """
    target = importer.Target(project, (project_name or project) if create_project else None)
    try:
        words = mapping.load(mapping_file) if mapping_file else mapping.Words()
        source = open_source(file, Format(kind), words, include_pulls=include_pulls)
        with _Bar() as bar:
            report = importer.run(unit_of_work, source, words, target, bar, dry=dry_run)
    except DomainError as error:
        message = error.message.rstrip(".")
        raise click.ClickException(f"{message}. Nothing was stored.") from error
    for problem in report.problems:
        click.echo(problem.message, err=True)
    for line in report.lines(dry=dry_run):
        click.echo(line)
    sys.exit(ROWS_LEFT_OUT if report.problems else 0)


class _Bar:
    """A bar for each step of an import, on a terminal; elsewhere nothing."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._step: TaskID | None = None

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, step: str, total: int | None) -> None:
        """Show another bar."""
        self._step = self._progress.add_task(step, total=total)

    def advance(self, rows: int) -> None:
        """Move the newest bar on."""
        if self._step is not None:
            self._progress.advance(self._step, rows)


@issues.command("demo")
def demo_command() -> None:
    """Fill a small demo project; once there, it is left alone."""
    with unit_of_work() as session:
        made = demo.fill(session)
    click.echo(
        f"The project {demo.KEY} has {made} issues." if made else f"{demo.KEY} is there already."
    )
