"""`flask audit`: the audit log as a file."""

from datetime import UTC, datetime
from typing import IO

import click
from flask.cli import AppGroup

from issue_insight.auth.principal import system
from issue_insight.db import transactions, unit_of_work
from issue_insight.exporting import FileFormat
from plugins.audit import queries, services
from plugins.audit.fields import Kind

audit = AppGroup("audit", help="Who did what when.")

_INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@audit.command("export")
@click.option("--actor", type=click.IntRange(1, 10**18 - 1), help="The id of who did it.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="What about.")
@click.option("--from", "since", type=_INSTANT, help="Recorded then or later (UTC).")
@click.option("--to", "until", type=_INSTANT, help="Recorded before that (UTC).")
@click.option(
    "--format", "written", type=click.Choice([f.value for f in FileFormat]), default="csv"
)
@click.argument("file", type=click.File("wb"), default="-")
def export(
    actor: int | None,
    kind: str | None,
    since: datetime | None,
    until: datetime | None,
    written: str,
    file: IO[bytes],
) -> None:
    """Write what happened to FILE (standard output, if not said), oldest first."""
    wanted = queries.Wanted(actor, Kind(kind) if kind else None, _in_utc(since), _in_utc(until))
    with unit_of_work() as session:
        services.note_export(session, system(), wanted, FileFormat(written))
    for part in services.export(transactions(), wanted, FileFormat(written)):
        file.write(part)


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)
