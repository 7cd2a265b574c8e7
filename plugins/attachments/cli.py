"""`flask attachments`: files of issues, from the command line."""

import click
from flask import current_app
from flask.cli import AppGroup

from issue_insight.db import unit_of_work
from plugins.attachments import sweeping

attachments = AppGroup("attachments", help="Keep database and S3 of one mind about files.")


@attachments.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def sweep(dry_run: bool) -> None:
    """Clear what broken uploads and removals have left, and note objects that are missing."""
    storage = current_app.extensions["issue_insight"].storage
    with unit_of_work() as session:
        click.echo(f"{sweeping.sweep(session, storage, dry_run=dry_run)}.")
